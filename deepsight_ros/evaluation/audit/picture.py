"""Checks of a row as a whole: masks and boxes against solids, captions against ids, up, support.

A view in; findings out. Pixels are laid into W by the stored camera and compared with the stored
solids; nothing here looks at pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from deepsight_ros.evaluation.audit import language
from deepsight_ros.evaluation.audit.bodies import Thing
from deepsight_ros.evaluation.audit.verdict import Finding, Tolerance
from deepsight_ros.evaluation.audit.view import SUPPORT_PIXEL, WALL_PIXEL, View

_LEAST_PIXELS = 25
_POINTS = 80
_ON_SOLID = 0.3
"""Share of a mask's pixels that must lie on its solid; small things are mostly mixed pixels."""
_NEAR_M, _NEAR_PER_M = 0.008, 0.012
"""Median distance of a mask's pixels to its solid that sensor noise and rounding explain."""
_LEAST_OVERLAP = 0.5


def check_picture(view: View, tolerance: Tolerance) -> list[Finding]:
    """Everything that is wrong with a row beside its pairs."""
    return [
        *_names_agree(view),
        *_masks(view),
        *_boxes(view),
        *_captions(view),
        *_up(view, tolerance),
        *_support(view),
    ]


def _names_agree(view: View) -> list[Finding]:
    """Scene, truth and the object table call every id the same."""
    out = []
    for source in (view.scene["objects"], view.fields["objects"]):
        for item in source:
            thing = view.things.get(item["id"])
            if thing is None:
                if not item.get("is_region"):
                    out.append(Finding("labels", f"{item['id']} is not in the truth"))
                continue
            for name, true in (("label", thing.label), ("colour", thing.colour)):
                if item[name] and true and item[name] != true:
                    out.append(
                        Finding("labels", f"{thing.id} is called {item[name]}, truly {true}")
                    )
    return out


def _masks(view: View) -> list[Finding]:
    """The pixels of every object lie on its solid."""
    ids = view.instance_id
    if ids is None:
        return []
    out = []
    counts = np.bincount(np.maximum(ids, 0).ravel())
    for item in view.fields["objects"]:
        number, thing = item["instance_id"], view.things.get(item["id"])
        if thing is None or number >= len(counts) or counts[number] < _LEAST_PIXELS:
            continue
        points = view.points_m(ids == number, _POINTS)
        if len(points) < _LEAST_PIXELS // 2:
            continue
        off = float(np.quantile(thing.distances_m(points), _ON_SOLID))
        away = float(np.median(np.linalg.norm(points - view.camera_m, axis=1)))
        if off > _NEAR_M + _NEAR_PER_M * away:
            out.append(
                Finding("mask", f"pixels of {thing.id} ({thing.label}) lie {off:.3f} m off it")
            )
    return out


def _boxes(view: View) -> list[Finding]:
    """The box of every object is that of its mask."""
    ids = view.instance_id
    if ids is None:
        return []
    out = []
    for item in view.fields["objects"]:
        rows, columns = np.nonzero(ids == item["instance_id"])
        if item["x1"] is None or len(rows) < _LEAST_PIXELS:
            continue
        seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        if _overlap(_box(item), tuple(int(v) for v in seen)) < _LEAST_OVERLAP:
            out.append(Finding("box", f"box of {item['id']} is not around its pixels"))
    return out


def _captions(view: View) -> list[Finding]:
    """Captions speak of the thing they are stored with, and lie on it."""
    out = []
    boxes = {o["id"]: _box(o) for o in view.fields["objects"] if o["x1"] is not None}
    said = [(o["id"], o["caption"], None) for o in view.fields["objects"] if o["caption"]]
    said += [(c["object_id"], c["text"], _box(c)) for c in view.fields["captions"] or ()]
    bare = {i: _without_caption(t) for i, t in view.things.items()}
    whole = (0, 0, view.camera.width_px, view.camera.height_px)
    for object_id, text, box in said:
        if not object_id:
            continue
        if object_id not in view.things:
            out.append(Finding("caption", f"'{text}' is about {object_id}, which is not there"))
            continue
        mentions = language.read_text(text, bare, ()).mentions
        if mentions and not any(object_id in m.ids for m in mentions):
            label = view.things[object_id].label
            out.append(Finding("caption", f"'{text}' is stored with {object_id} ({label})"))
        own = boxes.get(object_id)
        placed = box is not None and box != whole and own is not None
        if placed and _overlap(box, own) < _LEAST_OVERLAP:
            out.append(Finding("caption", f"the box of '{text}' is not that of {object_id}"))
    return out


def _up(view: View, tolerance: Tolerance) -> list[Finding]:
    """The up that pairs were made with is the true one."""
    scene = view.scene
    out = []
    if scene["up"] != "unknown":
        turned = np.array(scene["working_from_camera"]["rotation"], dtype=float)
        cosine = float(np.clip(turned[2] @ view.rotation[2], -1.0, 1.0))
        if math.acos(cosine) > tolerance.upright_rad:
            degrees = math.degrees(math.acos(cosine))
            out.append(Finding("support", f"up is {degrees:.1f} degrees off the true one"))
    label = scene.get("support_label", "")
    if label and view.support_label and label != view.support_label:
        out.append(
            Finding("support", f"the support is called {label}, truly {view.support_label}")
        )
    return out


def _support(view: View) -> list[Finding]:
    """Pixels called support lie at z = 0; pixels called wall do not lie flat."""
    ids = view.instance_id
    if ids is None or not view.has_support:
        return []
    out = []
    for number in (SUPPORT_PIXEL, WALL_PIXEL):
        points = view.points_m(ids == number, _POINTS)
        if len(points) < _LEAST_PIXELS:
            continue
        away = float(np.median(np.linalg.norm(points - view.camera_m, axis=1)))
        allowed = _NEAR_M + _NEAR_PER_M * away
        height = float(np.median(np.abs(points[:, 2])))
        spread = float(np.ptp(np.quantile(points[:, 2], (0.1, 0.9))))
        if number == SUPPORT_PIXEL and height > allowed:
            out.append(Finding("support", f"pixels of the support lie {height:.3f} m off it"))
        if number == WALL_PIXEL and height < allowed and spread < 2 * allowed:
            out.append(Finding("support", "pixels called wall lie flat on the support"))
    return out


def _without_caption(thing: Thing) -> Thing:
    return replace(thing, caption="")


def _box(fields: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return fields["x0"], fields["y0"], fields["x1"], fields["y1"]


def _overlap(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """Intersection over union of two boxes."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(tall, 0)
    total = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / max(total, 1)
