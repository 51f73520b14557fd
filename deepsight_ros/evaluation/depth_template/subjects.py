"""Who answers: the model by modality, and the geometry where it can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepsight_ros.evaluation.depth_template.baselines import Asked
from deepsight_ros.evaluation.depth_template.views import TemplateView
from deepsight_ros.geometry.backproject import backproject
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.synthesis.depth_template import (
    TASKS,
    TemplateItem,
    first_surface_m,
    spoken_option,
)


def model_choices(
    model: DeepSight, view: TemplateView, *, use_depth: bool = True, use_colour: bool = False
) -> list[int]:
    """Chosen option of each item of a view: the likeliest answer under the model."""
    chosen = []
    for item in view.items:
        own = [view.boxes_px[i] for i in item.object_ids]
        seen = model.look(
            view.frame,
            regions_px=own,
            boxes_px=[b for b in view.boxes_px.values() if min(b[2] - b[0], b[3] - b[1]) >= 3],
            up_in_camera=view.up_in_camera,
            use_depth=use_depth,
            use_colour=use_colour,
        )
        shares = seen.choose(item.question, [spoken_option(o) for o in item.options])
        chosen.append(int(np.argmax(shares)))
    return chosen


def zero_shot_choices(
    model: DeepSight, view: TemplateView, texts: Sequence[str], *, use_colour: bool = False
) -> list[int]:
    """Scene classification by depth-text similarity; -1 for items of other tasks."""
    seen = model.look(
        view.frame,
        boxes_px=list(view.boxes_px.values()),
        up_in_camera=view.up_in_camera,
        use_colour=use_colour,
    )
    best = int(np.argmax(seen.match(texts)))
    return [best if item.task == "scene" else -1 for item in view.items]


def geometry_choice(question: Asked) -> int | None:
    """Measured answer from the noisy depth: nearest point of each region, first surface ahead;
    None for tasks that nothing measures."""
    view, item = question.view, question.item
    if item.task == "distance":
        return _nearer(view, item)
    if item.task == "security" and view.up_in_camera is not None:
        return _blocked(view, item)
    return None


def _nearer(view: TemplateView, item: TemplateItem) -> int:
    points = backproject(view.frame.depth_m, view.frame.camera)
    reach = np.linalg.norm(points, axis=-1)
    nearest = []
    for x0, y0, x1, y1 in view.regions_px(item):
        inner_x, inner_y = (x1 - x0) // 4, (y1 - y0) // 4
        inside = reach[y0 + inner_y : y1 - inner_y, x0 + inner_x : x1 - inner_x]
        nearest.append(np.nanpercentile(inside, 5) if np.isfinite(inside).any() else np.inf)
    return int(np.argmin(nearest))


def _blocked(view: TemplateView, item: TemplateItem) -> int:
    width_m, height_m, reach_m = item.swept_box_m
    points = backproject(view.frame.depth_m, view.frame.camera)
    points = points[np.isfinite(points).all(axis=-1)].astype(np.float64)
    scene = view.scene
    first = first_surface_m(
        scene.working_from_camera.apply(points), scene.camera_position_m, width_m, height_m
    )
    return 0 if first is not None and first < reach_m else 1


def tasks_present(views: Sequence[TemplateView]) -> list[str]:
    """Tasks that have items."""
    found = {i.task for v in views for i in v.items}
    return [t for t in TASKS if t in found]
