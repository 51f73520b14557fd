"""Batches of a run: step in, pictures and packed questions out, always the same for the same step.

Rows come from shards in the order of ``ShardSet.stream``; which questions are asked and which
modality is seen is drawn from the recipe's seed and the step, never from what was drawn before, so
that a resumed run sees what the whole one would have seen. A thread prepares batches ahead.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.config import DeepSightConfig
from deepsight_ros.model.deepsight_model import PackedText
from deepsight_ros.model.pictures import Pictures, collate
from deepsight_ros.model.text import QuestionAnswer, TextCodec
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.synthesis.shards.rows import Row
from deepsight_ros.training.examples import COLUMNS, Example, example
from deepsight_ros.training.recipe import Recipe

_AHEAD = 4
_SPATIAL = ("numbers", "pairs", "template")


@dataclass(frozen=True, eq=False)
class Batch:
    """What one forward pass takes.

    Attributes:
        pictures, text: packed questions.
        text_ids, text_mask: whole-picture texts to align with, None when pictures lack them.
        questions: how many are packed.
    """

    pictures: Pictures
    text: PackedText
    text_ids: torch.Tensor | None
    text_mask: torch.Tensor | None
    questions: int


class Batches:
    """Batches of a recipe, from any step on.

    Args:
        folders: of shards; rows are drawn from them in proportion to their sizes.
        recipe: what to draw.
        config: of the model.
        codec: of the model.
        rank, ranks: this process among all.
        memory: examples, kept from epoch to epoch and by whoever shares it (about a megabyte
            each); None reads them anew.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        recipe: Recipe,
        config: DeepSightConfig,
        codec: TextCodec,
        *,
        rank: int = 0,
        ranks: int = 1,
        memory: dict[Hashable, Example] | None = None,
    ) -> None:
        self.memory = memory
        self.sets = [ShardSet(folder, COLUMNS) for folder in folders]
        if not sum(map(len, self.sets)):
            raise InvalidValueError(f"training: got no rows in {list(map(str, folders))}")
        self._sizes = [s.least_rows(ranks) for s in self.sets]
        if sum(self._sizes) < recipe.batch:
            raise InvalidValueError(
                f"training: got {sum(self._sizes)} rows for each of {ranks} processes in "
                f"{list(map(str, folders))}, expected a batch of {recipe.batch} at least; give "
                "more shards, or lower `batch` in the recipe"
            )
        self.recipe, self.config, self.codec = recipe, config, codec
        self.rank, self.ranks = rank, ranks

    def __len__(self) -> int:
        """Batches of one epoch and rank."""
        return sum(self._sizes) // self.recipe.batch

    def start(self, first: int, last: int) -> Iterator[Batch]:
        """Batches ``first`` to ``last - 1``, prepared ahead in a thread."""
        ready: queue.Queue[Batch | BaseException | None] = queue.Queue(_AHEAD)
        stopped = threading.Event()

        def put(item: Batch | BaseException | None) -> bool:
            while not stopped.is_set():
                try:
                    ready.put(item, timeout=0.2)
                    return True
                except queue.Full:
                    continue
            return False

        def work() -> None:
            try:
                for number, rows in self._rows(first, last):
                    if not put(self.make(number, rows)):
                        return
                put(None)
            except BaseException as error:  # noqa: BLE001 - raised again by the consumer
                put(error)

        thread = threading.Thread(target=work, name="batches", daemon=True)
        thread.start()
        try:
            while True:
                item = ready.get()
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stopped.set()
            thread.join(timeout=5)

    def make(self, number: int, rows: Sequence[Example]) -> Batch:
        """The batch of a number, from its rows."""
        rng = np.random.default_rng([self.recipe.seed, 7, number, self.rank])
        groups = [self._questions(row, rng) for row in rows]
        if self.recipe.label_noise_m > 0:  # drawn apart, so that arms ask the same questions
            noise = np.random.default_rng([self.recipe.seed, 13, number, self.rank])
            groups = [[self._noisy(qa, noise) for qa in group] for group in groups]
        seen = [asked_regions(r.pictures, g) for r, g in zip(rows, groups, strict=True)]
        groups = [group for _, group in seen]
        pictures = collate([own for own, _ in seen])
        # of all processes the same: towers that one of them skips would keep the others waiting
        drawn = rng if self.ranks == 1 else np.random.default_rng([self.recipe.seed, 23, number])
        kinds = list(self.recipe.modalities)
        modality = str(drawn.choice(kinds, p=_shares(self.recipe.modalities)))
        if modality != "both":
            pictures = pictures.only(depth=modality == "depth", colour=modality == "colour")
        if self.config.region.most < 1:
            raise InvalidValueError("training: got a model without regions")
        text = self.codec.pack(groups, pictures.regions.shape[1])
        ids = mask = None
        if all(row.texts for row in rows):
            texts = [str(rng.choice(row.texts)) for row in rows]
            ids, mask = self.codec.texts(texts, self.config.align.positions)
        return Batch(pictures, text, ids, mask, sum(map(len, groups)))

    def _rows(self, first: int, last: int) -> Iterator[tuple[int, list[Example]]]:
        """(number, rows) of each batch; ends of epochs that fill no batch are left out."""
        number, epoch = first, first // len(self)
        while number < last:
            begin = number - epoch * len(self)
            stream = self._epoch(epoch, begin * self.recipe.batch)
            for _ in range(begin, len(self)):
                rows = [next(stream) for _ in range(self.recipe.batch)]
                yield number, rows
                number += 1
                if number >= last:
                    return
            epoch += 1

    def _epoch(self, epoch: int, skip: int) -> Iterator[Example]:
        """Rows of all sets that this process has, taken in an order drawn from the epoch."""
        rng = np.random.default_rng([self.recipe.seed, 11, epoch, self.rank])
        order = rng.permutation(np.repeat(np.arange(len(self.sets)), self._sizes))
        skipped = np.bincount(order[:skip], minlength=len(self.sets))
        streams = [
            s.stream(
                self.recipe.seed,
                epoch=epoch,
                rank=self.rank,
                ranks=self.ranks,
                skip=int(k),
            )
            for s, k in zip(self.sets, skipped, strict=True)
        ]
        for which in order[skip:]:
            yield self._example(self.sets[which], next(streams[which]))

    def _example(self, shards: ShardSet, row: Row) -> Example:
        if self.memory is None:
            return example(row, self.config.fine_px, self.config.region.most)
        key = (shards.folder, row["key"], self.config.fine_px, self.config.region.most)
        if key not in self.memory:
            self.memory[key] = example(row, self.config.fine_px, self.config.region.most)
        return self.memory[key]

    def _questions(self, row: Example, rng: np.random.Generator) -> list[QuestionAnswer]:
        """Questions to pack behind a picture, drawn by the recipe's shares."""
        shares = self._mix()
        kinds = [k for k in shares if shares[k] > 0 and row.questions.get(k)]
        if not kinds:
            return []
        weights = np.array([shares[k] for k in kinds], dtype=np.float64)
        counts = rng.multinomial(self.recipe.questions, weights / weights.sum())
        drawn: list[QuestionAnswer] = []
        for kind, count in zip(kinds, counts, strict=True):
            pool = row.questions[kind]
            picks = rng.permutation(len(pool))[:count]
            drawn += [pool[i] for i in picks]
        return drawn

    def _mix(self) -> dict[str, float]:
        shares = dict(self.recipe.shares)
        spatial = self.recipe.spatial_share
        if spatial is None:
            return shares
        for group, part in ((_SPATIAL, spatial), (None, 1 - spatial)):
            names = [k for k in shares if (k in _SPATIAL) == (group is _SPATIAL)]
            total = sum(shares[k] for k in names)
            for name in names:
                shares[name] = part * shares[name] / total if total else 0.0
        return shares

    def _noisy(self, qa: QuestionAnswer, rng: np.random.Generator) -> QuestionAnswer:
        if np.isnan(qa.value):
            return qa
        moved = qa.value + float(rng.normal(0, self.recipe.label_noise_m))
        return replace(qa, value=max(1e-3, moved))


def asked_regions(
    pictures: Pictures, questions: Sequence[QuestionAnswer]
) -> tuple[Pictures, list[QuestionAnswer]]:
    """One picture with only the regions its questions name, and the questions renumbered.

    Regions do not see each other, so leaving others out changes nothing but the cost.
    """
    used = sorted({row for qa in questions for row in qa.regions})
    place = {row: n for n, row in enumerate(used)}
    kept = replace(
        pictures,
        regions=pictures.regions[:, used],
        region_valid=pictures.region_valid[:, used],
    )
    return kept, [replace(qa, regions=tuple(place[r] for r in qa.regions)) for qa in questions]


def _shares(weights: Mapping[str, float]) -> list[float]:
    total = sum(weights.values())
    return [w / total for w in weights.values()]
