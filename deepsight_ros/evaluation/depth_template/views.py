"""The benchmark's views: a source in, items with all that subjects may look at out.

Items are made from the source's noise-free twin where it has one (world), so that the truth of
"what is ahead" is exact; subjects see the noisy frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.synthesis.depth_template import Options, TemplateItem, make_items
from deepsight_ros.synthesis.samples import Sample, SampleSource

Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class TemplateView:
    """One view with its items.

    Attributes:
        number: of the view in the run; bootstrap resamples views.
        frame: what subjects see.
        boxes_px: object id -> box in the frame.
        up_in_camera: (3,) up, None where it is unknown.
        camera_height_m: over the support, NaN where there is none.
        items: questions about it.
        scene: the truth's scene, for subjects that are given the support plane.
    """

    number: int
    frame: RgbdFrame
    boxes_px: dict[str, tuple[int, int, int, int]]
    up_in_camera: NDArray[np.float64] | None
    camera_height_m: float
    items: tuple[TemplateItem, ...]
    scene: Scene

    def regions_px(self, item: TemplateItem) -> list[tuple[int, int, int, int]]:
        """Boxes of the item's objects, in order."""
        return [self.boxes_px[i] for i in item.object_ids]


def views(
    source: SampleSource,
    options: Options,
    *,
    clean: SampleSource | None = None,
    seed: int = 0,
    per_task: int = 2,
    progress: Progress = lambda _: None,
) -> Iterator[TemplateView]:
    """Views of a source, in order; what the source cannot make is left out.

    Args:
        source: what is seen.
        options: to choose from.
        clean: the same samples without noise, None where the source has no such twin.
        seed: of objects, ratios, margins and wording.
        per_task: most items of each task and view.
        progress: called with the number of views made.
    """
    for number in range(len(source)):
        try:
            sample = source[number]
        except DeepsightError:  # a world without a view of itself, about one in a thousand
            progress(number + 1)
            continue
        twin = None if clean is None else clean[number].frame
        yield view_of(
            number, sample, make_items(sample, options, seed, clean=twin, per_task=per_task)
        )
        progress(number + 1)


def view_of(number: int, sample: Sample, items: list[TemplateItem]) -> TemplateView:
    """A sample with its items, as subjects see it."""
    scene = sample.scene
    known = scene.up is not UpSource.UNKNOWN
    boxes = {o.id: o.box_px for o in scene.objects if o.box_px is not None}
    return TemplateView(
        number,
        sample.frame,
        boxes,
        scene.working_from_camera.rotation[2].copy() if known else None,
        float(scene.camera_position_m[2]) if scene.support is not None else float("nan"),
        tuple(items),
        scene,
    )
