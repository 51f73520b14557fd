"""The benchmark on recordings: a source with named boxes (NYU, SUN RGB-D, BOP) in, views out.

Where the data set gives true boxes, ranges come from them and never from the depth that subjects
see; else from what perception measures on the annotated pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deepsight_ros.errors import DeepsightError, InvalidValueError
from deepsight_ros.evaluation.depth_template.views import TemplateView, view_of
from deepsight_ros.synthesis.depth_template import make_items, options_of
from deepsight_ros.synthesis.samples import Sample, SampleSource


def recorded_views(
    source: SampleSource,
    seed: int,
    per_task: int,
    *,
    most: int | None = None,
    skipped: Callable[[str], None] = lambda _reason: None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[TemplateView]:
    """Views of recordings; rooms and nouns of the source itself are the options.

    Args:
        source: of samples.
        seed: of objects, ratios, margins and wording.
        per_task: most items of each task and view.
        most: views, None for all.
        skipped: told why a frame cannot be used.
        advance: called with how many more views are done.

    Raises:
        InvalidValueError: no frame gives an item.
    """
    samples: list[Sample] = []
    for index in range(len(source) if most is None else min(most, len(source))):
        try:
            samples.append(source[index])
        except DeepsightError as error:
            skipped(str(error))
        advance(1)
    options = options_of(samples)
    made = []
    for number, sample in enumerate(samples):
        known = sample if sample.truth is None else replace(sample, scene=sample.truth)
        items = make_items(known, options, seed, per_task=per_task)
        made.append(view_of(number, sample, items))
    if not any(view.items for view in made):
        raise InvalidValueError(
            f"depth-template: got {len(samples)} frames of {source.name} that pose no task, "
            "expected named boxes of at least two things, a room, or a support plane"
        )
    return made
