"""Every family of the world's things, and the nouns that name them."""

from __future__ import annotations

from deepsight_ros.synthesis.rooms_layouts import FURNISHINGS
from deepsight_ros.synthesis.shapes import Family
from deepsight_ros.synthesis.world_goods import SMALL_THINGS
from deepsight_ros.synthesis.world_poses import LEANING, LYING

FAMILIES: tuple[Family, ...] = (*FURNISHINGS, *SMALL_THINGS, *LYING, *LEANING)
"""Shape families of rooms, tabletops and crowded scenes."""


def nouns() -> tuple[str, ...]:
    """Labels of all families, sorted."""
    return tuple(sorted({family.label for family in FAMILIES}))
