"""Puts batches in words: phrasings expanded once, numbers rounded as people do, names filled in.

In: a batch, names for its objects, random numbers. Out: ``Pair`` values. Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions import grammar
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.speaking import joined, with_unit
from deepsight_ros.questions.types import Form, QuestionType
from deepsight_ros.questions.units import human_number, human_unit, si_factor
from deepsight_ros.synthesis.pair_batch import Batch
from deepsight_ros.synthesis.pair_counts import RELATIONS_OF
from deepsight_ros.synthesis.samples import Pair

_ROLES = ("a", "b", "c")
_TAGS = ("<region0>", "<region1>", "<region2>")
_ASKED_IN = {"cm": "centimetres", "m": "metres", "in": "inches", "ft": "feet", "mm": "millimetres"}
_ASK_UNIT_EVERY = 8
_MOST_LISTED = 4


class Phrasings:
    """Ways to say one thing, alternatives of a phrase kept together so that each phrase is drawn
    as often as any other."""

    def __init__(self, sources: tuple[tuple[str, ...], ...]) -> None:
        self._flat = tuple(text for texts in sources for text in texts)
        self._sizes = np.array([len(texts) for texts in sources], dtype=np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def __len__(self) -> int:
        return len(self._sizes)

    def drawn(
        self, numbers: NDArray[np.int64], source: NDArray[np.int64] | None = None
    ) -> list[str]:
        """A text for each of (K,) random numbers, of any phrase or of the (K,) given ones."""
        phrase = numbers % len(self) if source is None else source
        at = self._starts[phrase] + numbers // len(self) % self._sizes[phrase]
        return [self._flat[i] for i in at.tolist()]


@dataclass(frozen=True)
class Templates:
    """Phrasings of one type. ``silent``: answers that name no winner and list nothing."""

    questions: Phrasings
    answers: dict[str, Phrasings]
    silent: dict[str, Phrasings]


@lru_cache(maxsize=1024)
def templates_of(name: str) -> Templates:
    """Every phrasing of a catalogue type, expanded."""
    entry = CATALOGUE[name]
    answers = {
        outcome: tuple(grammar.expand(source) for source in sources)
        for outcome, sources in entry.answers.items()
    }
    silent = {
        outcome: Phrasings(
            tuple(t for t in sources if "{winner}" not in t[0] and "{list}" not in t[0])
        )
        for outcome, sources in answers.items()
    }
    questions = Phrasings(tuple(grammar.expand(s) for s in entry.questions))
    return Templates(questions, {o: Phrasings(t) for o, t in answers.items()}, silent)


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
        draws = rng.integers(0, 2**40, (count, 3))
        shares = rng.random((count, 2))
        noise = rng.normal(0.0, self._noise_m, count).tolist()
        system = ["imperial" if i else "metric" for i in (shares[:, 1] < self._imperial).tolist()]
        speak = _SPEAKERS[_kind(batch)]
        named = _with_winner(batch) if speak is _winner else batch.roles
        is_said, is_pointed = self._references(batch, named, shares[:, 0] < words_share)
        rows = _Rows.of(batch)
        letters = [r for r in entry.roles if r in _ROLES]
        size = len(letters)
        ids, words, support = self._namer.ids, self._namer.words, self._namer.support
        tags = _TAGS[:size]
        tagged = dict(zip(letters, tags, strict=True))
        questions = texts.questions.drawn(draws[:, 0], _phrase_of(batch))
        answers = {o: texts.answers[o].drawn(draws[:, 1]) for o in set(batch.outcome)}
        silent = {
            o: texts.silent[o].drawn(draws[:, 1])
            for o in set(batch.outcome)
            if len(texts.silent[o])
        }
        third = draws[:, 2].tolist()
        has_winner = speak is _winner
        out: list[Pair] = []
        for k, roles in enumerate(named.tolist()):
            is_silent = False
            regions: tuple[str, ...] = ()
            about = tuple([ids[i] for i in roles[:size]])
            if is_said[k]:
                slots = dict(zip(letters, [words[i] for i in roles], strict=False))
                if has_winner:
                    slots["winner"] = words[roles[size]]
            elif is_pointed[k]:
                slots = tagged.copy()
                regions = about
                if has_winner:
                    at = roles.index(roles[size])
                    is_silent = at == size  # a "no" that the question does not point at
                    slots["winner"] = "" if is_silent else tags[at]
            else:
                continue
            slots["support"] = support
            if rows.members:
                about += tuple([ids[i] for i in rows.members[k]])
                listed = [words[i] for i in rows.members[k]]
                is_silent = not all(listed) or len(listed) > _MOST_LISTED
                slots["list"] = joined(listed)
            answered, tail = speak(entry, rows, k, slots, ids, system[k], third[k], noise[k])
            question = _capital(questions[k].format_map(slots))
            if "measured" in slots:
                slots["value"] = slots["number"] = slots["measured"]
            answer = (silent if is_silent else answers)[rows.outcome[k]][k].format_map(slots)
            out.append(
                _pair(
                    {
                        "question": f"{question}{tail}?",
                        "answer": f"{_capital(answer)}.",
                        "type": entry.name,
                        "object_ids": about,
                        "regions": regions,
                        "outcome": rows.outcome[k],
                        "quantity": batch.relation[k] if batch.relation else entry.key,
                        **answered,
                    }
                )
            )
        return out

    def _references(
        self, batch: Batch, named: NDArray[np.int64], wanted: NDArray[np.bool_]
    ) -> tuple[list[bool], list[bool]]:
        """Which pairs name their things in words, and which point at them, as lists.

        A winner that the question does not point at ("which is the tallest?") can only be named,
        but "no" needs no winner: else a "no" would be known by its words.
        """
        namer = self._namer
        has_words = np.array([bool(w) for w in namer.words], dtype=bool)[named].all(axis=1)
        roles = batch.roles
        can_point = np.array(namer.has_region, dtype=bool)[roles].all(axis=1)
        can_point &= roles.shape[1] > 0
        if named.shape[1] > roles.shape[1]:
            silent = templates_of(batch.entry.name).silent
            is_no = np.array([o == "no" and bool(silent["no"]) for o in batch.outcome], dtype=bool)
            can_point &= (roles == named[:, -1:]).any(axis=1) | is_no
        said = has_words & (wanted | ~can_point)
        return said.tolist(), can_point.tolist()


_DEFAULTS = {f.name: f.default for f in fields(Pair) if f.default is not MISSING}


def _pair(given: dict[str, Any]) -> Pair:
    """A ``Pair`` of these fields. The ``__init__`` of a frozen dataclass sets them one by one,
    which is a twelfth of the time of all pairs of a scene (3.7 us each, this 0.9)."""
    made = object.__new__(Pair)
    made.__dict__.update(_DEFAULTS)
    made.__dict__.update(given)
    return made


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text[0].islower() else text


def _with_winner(batch: Batch) -> NDArray[np.int64]:
    """(K, R + 1) roles and, last, the winner; where there is none, the first role again."""
    if batch.roles.shape[1]:
        winner = np.where(np.isnan(batch.value), batch.roles[:, 0], batch.value)
    else:
        winner = batch.value
    return np.column_stack([batch.roles, winner.astype(np.int64)])


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
    groups: tuple[Mapping[str, str], ...]
    members: tuple[tuple[int, ...], ...]

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
            batch.groups,
            batch.members,
        )


def _phrase_of(batch: Batch) -> NDArray[np.int64] | None:
    """(K,) which phrasing of the type says the relation of each pair; None where any does."""
    if not batch.relation:
        return None
    order = RELATIONS_OF[batch.entry.name]
    return np.array([order.index(r) for r in batch.relation], dtype=np.int64)


def _kind(batch: Batch) -> str:
    if batch.groups:
        return "counted"
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
    answered: dict[str, Any] = {"value": value + noise, "unit": entry.unit, "spoken_unit": unit}
    if rows.lower[k] < rows.upper[k]:
        answered |= {"lower": rows.lower[k], "upper": rows.upper[k]}
    if noise:
        answered["noise"] = noise
    return answered, tail


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


def _counted(
    entry: QuestionType, rows: _Rows, k: int, slots: dict[str, str], ids: tuple[str, ...],
    system: str, draw: int, noise: float,
) -> Spoken:  # fmt: skip
    slots.update(rows.groups[k])
    slots["measured"] = str(len(rows.members[k]))
    if entry.form is Form.COUNT:
        return {"value": rows.value[k]}, ""
    is_true: dict[str, Any] = {"value": rows.outcome[k] != "no"}
    if entry.form is Form.COMPARE:
        slots["number"] = slots["asked"]
        is_true["threshold"] = rows.threshold[k]
    return is_true, ""


_SPEAKERS = {
    "counted": _counted,
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
