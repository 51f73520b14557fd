"""Frozen dataclasses in, declared and validated ROS parameters out.

A parameter is written once, as a dataclass field: its type, default, range and choices stand in
the field, its description in the docstring under it, its unit in the name's suffix. Declaration,
validation and the table in docs/nodes.md are made from that, so they cannot drift.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import math
import textwrap
import threading
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from deepsight_ros.errors import InvalidValueError

P = TypeVar("P")

_UNITS = {
    "_m": "m",
    "_m2": "m²",
    "_s": "s",
    "_ms": "ms",
    "_ns": "ns",
    "_px": "px",
    "_px2": "px²",
    "_rad": "rad",
    "_deg": "deg",
    "_hz": "Hz",
    "_mps2": "m/s²",
}
_TYPE_NAMES = {
    bool: "bool",
    int: "integer",
    float: "double",
    str: "string",
    tuple[str, ...]: "string list",
    tuple[float, ...]: "double list",
}


def setting(
    default: Any,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: tuple[str, ...] = (),
    live: bool = True,
) -> Any:
    """A dataclass field with the limits of a parameter.

    Args:
        default: the default value.
        low, high: inclusive range of a number.
        choices: the values a string may take.
        live: False: takes effect when the node is configured, so it is refused while it is active.
    """
    limits = {"low": low, "high": high, "choices": choices, "live": live}
    return dataclasses.field(default=default, metadata=limits)


@dataclass(frozen=True)
class Spec:
    """One parameter, ready to be declared or printed.

    Attributes:
        name: full name; nested dataclasses are joined by dots.
        kind: Python type of the value.
        default: default value.
        description: the docstring under the field.
        unit: from the name's suffix; "" where it has none.
        low, high: inclusive range or None.
        choices: allowed strings; empty: any.
        live: may be set while the node is active.
    """

    name: str
    kind: Any
    default: Any
    description: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    live: bool

    @property
    def type_name(self) -> str:
        return _TYPE_NAMES[self.kind]

    @property
    def limits(self) -> str:
        """Range or choices in words; "" where any value of the type will do."""
        if self.choices:
            return ", ".join(choice or '""' for choice in self.choices)
        if self.low is None and self.high is None:
            return ""
        low = "-inf" if self.low is None else f"{self.low:g}"
        high = "inf" if self.high is None else f"{self.high:g}"
        return f"{low} .. {high}"

    def check(self, value: Any) -> Any:
        """The value as the dataclass wants it, or InvalidValueError with the reason."""
        got = f"parameter '{self.name}': got {value!r}"
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if typing.get_origin(self.kind) is tuple:
            inner = typing.get_args(self.kind)[0]
            if not isinstance(value, (list, tuple)) and not hasattr(value, "tolist"):
                raise InvalidValueError(f"{got}, expected a {self.type_name}")
            value = tuple(inner(v) for v in value)
            if inner is float and not all(math.isfinite(v) for v in value):
                raise InvalidValueError(f"{got}, expected finite numbers")
            return value
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            raise InvalidValueError(f"{got} ({type(value).__name__}), expected {self.type_name}")
        if self.choices and value not in self.choices:
            raise InvalidValueError(f"{got}, expected one of: {self.limits}")
        if self.kind is float and not math.isfinite(value):
            raise InvalidValueError(f"{got}, expected a finite number")
        if (self.low is not None and value < self.low) or (
            self.high is not None and value > self.high
        ):
            unit = f" {self.unit}" if self.unit else ""
            raise InvalidValueError(f"{got}, expected {self.limits}{unit}")
        return value

    def descriptor(self) -> ParameterDescriptor:
        """For ``ros2 param describe`` and for tools that draw sliders."""
        constraints = [part for part in (self.limits, self.unit) if part]
        if not self.live:
            constraints.append("takes effect when the node is configured")
        descriptor = ParameterDescriptor(
            name=self.name,
            description=self.description,
            additional_constraints="; ".join(constraints),
            dynamic_typing=True,  # so that "1" is accepted for a double; check() guards the type
        )
        if self.low is not None and self.high is not None:
            if self.kind is int:
                limits = IntegerRange(from_value=int(self.low), to_value=int(self.high), step=0)
                descriptor.integer_range = [limits]
            elif self.kind is float:
                span = FloatingPointRange(from_value=float(self.low), to_value=float(self.high))
                descriptor.floating_point_range = [span]
        return descriptor


def field_docs(cls: type) -> dict[str, str]:
    """Field name -> the docstring under it, base classes included."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for statement, doc in itertools.pairwise(body):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(doc, ast.Expr)
                and isinstance(doc.value, ast.Constant)
            ):
                found[statement.target.id] = " ".join(str(doc.value.value).split())
    return found


def specs(cls: type, prefix: str = "") -> Iterator[Spec]:
    """Every parameter of a dataclass; nested dataclasses become ``outer.inner``."""
    types = typing.get_type_hints(cls)
    docs = field_docs(cls)
    for field in dataclasses.fields(cls):
        name = prefix + field.name
        default = field.default
        if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if dataclasses.is_dataclass(default):
            yield from specs(type(default), name + ".")
            continue
        unit = next((u for s, u in _UNITS.items() if field.name.endswith(s)), "")
        limits = field.metadata
        yield Spec(
            name,
            types[field.name],
            default,
            docs.get(field.name, ""),
            unit,
            limits.get("low"),
            limits.get("high"),
            limits.get("choices", ()),
            limits.get("live", True),
        )


def build(cls: type[P], values: Mapping[str, Any], prefix: str = "") -> P:
    """Make the dataclass from flat parameter names; InvalidValueError names the culprit."""
    known = {spec.name: spec for spec in specs(cls, prefix)}
    made: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = prefix + field.name
        if name in known:
            if name in values:
                made[field.name] = known[name].check(values[name])
        else:
            factory = field.default_factory
            nested = field.default if factory is dataclasses.MISSING else factory()
            made[field.name] = build(type(nested), values, name + ".")
    return cls(**made)


class ParameterSet(Generic[P]):
    """The parameters of one node, declared, validated and kept up to date.

    Args:
        node: the node that declares them.
        cls: the frozen dataclass that describes them.
        is_active: whether parameters that are not live must be refused now.
    """

    def __init__(
        self, node: Node, cls: type[P], is_active: Callable[[], bool] = lambda: False
    ) -> None:
        self._cls = cls
        self._specs = {spec.name: spec for spec in specs(cls)}
        self._is_active = is_active
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}
        for spec in self._specs.values():
            default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
            declared = node.declare_parameter(spec.name, default, spec.descriptor())
            self._values[spec.name] = declared.value
        self.value: P = build(cls, self._values)
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        with self._lock:
            values = dict(self._values)
            for change in changes:
                spec = self._specs.get(change.name)
                if spec is None:
                    continue  # use_sim_time, qos_overrides: not ours
                if not spec.live and self._is_active() and change.value != values[change.name]:
                    reason = (
                        f"parameter '{change.name}': takes effect when the node is configured; "
                        "deactivate and clean up the node, set it, configure and activate again"
                    )
                    return SetParametersResult(successful=False, reason=reason)
                values[change.name] = change.value
            try:
                self.value = build(self._cls, values)
            except InvalidValueError as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._values = values
            return SetParametersResult(successful=True)
