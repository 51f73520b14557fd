"""Small scenes for question tests: exact solids, with and without names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.scene.scene_file import load_scene

CAMERA = {
    "height_m": 0.5, "pitch_deg": 35, "width_px": 640, "height_px": 480,
    "fx": 600, "fy": 600, "cx": 319.5, "cy": 239.5,
}  # fmt: skip


def thing(
    name: str, label: str, colour: str, size: tuple[float, float, float],
    place: tuple[float, float, float], shape: str = "box", yaw_deg: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": name, "label": label, "colour": colour, "shape": shape, "size_m": list(size),
        "position_m": list(place), "yaw_deg": yaw_deg,
    }  # fmt: skip


def scene_of(*things: dict[str, Any], support: str = "table") -> Scene:
    return load_scene({"camera": CAMERA, "support": support, "objects": list(things)})


def table() -> Scene:
    """Two mugs, a tall box, a tray with a can on it, a gripper."""
    return scene_of(
        thing("o1", "mug", "red", (0.08, 0.08, 0.10), (0.60, 0.20, 0.05), "cylinder"),
        thing("o2", "mug", "blue", (0.09, 0.09, 0.12), (0.70, -0.20, 0.06), "cylinder"),
        thing("o3", "cereal box", "yellow", (0.06, 0.18, 0.28), (0.95, 0.10, 0.14)),
        thing("o4", "tuna can", "silver", (0.08, 0.08, 0.04), (0.65, -0.55, 0.04), "cylinder"),
        thing("o5", "tray", "white", (0.30, 0.40, 0.02), (0.65, -0.55, 0.01)),
        thing("o6", "apple", "green", (0.07, 0.07, 0.07), (0.50, 0.0, 0.035), "sphere"),
        thing("o7", "gripper", "black", (0.10, 0.08, 0.06), (0.20, 0.0, 0.10)),
    )


def nameless() -> Scene:
    """What perception without a detector gives: colours and places, no nouns; one region."""
    named = table()
    objects = []
    for item in named.objects:
        if item.id == "o6":
            objects.append(replace(item, id="region0", label="", is_region=True))
        else:
            objects.append(item if item.is_gripper else replace(item, label=""))
    return replace(named, objects=tuple(objects))


def without_up(scene: Scene) -> Scene:
    return replace(scene, up=UpSource.UNKNOWN, support=None)
