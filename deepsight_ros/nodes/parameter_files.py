"""ROS parameter files: which values a file gives a node, and files that hold for exactly one.

Resolved here rather than by rcl, because rclpy knows only ``/**`` and fully qualified names: a
block named ``perception`` would stop to hold as soon as the node gets a namespace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deepsight_ros.errors import InvalidValueError

Parameters = dict[str, Any]
"""Parameter names, joined by dots, to values."""


def load(path: Path) -> dict[str, Any]:
    """Parsed file; InvalidValueError says what is wrong with it."""
    try:
        content = yaml.safe_load(path.expanduser().read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise InvalidValueError(f"parameter file {path}: {error}") from error
    if not isinstance(content, dict):
        raise InvalidValueError(f"parameter file {path}: got no mapping of node names")
    return content


def resolve(content: Mapping[str, Any], node: str) -> Parameters:
    """Parameters that a parsed parameter file gives a node, blocks with wildcards first.

    A name without leading slash (``perception``, ``arm/perception``) holds in any namespace.
    """
    blocks = [b for b in _blocks(content, "") if _matches(b[0], node)]
    blocks.sort(key=lambda block: "*" not in block[0])
    merged: Parameters = {}
    for _, parameters in blocks:
        merged |= flat(parameters)
    return merged


def flat(parameters: Mapping[str, Any], prefix: str = "") -> Parameters:
    """Nested mappings to dotted names."""
    found: Parameters = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def write(path: Path, nodes: Mapping[str, Parameters]) -> None:
    """A file for rcl that gives each fully qualified node exactly these parameters."""
    content = {node: {"ros__parameters": parameters} for node, parameters in nodes.items()}
    path.write_text(yaml.dump(content, Dumper=_QuotingDumper, sort_keys=True))


def _blocks(content: Mapping[str, Any], prefix: str) -> list[tuple[str, Mapping[str, Any]]]:
    found: list[tuple[str, Mapping[str, Any]]] = []
    for key, value in content.items():
        if not isinstance(value, Mapping):
            raise InvalidValueError(
                f"parameter file: got '{key}: {value}' outside ros__parameters, expected node "
                "names that hold ros__parameters"
            )
        if key == "ros__parameters":
            found.append((prefix, value))
        else:
            found += _blocks(value, f"{prefix}/{key}" if prefix else str(key))
    return found


def _matches(pattern: str, node: str) -> bool:
    parts = re.split(r"(\*\*|\*)", pattern.lstrip("/"))
    kinds = {"**": ".*", "*": "[^/]+"}
    expression = "".join(kinds.get(part) or re.escape(part) for part in parts)
    # "/**/name" also means /name: the wildcard may stand for nothing.
    expression = expression.replace(".*/", "(?:.*/)?")
    anchor = "/" if pattern.startswith("/") else "(?:/.*)?/"
    return re.fullmatch(anchor + expression, node) is not None


class _QuotingDumper(yaml.SafeDumper):
    """Quotes every string, since rcl reads words such as ``on`` and ``y`` as booleans."""


_QuotingDumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)
