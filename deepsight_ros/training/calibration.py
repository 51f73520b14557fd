"""Residuals of a model's numbers on scenes it never saw: shards in, split-conformal factors out.

Every numeric question of every picture is asked by depth, by colour and by both, as far as the
model has them. Shards must come from other seeds than training and from another noise family than
the test (docs/semantics.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.conformal import Conformal, Residual, fit
from deepsight_ros.model.pictures import collate
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.reading import read_numbers
from deepsight_ros.model.text import QuestionAnswer
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.training.examples import COLUMNS, Example, example
from deepsight_ros.training.recipe import MODALITIES

PACKED = 16
"""Questions behind one copy of a picture's tokens."""


@dataclass(frozen=True)
class Agreement:
    """Free decoding beside teacher forcing, on a sample of the same questions.

    Attributes:
        asked: questions.
        with_number: free answers that give a number.
        median_difference, worst_difference: of log10 of the two values.
    """

    asked: int
    with_number: int
    median_difference: float
    worst_difference: float


def modalities_of(model: DeepSight) -> tuple[str, ...]:
    """What the model can see by."""
    config = model.model.config
    known = {"depth": config.depth, "colour": config.rgb, "both": config.depth and config.rgb}
    return tuple(name for name in MODALITIES if known[name])


@torch.inference_mode()
def residuals(
    model: DeepSight,
    folders: Sequence[Path],
    *,
    batch: int = 8,
    most_pictures: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Residual]:
    """Ask every numeric pair of the shards by every modality.

    Args:
        model: to calibrate.
        folders: of shards.
        batch: pictures at once.
        most_pictures: of all folders together; None for all.
        progress: called with how many more pictures are done.

    Raises:
        InvalidValueError: shards of the test, or a model without number head.
    """
    found: list[Residual] = []
    rows = islice(_examples(model, folders), most_pictures)
    while chunk := list(islice(rows, batch)):
        asked = [numeric_questions(row) for row in chunk]
        kept = [(row, qas) for row, qas in zip(chunk, asked, strict=True) if qas]
        if kept:
            found += _ask(model, [r for r, _ in kept], [q for _, q in kept])
        progress(len(chunk))
    return found


def calibrate(
    model: DeepSight,
    folders: Sequence[Path],
    *,
    batch: int = 8,
    most_pictures: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Conformal, int]:
    """Factors of the intervals and the number of residuals they rest on.

    Raises:
        InvalidValueError: shards of the test, too few numbers, a model without number head.
    """
    scores = residuals(model, folders, batch=batch, most_pictures=most_pictures, progress=progress)
    if not scores:
        raise InvalidValueError(
            f"calibration: got no numeric question in {list(map(str, folders))}; make shards with "
            "`deepsight synthesize model`"
        )
    return fit(scores), len(scores)


@torch.inference_mode()
def agreement(model: DeepSight, folders: Sequence[Path], pictures: int = 8) -> Agreement:
    """Decode a few of the questions freely, by depth or what there is, and compare."""
    modality = modalities_of(model)[0]
    differences: list[float] = []
    asked = 0
    for row in islice(_examples(model, folders), pictures):
        qas = numeric_questions(row)[:PACKED]
        if not qas:
            continue
        seen = row.pictures.only(depth=modality != "colour", colour=modality != "depth")
        sight = model.model.see(seen.to(model.model.device))
        forced, _ = read_numbers(model.model, model.codec, sight, [qas])
        view = model.look_at(seen)
        for qa, value in zip(qas, forced.tolist(), strict=True):
            written = view.write(qa.question, rows=qa.regions)
            asked += 1
            if not math.isnan(written.log10_value):
                differences.append(abs(written.log10_value - value))
    known = differences or [math.nan]
    return Agreement(asked, len(differences), float(np.median(known)), max(known))


def numeric_questions(row: Example) -> list[QuestionAnswer]:
    """Those answered by ``<num>``, of all kinds."""
    return [qa for pool in row.questions.values() for qa in pool if not math.isnan(qa.value)]


def _ask(
    model: DeepSight, rows: Sequence[Example], asked: Sequence[Sequence[QuestionAnswer]]
) -> Iterator[Residual]:
    together = collate([row.pictures for row in rows])
    for modality in modalities_of(model):
        seen = together.only(depth=modality != "colour", colour=modality != "depth")
        usable = {"depth": seen.has_depth, "colour": seen.has_colour}.get(
            modality, seen.has_depth & seen.has_colour
        )
        if not bool(usable.all()):
            continue  # a batch of shards without colour says nothing about colour
        sight = model.model.see(seen.to(model.model.device))
        longest = max(map(len, asked))
        for first in range(0, longest, PACKED):
            groups = [qas[first : first + PACKED] for qas in asked]
            values, spreads = read_numbers(model.model, model.codec, sight, groups)
            truths = [math.log10(qa.value) for group in groups for qa in group]
            for value, spread, truth in zip(
                values.tolist(), spreads.tolist(), truths, strict=True
            ):
                yield Residual(modality, value, spread, truth)


def _examples(model: DeepSight, folders: Sequence[Path]) -> Iterator[Example]:
    config = model.model.config
    for folder in folders:
        shards = ShardSet(folder, COLUMNS)
        _refuse_test(folder, shards)
        for index in range(len(shards)):
            yield example(shards[index], config.fine_px, config.region.most)


def _refuse_test(folder: Path, shards: ShardSet) -> None:
    options = shards.manifest.config.get("source_options") or {}
    if options.get("split") == "test" or options.get("profile") == "test":
        raise InvalidValueError(
            f"calibration: got shards of the test ({folder}: {options}), expected another seed "
            "and noise family than the benchmark's: `deepsight synthesize model --seed N`"
        )
