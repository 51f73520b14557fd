"""Guessing without looking: the best constant, and a model that reads the question alone.

Questions with their answers in; per type the share that a guesser gets right out. The blind model
is ridge regression on hashed words and word pairs of the question (names of things included, they
give sizes away), learnt on one half of the images and scored on the other.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FEATURES = 1024
_RIDGE = 2.0
_MOST_PER_TYPE = 6000
_LEAST = 40


@dataclass(frozen=True)
class Guesses:
    """How well a type can be guessed; shares of the held-out half.

    Attributes:
        pairs: pairs scored.
        kind: "number" (share within [50, 200] %; ``near`` within +-25 %), "count" (the number
            itself) or "choice".
        constant, blind: the best constant and the blind model.
        constant_near, blind_near: numbers within +-25 %.
    """

    pairs: int
    kind: str
    constant: float
    blind: float
    constant_near: float = 0.0
    blind_near: float = 0.0


@dataclass
class BlindBook:
    """Collects questions and what is to be guessed; memory is bounded per type."""

    entries: dict[str, list[tuple[int, tuple[int, ...], float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, kind: str, name: str, key: str, question: str, target: float) -> None:
        """One pair: ``target`` is a positive number, a count, or 1 / 0 for yes / no (first /
        second)."""
        label = f"{kind}:{name}"
        self.seen[label] += 1
        entries = self.entries[label]
        digest = zlib.crc32(f"{key}|{question}".encode())
        item = (zlib.crc32(key.encode()), _features(question), target)
        if len(entries) < _MOST_PER_TYPE:
            entries.append(item)
        else:  # reservoir: every pair has the same chance to stay
            at = digest % self.seen[label]
            if at < _MOST_PER_TYPE:
                entries[at] = item

    def guesses(self) -> dict[str, Guesses]:
        """Per type with at least 40 pairs in each half."""
        out = {}
        for label, entries in sorted(self.entries.items()):
            kind, _, name = label.partition(":")
            train = [e for e in entries if e[0] % 2 == 0]
            test = [e for e in entries if e[0] % 2]
            if min(len(train), len(test)) >= _LEAST:
                out[name] = _GUESSERS[kind](train, test)
        return out


def _features(question: str) -> tuple[int, ...]:
    words = ["^", *re.findall(r"[a-z]+|\d+(?:\.\d+)?|<region\d>", question.lower())]
    tokens = [*words, *(f"{a}_{b}" for a, b in pairwise(words))]
    return tuple(sorted({zlib.crc32(t.encode()) % _FEATURES for t in tokens}))


def _matrix(entries: list[tuple[int, tuple[int, ...], float]]) -> Array:
    out = np.zeros((len(entries), _FEATURES + 1))
    for i, entry in enumerate(entries):
        out[i, list(entry[1])] = 1.0
    out[:, -1] = 1.0
    return out


def _fit(x: Array, y: Array) -> Array:
    middle = y.mean()
    if len(x) < x.shape[1]:
        kernel = x @ x.T + _RIDGE * np.eye(len(x))
        weights = x.T @ np.linalg.solve(kernel, y - middle)
    else:
        weights = np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ (y - middle))
    weights[-1] += middle
    return np.asarray(weights)


def _numbers(train: list, test: list) -> Guesses:  # type: ignore[type-arg]
    y_train = np.log([e[2] for e in train])
    y_test = np.log([e[2] for e in test])
    weights = _fit(_matrix(train), y_train)
    blind = _matrix(test) @ weights
    wide, near = math.log(2.0), (math.log(0.75), math.log(1.25))

    def shares(off: Array) -> tuple[float, float]:
        return float((np.abs(off) <= wide).mean()), float(
            ((off >= near[0]) & (off <= near[1])).mean()
        )

    constant = shares(best_constant(y_train, wide, wide) - y_test)[0]
    constant_near = shares(best_constant(y_train, -near[0], near[1]) - y_test)[1]
    blind_wide, blind_near = shares(blind - y_test)
    return Guesses(len(test), "number", constant, blind_wide, constant_near, blind_near)


def _counts(train: list, test: list) -> Guesses:  # type: ignore[type-arg]
    """The most usual count, and the regression on words rounded to one."""
    y_train, y_test = (np.array([e[2] for e in half]) for half in (train, test))
    numbers, times = np.unique(y_train, return_counts=True)
    blind = np.rint(_matrix(test) @ _fit(_matrix(train), y_train))
    return Guesses(
        len(test),
        "count",
        float((y_test == numbers[times.argmax()]).mean()),
        float((blind == y_test).mean()),
    )


def best_constant(logs: Array, below: float, above: float) -> float:
    """The log value that has most others from ``below`` under to ``above`` over it."""
    ordered = np.sort(logs)
    ends = np.searchsorted(ordered, ordered + below + above, side="right")
    first = int(np.argmax(ends - np.arange(len(ordered))))
    return float(ordered[first] + above)


def _choices(train: list, test: list) -> Guesses:  # type: ignore[type-arg]
    y_train, y_test = (np.array([e[2] for e in half]) for half in (train, test))
    constant = float(y_train.mean() >= 0.5)
    weights = _fit(_matrix(train), y_train)
    blind = (_matrix(test) @ weights >= 0.5).astype(float)
    return Guesses(
        len(test), "choice", float((y_test == constant).mean()), float((blind == y_test).mean())
    )


_GUESSERS = {"number": _numbers, "count": _counts, "choice": _choices}
