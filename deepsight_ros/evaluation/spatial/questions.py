"""The benchmark's questions: views of a world in, questions with their truth out.

    WorldSource --pair engine--> questions per view --stratify--> what is asked

Things are named by regions. Numeric questions are thinned per type until their truths spread
evenly over octaves, by truth alone and before anybody answers; the others evenly over types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.evaluation.statistics import stratified
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.types import Form
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.synthesis.model_corpus import TYPES, declined_pairs
from deepsight_ros.synthesis.pairs import PairConfig, make_pairs
from deepsight_ros.synthesis.samples import Pair, Sample, SampleSource

QUANTITATIVE, QUALITATIVE, GENERAL = "quantitative", "qualitative", "general"
_PER_VIEW = 240
_GENERAL_SHARE = 0.05
_LEAST_BOX_PX = 3
_EITHER = {
    "left_of.either": ("left", "right"),
    "in_front_of.either": ("in front", "behind"),
    "above.either": ("above", "below"),
}

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class SpatialView:
    """What everybody may look at.

    Attributes:
        number: of the view; the bootstrap resamples views.
        frame: as the sensor gives it.
        boxes_px: of the objects in view, exclusive end; rows of questions count in this order.
        up_in_camera: (3,) up, None where it is unknown.
    """

    number: int
    frame: RgbdFrame
    boxes_px: tuple[Box, ...]
    up_in_camera: NDArray[np.float64] | None


@dataclass(frozen=True)
class SpatialQuestion:
    """One question with its truth.

    Attributes:
        view: number of the view.
        group: "quantitative", "qualitative" or "general".
        type: of the catalogue, or "general.*".
        text: with ``<region0>`` ... for the things of ``rows``.
        rows: which of the view's boxes they are.
        truth: SI number; for others "yes", "no", "same", "declined" or one of ``options``.
        unit: SI unit of a number.
        options: what there is to choose from, () for yes or no.
        range_m: camera to the centre of the farthest thing it is about; NaN when there is none.
    """

    view: int
    group: str
    type: str
    text: str
    rows: tuple[int, ...]
    truth: float | str
    unit: str = ""
    options: tuple[str, ...] = ()
    range_m: float = float("nan")


def gather(
    source: SampleSource,
    *,
    seed: int,
    per_type: int,
    types: Sequence[str] = TYPES,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[list[SpatialView], list[SpatialQuestion]]:
    """Views of a source and the questions asked about them, thinned.

    Args:
        source: of samples with truth.
        seed: of questions, wording and thinning.
        per_type: most questions of a type, over all views.
        types: of the catalogue.
        advance: called with how many more views are done.
    """
    views, found = [], []
    for number in range(len(source)):
        view, questions = look(source[number], number, seed, types)
        views.append(view)
        found += questions
        advance(1)
    return views, thinned(found, seed, per_type)


def look(
    sample: Sample, number: int, seed: int, types: Sequence[str] = TYPES
) -> tuple[SpatialView, list[SpatialQuestion]]:
    """Everything that may be asked about one sample."""
    config = PairConfig(
        types=tuple(types),
        per_image=_PER_VIEW,
        words_share=0.0,
        telling_words_share=0.0,
        general_share=_GENERAL_SHARE,
    )
    scene = sample.scene
    boxes = {
        o.id: o.box_px
        for o in scene.objects
        if o.box_px is not None
        and min(o.box_px[2] - o.box_px[0], o.box_px[3] - o.box_px[1]) >= _LEAST_BOX_PX
    }
    known = scene.up is not UpSource.UNKNOWN
    up = scene.working_from_camera.rotation[2].copy() if known else None
    view = SpatialView(number, sample.frame, tuple(boxes.values()), up)
    row_of = {object_id: row for row, object_id in enumerate(boxes)}
    camera = np.asarray(scene.camera_position_m)
    reach = {
        o.id: float(np.linalg.norm(np.asarray(o.box.centre_m) - camera)) for o in scene.objects
    }
    questions = []
    pairs = make_pairs(sample, config, seed) + declined_pairs(sample, seed, 2)
    for pair in pairs:
        if all(i in row_of for i in pair.regions):
            made = question_of(pair, number, tuple(row_of[i] for i in pair.regions))
            if made is not None:
                ranges = [reach[i] for i in pair.object_ids if i in reach]
                far = max(ranges, default=float("nan"))
                questions.append(SpatialQuestion(**{**vars(made), "range_m": far}))
    return view, questions


def question_of(pair: Pair, view: int, rows: tuple[int, ...]) -> SpatialQuestion | None:
    """A pair as a question of the benchmark; None for what has no answer to hold against."""
    if pair.type.startswith(GENERAL):
        return _general(pair, view, rows)
    form = CATALOGUE[pair.type].form
    given = (view, QUALITATIVE, pair.type, pair.question, rows)
    if form is Form.VALUE and pair.unit in ("m", "m3"):
        value = abs(float(pair.value or 0.0))  # "the other way round": the size of a difference
        if value < 1e-4:
            return None
        return SpatialQuestion(view, QUANTITATIVE, *given[2:], value, pair.unit)
    if form is Form.VALUE and pair.unit == "clock":
        return SpatialQuestion(*given, f"{float(pair.value or 0.0):.0f}", "clock")
    if pair.type in _EITHER:
        return SpatialQuestion(*given, str(pair.value), options=_EITHER[pair.type])
    if pair.outcome in ("yes", "no"):
        return SpatialQuestion(*given, pair.outcome)
    named = tuple(f"<region{n}>" for n in range(2))
    if pair.outcome == "same":
        options = named if form is Form.CHOICE else ()
        return SpatialQuestion(*given, "same", options=options)
    if form is Form.CHOICE and pair.value in pair.regions[:2]:
        truth = named[pair.regions.index(str(pair.value))]
        return SpatialQuestion(*given, truth, options=named)
    return None


def _general(pair: Pair, view: int, rows: tuple[int, ...]) -> SpatialQuestion:
    given = (view, GENERAL, pair.type, pair.question, rows)
    if pair.type == "general.declined":
        return SpatialQuestion(*given, "declined")
    if pair.outcome in ("yes", "no"):
        return SpatialQuestion(*given, pair.outcome)
    word = str(pair.value).lower().replace("_", " ")
    return SpatialQuestion(*given, word, options=(word,))


def thinned(
    questions: Sequence[SpatialQuestion], seed: int, per_type: int
) -> list[SpatialQuestion]:
    """At most ``per_type`` of each type; numbers evenly over octaves, per type and all together.

    Options of general questions become all words that are the truth of one of their type, so that
    naming a thing is a choice among what is there.
    """
    by_type: dict[str, list[SpatialQuestion]] = defaultdict(list)
    for question in questions:
        by_type[question.type].append(question)
    rng = np.random.default_rng([seed, 41])
    kept: list[SpatialQuestion] = []
    for _, group in sorted(by_type.items()):
        pool = group
        if group[0].group == QUANTITATIVE:
            truths = np.array([float(q.truth) for q in group])
            keep = stratified(truths, seed)
            pool = [q for q, k in zip(group, keep, strict=True) if k]
        order = rng.permutation(len(pool))[:per_type]
        kept += [pool[i] for i in sorted(order)]
    numbers = [q for q in kept if q.group == QUANTITATIVE]
    even = stratified(np.array([float(q.truth) for q in numbers]), seed)
    dropped = {id(q) for q, keep in zip(numbers, even, strict=True) if not keep}
    kept = [q for q in kept if id(q) not in dropped]
    words: dict[str, set[str]] = defaultdict(set)
    for question in kept:
        if question.group == GENERAL and question.options:
            words[question.type].add(str(question.truth))
    kept = [
        SpatialQuestion(**{**vars(q), "options": tuple(sorted(words[q.type]))})
        if q.type in words and q.options
        else q
        for q in kept
    ]
    return sorted(kept, key=lambda q: q.view)
