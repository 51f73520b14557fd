"""Batch: every pair of one catalogue type about a sample as arrays, before it is put in words.

Made by ``pair_batches``, ``pair_counts`` and ``pair_free``; read by ``pair_words``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions.types import QuestionType
from deepsight_ros.synthesis.pair_facts import Facts

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Codes = NDArray[np.int8]
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Batch:
    """Pairs of one type, K of them.

    Attributes:
        entry: of the catalogue.
        roles: (K, R) indices of objects, in the order of the type's roles.
        outcome: K keys of the entry's answers.
        value: (K,) SI number; for choices the index of the winner; NaN else.
        lower, upper: (K,) 95 % interval of the number.
        threshold: (K,) SI number a comparison asks about, NaN else.
        words: K words of the answer ("left"), or () where the outcome says it all.
        further: (K, M) more numbers that the answer names ("where": hour; "dimensions": sides).
        groups: K times the words that fill the type's groups ({"group": "red mugs"}), or ().
        members: K times the indices of the objects that are counted, or ().
        relation: K predicates that the groups stand in ("on"), () without one; the phrasings of
            the type are one for each relation, in the order of ``relations_of``.
        by_chance: yes and no are drawn evenly for the batch as a whole, so that a picture with
            one pair may have either.
    """

    entry: QuestionType
    roles: Index
    outcome: list[str]
    value: Array
    lower: Array
    upper: Array
    threshold: Array
    words: tuple[str, ...] = ()
    further: Array | None = None
    groups: tuple[Mapping[str, str], ...] = ()
    members: tuple[tuple[int, ...], ...] = ()
    relation: tuple[str, ...] = ()
    by_chance: bool = False

    def __len__(self) -> int:
        return len(self.roles)

    def take(self, at: Index) -> Batch:
        """The pairs at these places, in this order."""
        places = at.tolist()
        return replace(
            self,
            roles=self.roles[at],
            outcome=[self.outcome[i] for i in places],
            value=self.value[at],
            lower=self.lower[at],
            upper=self.upper[at],
            threshold=self.threshold[at],
            words=tuple(self.words[i] for i in places) if self.words else (),
            further=None if self.further is None else self.further[at],
            groups=tuple(self.groups[i] for i in places) if self.groups else (),
            members=tuple(self.members[i] for i in places) if self.members else (),
            relation=tuple(self.relation[i] for i in places) if self.relation else (),
        )

    @property
    def says_yes(self) -> NDArray[np.bool_]:
        """(K,) answered yes ("many": yes, and there are several)."""
        is_yesno = "yes" in self.entry.answers
        return np.array([is_yesno and o in ("yes", "many") for o in self.outcome], dtype=bool)

    @property
    def says_no(self) -> NDArray[np.bool_]:
        """(K,) answered no."""
        return np.array([o == "no" for o in self.outcome], dtype=bool)


Maker = Callable[[QuestionType, Facts, Rng], Batch | None]


def numbers(
    entry: QuestionType,
    roles: Index,
    value: Array,
    lower: Array,
    upper: Array,
    further: Array | None = None,
) -> Batch:
    """Pairs whose answer is a number."""
    nothing = np.full(len(roles), np.nan)
    outcome = ["value"] * len(roles)
    return Batch(entry, roles, outcome, value, lower, upper, nothing, further=further)


def outcomes(
    entry: QuestionType,
    roles: Index,
    outcome: list[str],
    value: Array | None = None,
    words: tuple[str, ...] = (),
    threshold: Array | None = None,
) -> Batch:
    """Pairs whose answer is one of the entry's outcomes."""
    nothing = np.full(len(roles), np.nan)
    return Batch(
        entry,
        roles,
        outcome,
        nothing if value is None else value,
        nothing,
        nothing,
        nothing if threshold is None else threshold,
        words,
    )


def yes_or_no(yes: NDArray[np.bool_]) -> list[str]:
    """Outcomes of yes or no."""
    return ["yes" if y else "no" for y in yes.tolist()]


def two_digits(value: Array) -> Array:
    """Rounded to two significant digits."""
    scale = 10.0 ** (1 - np.floor(np.log10(np.maximum(value, 1e-12))))
    rounded: Array = np.round(value * scale) / scale
    return rounded
