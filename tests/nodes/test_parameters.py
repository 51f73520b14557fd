"""Parameters: declared from dataclasses, validated on set with the reason, docs from code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pytest

pytest.importorskip("rclpy")

from rclpy.parameter import Parameter

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.nodes import settings as all_settings
from deepsight_ros.nodes.parameters import ParameterSet, build, setting, specs
from tests.support.ros import RosHarness

NODE_SETTINGS = [
    all_settings.PerceptionSettings,
    all_settings.QuerySettings,
    all_settings.QueryAloneSettings,
    all_settings.RewardSettings,
    all_settings.RewardAloneSettings,
    all_settings.SimCameraSettings,
    all_settings.FramePlayerSettings,
]


@dataclass(frozen=True)
class Inner:
    """Nested."""

    gain: float = setting(1.0, 0.0, 2.0)
    """How much."""


@dataclass(frozen=True)
class Example:
    """One of each type."""

    length_m: float = setting(1.0, 0.0, 3.0)
    """A length."""
    count: int = setting(2, 1, 5)
    """A number."""
    mode: str = setting("a", choices=("a", "b"), live=False)
    """A choice,
    on two lines."""
    flag: bool = False
    """A flag."""
    names: tuple[str, ...] = ()
    """Names."""
    inner: Inner = Inner()

    def __post_init__(self) -> None:
        if self.flag and self.count < 2:
            raise InvalidValueError("flag: needs a count of 2 or more")


class Declared:
    """A node with the parameters of Example."""

    def __init__(self, ros: RosHarness) -> None:
        self.node = ros.node
        self.is_active = False
        self.parameters = ParameterSet(ros.node, Example, lambda: self.is_active)

    def set(self, **values: Any) -> tuple[bool, str]:
        changes = [Parameter(name.replace("__", "."), value=v) for name, v in values.items()]
        result = self.node.set_parameters_atomically(changes)
        return result.successful, result.reason


@pytest.fixture
def declared(ros: RosHarness) -> Iterator[Declared]:
    yield Declared(ros)


def test_defaults_are_those_of_the_dataclass(declared: Declared) -> None:
    assert declared.parameters.value == Example()


def test_a_whole_number_is_taken_for_a_double(declared: Declared) -> None:
    assert declared.set(length_m=2) == (True, "")
    value = declared.parameters.value.length_m
    assert value == 2.0
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"length_m": 3.5}, "length_m"),
        ({"length_m": float("nan")}, "length_m"),
        ({"length_m": "far"}, "expected double"),
        ({"count": 0}, "count"),
        ({"count": True}, "expected integer"),
        ({"count": 1.5}, "expected integer"),
        ({"mode": "c"}, "expected one of: a, b"),
        ({"flag": 1}, "expected bool"),
        ({"names": "one"}, "expected a string list"),
        ({"inner__gain": 9.0}, "inner.gain"),
        ({"flag": True, "count": 1}, "needs a count of 2"),
    ],
)
def test_a_bad_value_is_refused_and_says_why(
    declared: Declared, change: dict[str, Any], reason: str
) -> None:
    good, why = declared.set(**change)
    assert not good
    assert reason in why
    assert declared.parameters.value == Example()


def test_nested_and_list_parameters_are_set(declared: Declared) -> None:
    assert declared.set(inner__gain=1.5, names=["x", "y"])[0]
    assert declared.parameters.value.inner.gain == 1.5
    assert declared.parameters.value.names == ("x", "y")


def test_what_takes_effect_on_configure_is_refused_while_active(declared: Declared) -> None:
    declared.is_active = True
    good, why = declared.set(mode="b")
    assert not good
    assert "configure" in why
    assert declared.set(mode="a")[0]  # no change
    declared.is_active = False
    assert declared.set(mode="b")[0]


def test_descriptors_carry_description_range_and_unit(declared: Declared) -> None:
    descriptor = declared.node.describe_parameter("length_m")
    assert descriptor.description == "A length."
    assert descriptor.floating_point_range[0].to_value == 3.0
    assert descriptor.additional_constraints == "0 .. 3; m"
    mode = declared.node.describe_parameter("mode")
    assert mode.description == "A choice, on two lines."
    assert "a, b" in mode.additional_constraints


@pytest.mark.parametrize("cls", NODE_SETTINGS)
def test_every_parameter_is_described_and_its_default_valid(cls: type) -> None:
    found = list(specs(cls))
    assert found
    for spec in found:
        assert spec.description.endswith((".", "?")), f"{cls.__name__}.{spec.name}"
        assert spec.check(spec.default) == spec.default
        assert spec.type_name
    assert build(cls, {}) == cls()


@pytest.mark.parametrize("cls", NODE_SETTINGS)
def test_numbers_carry_their_unit_or_are_plain(cls: type) -> None:
    plain = {
        "rate", "seed", "neighbours", "max_distances", "max_question_chars", "max_regions",
        "max_pending", "reason_max_steps", "sensor_linear", "model_threads", "model_max_pending",
        "model_min_confidence", "segmenter_threads",
    }  # fmt: skip
    for spec in specs(cls):
        if spec.kind in (int, float) and "." not in spec.name:
            assert spec.unit or spec.name in plain, spec.name


def test_settings_are_frozen() -> None:
    for cls in NODE_SETTINGS:
        assert all(not f.init or cls.__dataclass_params__.frozen for f in fields(cls))
