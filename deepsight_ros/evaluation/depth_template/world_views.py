"""The benchmark on our own world: seeded views of a split, labelled from noise-free twins."""

from __future__ import annotations

from collections.abc import Callable

from deepsight_ros.evaluation.depth_template.views import TemplateView, views
from deepsight_ros.evaluation.held_out import HEIGHT_PX, WIDTH_PX
from deepsight_ros.synthesis.depth_template import Options
from deepsight_ros.synthesis.world_labels import nouns
from deepsight_ros.synthesis.world_source import DEFAULT_KINDS, WorldSource
from deepsight_ros.training.examples import room_text

PLACES = DEFAULT_KINDS
"""Options of Scene Classification: eight rooms that share most furniture, and the tabletop."""
TEST_SEED, TRAINING_SEED = 90_001, 90_002
"""Of the benchmark's views; training corpora use others."""


def world_views(
    count: int,
    split: str,
    seed: int,
    per_task: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[TemplateView]:
    """Views of the world.

    Args:
        count: of views; kinds of place take turns.
        split: "test" (new shape families and layout rules) or "train".
        seed: of the world.
        per_task: most items of each task and view.
        advance: called with how many more views are done.
    """
    profile = "test" if split == "test" else "calibration"
    noisy = WorldSource(
        count,
        kinds=PLACES,
        split=split,
        seed=seed,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        profile=profile,
    )
    clean = WorldSource(
        count,
        kinds=PLACES,
        split=split,
        seed=seed,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        sensors=(),
    )
    options = Options(tuple(sorted(PLACES)), nouns())
    made = []
    for view in views(noisy, options, clean=clean, seed=seed, per_task=per_task):
        made.append(view)
        advance(1)
    return made


def room_texts() -> list[str]:
    """What the text tower reads for each scene option, in their order."""
    return [room_text(place) for place in sorted(PLACES)]
