"""Plan view of a task that was worked out: scene and conclusion in, a PNG out.

Things are drawn as their footprints in the gravity frame, seen from above: the viewer at the
bottom, what the conclusion names in colour.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepsight_ros.scene.body import body_of

if TYPE_CHECKING:
    from deepsight_ros.reasoning.values import Reasoned
    from deepsight_ros.scene.objects import Scene

FARTHEST_M = 2.5
"""Things beyond are left out: they would make the others small."""


def save_picture(scene: Scene, made: Reasoned, path: Path) -> None:
    """Draw a plan view to a PNG.

    Args:
        scene: the task was about; up must be known.
        made: what came of it.
        path: file to write.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon

    figure = Figure(figsize=(6.4, 5.6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    named = set(made.answer.object_ids)
    for item in scene.objects:
        if np.hypot(*item.box.centre_m[:2]) > FARTHEST_M:
            continue
        footprint = body_of(item.shape).solid.footprint_m[:, :2]
        colour = "tab:orange" if item.id in named else "0.8"
        axes.add_patch(Polygon(_seen(footprint), facecolor=colour, edgecolor="0.3"))
        x, y = _seen(item.box.centre_m[None, :2])[0]
        axes.text(
            x,
            y,
            "gripper" if item.is_gripper else item.label or item.id,
            ha="center",
            va="center",
            fontsize=8,
        )
    origin = scene.camera_position_m[:2]
    axes.plot(*_seen(origin[None])[0], marker="^", color="tab:blue", markersize=10)
    axes.set_aspect("equal")
    axes.margins(0.05)
    axes.autoscale_view()
    axes.set_xlabel("to the right (m)")
    axes.set_ylabel("ahead of the camera (m)")
    words = f"{made.answer.question}\n" + textwrap.fill(made.answer.text, 80)
    axes.set_title(words, fontsize=9)
    FigureCanvasAgg(figure).print_png(str(path))


def _seen(points_m: np.ndarray) -> np.ndarray:
    """(N, 2) picture coordinates of (N, 2) ground points: right, ahead."""
    return np.column_stack([-points_m[:, 1], points_m[:, 0]])
