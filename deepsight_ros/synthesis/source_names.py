"""Sample sources by name: ``world``, ``world:kitchen,office``, ``folder:/data/run1`` ...

A name, a number of images and options in; a ``SampleSource`` out. Each source is imported when it
is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.synthesis.recorded_names import RECORDED
from deepsight_ros.synthesis.samples import SampleSource

SOURCES: dict[str, str] = {
    "world": "deepsight_ros.synthesis.source_names:open_world",
    **RECORDED,
}
"""Name -> "module:function" of (argument after the colon, images or None, options) -> source."""


def open_source(name: str, images: int | None, options: Mapping[str, Any]) -> SampleSource:
    """The source a name stands for.

    Args:
        name: key of ``SOURCES``, with an argument after a colon where the source takes one.
        images: how many are wanted; sources without an end make so many.
        options: keyword arguments of the source's own, as its class lists them.

    Raises:
        InvalidValueError: no such source, or it does not take these options.
    """
    kind, _, argument = name.partition(":")
    if kind not in SOURCES:
        raise InvalidValueError(f"source '{name}': expected one of {', '.join(sorted(SOURCES))}")
    module, _, function = SOURCES[kind].partition(":")
    opener = getattr(importlib.import_module(module), function)
    try:
        source: SampleSource = opener(argument, images, dict(options))
    except TypeError as error:
        raise InvalidValueError(
            f"source '{name}': {error}; options were {dict(options)}"
        ) from error
    return source


def open_world(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """``world`` or ``world:KIND,KIND``: the procedural world."""
    from deepsight_ros.synthesis.world_source import WorldSource

    kinds = tuple(k for k in argument.split(",") if k)
    return WorldSource(1000 if images is None else images, kinds=kinds, **options)
