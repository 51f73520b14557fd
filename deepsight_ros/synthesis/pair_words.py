"""Puts batches in words: phrasings expanded once, numbers rounded as people do, names filled in.

In: a batch, names for its objects, random numbers. Out: ``Pair`` values. Nothing is measured here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deepsight_ros.questions import grammar
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.speaking import with_unit
from deepsight_ros.questions.types import Form, QuestionType
from deepsight_ros.questions.units import human_number, human_unit, si_factor
from deepsight_ros.synthesis.pair_batches import Batch
from deepsight_ros.synthesis.samples import Pair

_ROLES = ("a", "b", "c")
_ASKED_IN = {"cm": "centimetres", "m": "metres", "in": "inches", "ft": "feet", "mm": "millimetres"}
_ASK_UNIT_EVERY = 8


@dataclass(frozen=True)
class Templates:
    """Phrasings of one type, alternatives of a phrase kept together so that each phrase is drawn
    as often as any other."""

    questions: tuple[tuple[str, ...], ...]
    answers: dict[str, tuple[tuple[str, ...], ...]]

    @staticmethod
    def draw(sources: tuple[tuple[str, ...], ...], number: int) -> str:
        texts = sources[number % len(sources)]
        return texts[(number // len(sources)) % len(texts)]


@lru_cache(maxsize=1024)
def templates_of(name: str) -> Templates:
    """Every phrasing of a catalogue type, expanded."""
    entry = CATALOGUE[name]
    return Templates(
        tuple(grammar.expand(source) for source in entry.questions),
        {
            outcome: tuple(grammar.expand(source) for source in sources)
            for outcome, sources in entry.answers.items()
        },
    )


@dataclass(frozen=True)
class Namer:
    """How the objects of one sample are called.

    Attributes:
        ids: object ids, in the order of a batch's indices.
        words: name per object, "" where it has none.
        has_region: whether the object can be pointed at.
        support: noun of the support.
    """

    ids: tuple[str, ...]
    words: tuple[str, ...]
    has_region: tuple[bool, ...]
    support: str


class Speaker:
    """Makes pairs of one sample.

    Args:
        namer: names.
        imperial_share: of the numbers, spoken in inches and feet.
        label_noise_m: standard deviation of noise added to answers in metres, and to no other.
    """

    def __init__(self, namer: Namer, imperial_share: float, label_noise_m: float) -> None:
        self._namer = namer
        self._imperial = imperial_share
        self._noise_m = label_noise_m

    def pairs(self, batch: Batch, words_share: float, rng: np.random.Generator) -> list[Pair]:
        """A batch in words; pairs whose objects cannot be referred to are left out."""
        count, entry = len(batch), batch.entry
        texts = templates_of(entry.name)
        draws = rng.integers(0, 2**40, (count, 3)).tolist()
        shares = rng.random((count, 2)).tolist()
        noise = rng.normal(0.0, self._noise_m, count).tolist()
        rows = _Rows.of(batch)
        speak = _SPEAKERS[_kind(batch)]
        speaks_winner = speak is _winner
        letters = [r for r in entry.roles if r in _ROLES]
        ids = self._namer.ids
        out: list[Pair] = []
        for k, roles in enumerate(batch.roles.tolist()):
            winner = rows.value[k] if speaks_winner else math.nan
            named = self._named(letters, roles, winner, in_words=shares[k][0] < words_share)
            if named is None:
                continue
            slots, regions = named
            system = "imperial" if shares[k][1] < self._imperial else "metric"
            fields, tail = speak(entry, rows, k, slots, ids, system, draws[k][2], noise[k])
            question = Templates.draw(texts.questions, draws[k][0]).format_map(slots)
            if "measured" in slots:
                slots["value"] = slots["measured"]
            answer = Templates.draw(texts.answers[rows.outcome[k]], draws[k][1])
            answer = answer.format_map(slots)
            out.append(
                Pair(
                    question=f"{question[:1].upper()}{question[1:]}{tail}?",
                    answer=f"{answer[:1].upper()}{answer[1:]}.",
                    type=entry.name,
                    object_ids=tuple([ids[i] for i in roles]),
                    regions=regions,
                    outcome=rows.outcome[k],
                    quantity=entry.key,
                    **fields,
                )
            )
        return out

    def _named(
        self, letters: list[str], roles: list[int], winner: float, *, in_words: bool
    ) -> tuple[dict[str, str], tuple[str, ...]] | None:
        """Slots with the names of the roles (and of a winner), and the regions they stand for."""
        namer = self._namer
        others = roles
        if winner == winner and int(winner) not in roles:
            others = [*roles, int(winner)]
        words = [namer.words[i] for i in others]
        words_work = all(words)
        # a winner that the question does not point at can only be named
        regions_work = len(others) == len(roles) > 0 and all(namer.has_region[i] for i in roles)
        if not words_work and not regions_work:
            return None
        regions: tuple[str, ...] = ()
        if not words_work or (regions_work and not in_words):
            words = [f"<region{k}>" for k in range(len(others))]
            regions = tuple([namer.ids[i] for i in others])
        slots = dict(zip(letters, words, strict=False))
        slots["support"] = namer.support
        if winner == winner:
            slots["winner"] = words[others.index(int(winner))]
        return slots, regions


@dataclass(frozen=True)
class _Rows:
    """A batch as plain lists: indexing them is ten times as fast as indexing arrays."""

    outcome: list[str]
    value: list[float]
    lower: list[float]
    upper: list[float]
    threshold: list[float]
    further: list[list[float]]
    words: tuple[str, ...]

    @classmethod
    def of(cls, batch: Batch) -> _Rows:
        further = [] if batch.further is None else batch.further.tolist()
        return cls(
            batch.outcome,
            batch.value.tolist(),
            batch.lower.tolist(),
            batch.upper.tolist(),
            batch.threshold.tolist(),
            further,
            batch.words,
        )


def _kind(batch: Batch) -> str:
    if batch.words:
        return "word"
    name = batch.entry.name
    if batch.entry.form is Form.VALUE:
        return "number"
    if batch.entry.form is Form.COMPARE:
        return "compare"
    if batch.entry.form in (Form.CHOICE, Form.SUPERLATIVE) or name.endswith(".extreme"):
        return "winner"
    return "truth"


Spoken = tuple[dict[str, Any], str]


def _number(
    entry: QuestionType, rows: _Rows, k: int, slots: dict[str, str], ids: tuple[str, ...],
    system: str, draw: int, noise: float,
) -> Spoken:  # fmt: skip
    value, tail = rows.value[k], ""
    if entry.unit == "clock":
        slots["value"] = with_unit(f"{value:.0f}", "clock")
        return {"value": value, "unit": "clock", "spoken_unit": "clock"}, tail
    if entry.unit != "m" or rows.outcome[k] == "less":
        noise = 0.0
    elif noise:
        noise = max(noise, -0.9 * value)  # no length below zero
    shown = abs(value + noise)
    unit = human_unit(shown, entry.unit, system)
    if entry.unit == "m" and draw % _ASK_UNIT_EVERY == 0 and entry.name != "where":
        tail = f" in {_ASKED_IN[unit]}"
    slots["value"] = say(shown, unit)
    if entry.name == "where":
        slots["hour"] = with_unit(f"{rows.further[k][0]:.0f}", "clock")
    elif entry.name == "dimensions":
        for name, side in zip(("width", "depth", "height"), rows.further[k], strict=True):
            slots[name] = say(side, human_unit(side, "m", system))
    fields: dict[str, Any] = {"value": value + noise, "unit": entry.unit, "spoken_unit": unit}
    if rows.lower[k] < rows.upper[k]:
        fields |= {"lower": rows.lower[k], "upper": rows.upper[k]}
    if noise:
        fields["noise"] = noise
    return fields, tail


def _compare(
    entry: QuestionType, rows: _Rows, k: int, slots: dict[str, str], ids: tuple[str, ...],
    system: str, draw: int, noise: float,
) -> Spoken:  # fmt: skip
    value, threshold = rows.value[k], rows.threshold[k]
    if entry.unit == "clock":
        unit = "clock"
        slots["threshold"] = with_unit(f"{threshold:.0f}", unit)
        slots["measured"] = with_unit(f"{value:.0f}", unit)
    else:
        unit = human_unit(threshold, entry.unit, system)
        if system == "imperial":
            asked = float(human_number(threshold / si_factor(unit), unit)) * si_factor(unit)
            if abs(asked - threshold) > 0.2 * abs(value - threshold):
                unit = human_unit(threshold, entry.unit, "metric")  # rounding would blur it
            else:
                threshold = asked
        slots["threshold"] = exactly(threshold, unit)
        slots["measured"] = say(value, human_unit(value, entry.unit, system))
    slots["value"] = slots["threshold"]
    return {
        "value": rows.outcome[k] == "yes",
        "spoken_unit": unit,
        "threshold": threshold,
    }, ""


def _truth(
    entry: QuestionType, rows: _Rows, k: int, slots: dict[str, str], ids: tuple[str, ...],
    system: str, draw: int, noise: float,
) -> Spoken:  # fmt: skip
    outcome = rows.outcome[k]
    return {"value": "same" if outcome == "same" else outcome == "yes"}, ""


def _winner(
    entry: QuestionType, rows: _Rows, k: int, slots: dict[str, str], ids: tuple[str, ...],
    system: str, draw: int, noise: float,
) -> Spoken:  # fmt: skip
    outcome = rows.outcome[k]
    if outcome == "same":
        slots["list"] = f"{slots['a']} and {slots['b']}"
        return {"value": "same"}, ""
    if outcome in ("yes", "no"):
        return {"value": outcome == "yes"}, ""
    return {"value": ids[int(rows.value[k])]}, ""


def _word(
    entry: QuestionType, rows: _Rows, k: int, slots: dict[str, str], ids: tuple[str, ...],
    system: str, draw: int, noise: float,
) -> Spoken:  # fmt: skip
    slots["word"] = rows.words[k]
    return {"value": rows.words[k]}, ""


_SPEAKERS = {
    "number": _number,
    "compare": _compare,
    "truth": _truth,
    "winner": _winner,
    "word": _word,
}


def say(value: float, unit: str) -> str:
    """A number as people say it: "34 cm", "1.25 m"."""
    return with_unit(human_number(value / si_factor(unit), unit), unit)


def exactly(value: float, unit: str) -> str:
    """A number of few digits as it is: "0.3" m is "30 cm"."""
    return with_unit(f"{value / si_factor(unit):.6g}", unit)
