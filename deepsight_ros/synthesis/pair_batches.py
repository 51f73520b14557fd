"""Which questions a sample can answer, type by type: facts in, batches of (objects, answer) out.

A batch holds every pair of one catalogue type as arrays, before anything is put in words; each
(type, objects) occurs once. Comparisons with a number share each number between a thing that
exceeds it and one that does not, so that the number alone tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.families.relations import EITHER
from deepsight_ros.questions.ordering import COMPARED
from deepsight_ros.questions.types import Form, QuestionType
from deepsight_ros.synthesis.pair_batch import (
    Array,
    Batch,
    Codes,
    Index,
    Maker,
    Rng,
    numbers,
    outcomes,
    two_digits,
    yes_or_no,
)
from deepsight_ros.synthesis.pair_counts import COUNT_MAKERS
from deepsight_ros.synthesis.pair_facts import THRESHOLDS, Facts
from deepsight_ros.synthesis.pair_free import FREE_MAKERS
from deepsight_ros.synthesis.pair_seen import tolerances
from deepsight_ros.synthesis.pair_tables import (
    AXES,
    FALSE,
    OPEN,
    PAIRS,
    RAYS,
    SAME,
    SINGLES,
    TRUE,
)

SYMMETRIC = frozenset({*PAIRS, "touching", "next_to"} - {"direction"})
_MORE = frozenset({"more_than", "at_least"})
_LEAST_RATIO = 1.15
_ABOUT = 0.05
_NAMES = {TRUE: "yes", FALSE: "no", SAME: "same"}


def batch_of(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    """All pairs of one type about a sample; None when there are none."""
    maker = maker_of(entry)
    if maker is None or facts.count == 0 or not facts.can_ask(_needs(entry)):
        return None
    made = maker(entry, facts, rng)
    if made is not None and entry.key == "grasp_width":  # nobody grasps the gripper
        held = np.array([o.is_gripper for o in facts.items], dtype=bool)[made.roles[:, 0]]
        made = made.take(np.flatnonzero(~held))
    return made if made is not None and len(made) else None


def _needs(entry: QuestionType) -> str:
    """What must be known: sizes compare through their quantity, "next to" through lengths."""
    return "direction" if entry.name == "where" else entry.key


def maker_of(entry: QuestionType) -> Maker | None:
    """How pairs of a type are made; None for types that the pair engine leaves to live use."""
    return _MAKERS.get(entry.name)


# -- numbers ----------------------------------------------------------------------------------


def _single(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    values, good = facts.number(entry.key)
    lower, upper = values.interval(entry.key)
    at = np.flatnonzero(good)
    return numbers(entry, at[:, None], values.value[at], lower[at], upper[at])


def _pair(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    values, good = facts.number(entry.key)
    if entry.key in SYMMETRIC:
        good = np.triu(good, 1)
    lower, upper = values.interval(entry.key)
    roles = np.argwhere(good)
    i, j = roles.T
    value = values.value[i, j]
    if entry.key == "direction":
        value = np.round(value) % 12
        value = np.where(value == 0, 12.0, value)
    return numbers(entry, _turned(roles, entry, rng), value, lower[i, j], upper[i, j])


def _turned(roles: Index, entry: QuestionType, rng: Rng) -> Index:
    """Symmetric pairs in either order of mention."""
    if entry.key not in SYMMETRIC or not len(roles):
        return roles
    swap = rng.random(len(roles)) < 0.5
    return np.where(swap[:, None], roles[:, ::-1], roles)


def _camera_direction(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    hours, good = facts.camera_hours
    at = np.flatnonzero(good)
    value = _hour(hours[at])
    return numbers(entry, at[:, None], value, value, value)


def _hour(hours: Array) -> Array:
    turned = np.round(hours) % 12
    return np.where(turned == 0, 12.0, turned)


def _where(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    values, good = facts.number("range")
    hours, clear = facts.camera_hours
    at = np.flatnonzero(good & clear)
    lower, upper = values.interval("range")
    return numbers(
        entry, at[:, None], values.value[at], lower[at], upper[at], _hour(hours[at])[:, None]
    )


def _dimensions(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    values, good = facts.number("volume")
    sides = []
    for quantity in ("width", "depth", "height"):
        side, known = facts.number(quantity)
        good = good & known
        sides.append(side.value)
    at = np.flatnonzero(good)
    lower, upper = values.interval("volume")
    further = np.stack(sides, axis=1)[at]
    return numbers(entry, at[:, None], values.value[at], lower[at], upper[at], further)


def _difference(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    found, outcome = facts.outcomes(entry.key)
    quantity = COMPARED[entry.key]
    _, good = facts.number(quantity)
    clear = np.isin(outcome, (TRUE, FALSE)) & good[:, None] & good[None, :]
    roles = np.argwhere(clear)
    i, j = roles.T
    value = found.difference[i, j]
    half = np.where(found.margin > found.nominal, found.margin, 0.0)[i, j]
    made = numbers(entry, roles, value, value - half, value + half)
    return replace(made, outcome=["less" if v < 0 else "value" for v in value.tolist()])


# -- numbers compared with a number -----------------------------------------------------------


def _compared(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    values, good = facts.number(entry.key)
    if entry.key in SINGLES:
        roles = np.flatnonzero(good)[:, None]
        value = values.value[roles[:, 0]]
        interval = [x[roles[:, 0]] for x in values.interval(entry.key)]
    else:
        roles = np.argwhere(np.triu(good, 1))
        value = values.value[roles[:, 0], roles[:, 1]]
        interval = [x[roles[:, 0], roles[:, 1]] for x in values.interval(entry.key)]
    if entry.relation == "about":
        chosen, threshold, is_yes = _matched_about(value, rng)
    else:
        chosen, threshold, above = _matched(value, interval[0], interval[1], rng)
        is_yes = above if entry.relation in _MORE else ~above
    if not len(chosen):
        return None
    roles = _turned(roles[chosen], entry, rng)
    lower, upper = interval[0][chosen], interval[1][chosen]
    made = outcomes(entry, roles, yes_or_no(is_yes), value[chosen], threshold=threshold)
    return replace(made, lower=lower, upper=upper)


def _matched(
    value: Array, lower: Array, upper: Array, rng: Rng
) -> tuple[Index, Array, NDArray[np.bool_]]:
    """Numbers to compare with, each for one value above and one below it.

    Returns:
        (places in ``value``, threshold, whether the value is above), places unique.
    """
    order = np.argsort(value + rng.random(len(value)) * 1e-9)
    half = len(order) // 2
    if half == 0:
        return order[:0], value[:0], np.zeros(0, dtype=bool)
    low, high = order[:half], order[-half:]
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = two_digits(np.sqrt(np.maximum(value[low], 1e-4) * value[high]))
    edge_low = np.maximum(upper[low], value[low] + tolerances(value[low]))
    edge_high = np.minimum(lower[high], value[high] - tolerances(value[high]))
    clear = (edge_low * _LEAST_RATIO**0.5 < middle) & (middle < edge_high) & (middle > 0)
    clear &= value[high] > _LEAST_RATIO * value[low]
    low, high, middle = low[clear], high[clear], middle[clear]
    above = np.repeat([False, True], len(low))
    return np.concatenate([low, high]), np.concatenate([middle, middle]), above


def _matched_about(value: Array, rng: Rng) -> tuple[Index, Array, NDArray[np.bool_]]:
    """Numbers close to one value and far from another."""
    order = rng.permutation(len(value))
    half = len(order) // 2
    one, two = order[:half], order[half : 2 * half]
    said = two_digits(np.maximum(value[one], 1e-4))
    width = np.maximum(0.001, _ABOUT * said)
    slack = np.maximum(tolerances(value[two]), width)
    clear = (np.abs(value[one] - said) < 0.6 * width) & (np.abs(value[two] - said) > 2 * slack)
    one, two, said = one[clear], two[clear], said[clear]
    yes = np.repeat([True, False], len(one))
    return np.concatenate([one, two]), np.concatenate([said, said]), yes


def _direction_compared(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    values, good = facts.number("direction")
    roles = np.argwhere(good)
    hours = _hour(values.value[roles[:, 0], roles[:, 1]])
    yes = rng.random(len(roles)) < 0.5
    other = (hours - 1 + rng.integers(2, 11, len(roles))) % 12 + 1
    threshold = np.where(yes, hours, other)
    return outcomes(entry, roles, yes_or_no(yes), hours, threshold=threshold)


# -- predicates -------------------------------------------------------------------------------


def _codes(predicate: str, facts: Facts) -> Codes:
    if predicate in THRESHOLDS:
        nothing = np.full((facts.count, facts.count), OPEN, dtype=np.int8)
        return facts.relations.get(predicate, nothing)
    return facts.outcomes(predicate)[1]


def _yesno(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    codes = _codes(entry.key, facts)
    if entry.key in SYMMETRIC:
        codes = np.where(np.triu(np.ones_like(codes), 1) > 0, codes, OPEN)
    roles = np.argwhere(codes != OPEN)
    outcome = [_NAMES[c] for c in codes[roles[:, 0], roles[:, 1]].tolist()]
    return outcomes(entry, _turned(roles, entry, rng), outcome)


def _same(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    _, codes = facts.outcomes(entry.key)
    roles = np.argwhere(np.triu(codes != OPEN, 1))
    alike = codes[roles[:, 0], roles[:, 1]] == SAME
    swap = rng.random(len(roles)) < 0.5
    roles = np.where(swap[:, None], roles[:, ::-1], roles)
    return outcomes(entry, roles, yes_or_no(alike))


def _either(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    words = next(
        (w[0], w[1]) if pair[0] == entry.key else (w[1], w[0])
        for pair, w in EITHER.items()
        if entry.key in pair
    )
    codes = _codes(entry.key, facts)
    roles = np.argwhere(codes != OPEN)
    found = codes[roles[:, 0], roles[:, 1]].tolist()
    outcome = ["same" if c == SAME else "one" for c in found]
    said = tuple(words[0] if c == TRUE else words[1] if c == FALSE else "same" for c in found)
    return outcomes(entry, roles, outcome, words=said)


def _choice(entry: QuestionType, facts: Facts, rng: Rng) -> Batch:
    codes = _codes(entry.key, facts)
    roles = np.argwhere(np.triu(codes != OPEN, 1))
    roles = np.where((rng.random(len(roles)) < 0.5)[:, None], roles[:, ::-1], roles)
    found = codes[roles[:, 0], roles[:, 1]]
    winner = np.where(found == TRUE, roles[:, 0], roles[:, 1]).astype(np.float64)
    outcome = ["same" if c == SAME else "one" for c in found.tolist()]
    return outcomes(entry, roles, outcome, np.where(found == SAME, np.nan, winner))


def _thirds(facts: Facts, key: str) -> Iterator[tuple[int, Codes]]:
    for third in np.flatnonzero(facts.visible).tolist():
        yield third, facts.nearer(third, 1 if key == "farther" else -1)


def _yesno_third(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    parts, outcome = [], []
    for third, codes in _thirds(facts, entry.key):
        roles = np.argwhere(codes != OPEN)
        parts.append(np.column_stack([roles, np.full(len(roles), third)]))
        outcome += [_NAMES[c] for c in codes[roles[:, 0], roles[:, 1]].tolist()]
    return outcomes(entry, np.concatenate(parts), outcome) if parts else None


def _choice_third(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    parts, outcome, winners = [], [], []
    for third, codes in _thirds(facts, entry.key):
        roles = np.argwhere(np.triu(codes != OPEN, 1))
        roles = np.where((rng.random(len(roles)) < 0.5)[:, None], roles[:, ::-1], roles)
        found = codes[roles[:, 0], roles[:, 1]]
        winner = np.where(found == TRUE, roles[:, 0], roles[:, 1]).astype(np.float64)
        winners.append(np.where(found == SAME, np.nan, winner))
        parts.append(np.column_stack([roles, np.full(len(roles), third)]))
        outcome += ["same" if c == SAME else "one" for c in found.tolist()]
    if not parts:
        return None
    return outcomes(entry, np.concatenate(parts), outcome, np.concatenate(winners))


MOST_TRIPLES = 40


def _between(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    at = np.flatnonzero(facts.visible)
    triples = np.array(
        [(m, a, b) for k, a in enumerate(at) for b in at[k + 1 :] for m in at if m not in (a, b)]
    ).reshape(-1, 3)
    triples = triples[rng.permutation(len(triples))[:MOST_TRIPLES]]
    codes = np.array(
        [facts.threshold("between", tuple(t)) for t in triples.tolist()], dtype=np.int8
    )
    good = codes != OPEN
    if not good.any():
        return None
    roles = triples[good]
    swap = rng.random(len(roles)) < 0.5
    roles = np.where(swap[:, None], roles[:, [0, 2, 1]], roles)
    return outcomes(entry, roles, [_NAMES[c] for c in codes[good].tolist()])


# -- over all objects -------------------------------------------------------------------------


def _countable(facts: Facts) -> Index | None:
    """Objects that counts and superlatives are about; None when some are out of view."""
    at = np.array([k for k, o in enumerate(facts.items) if not o.is_gripper], dtype=np.int64)
    return at if len(at) > 1 and facts.visible[at].all() else None


def _winner(codes: Codes, at: Index) -> int | None:
    """The one of ``at`` that beats every other, where the view settles all of it."""
    own = codes[np.ix_(at, at)]
    beats = ((own == TRUE) | np.eye(len(at), dtype=bool)).all(axis=1)
    return int(at[beats.argmax()]) if beats.any() else None


def _superlative(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    at = _countable(facts)
    if at is None:
        return None
    winner = _winner(_codes(entry.key, facts), at)
    if winner is None:
        return None
    nobody = np.zeros((1, 0), dtype=np.int64)
    return outcomes(entry, nobody, ["one"], np.array([float(winner)]))


def _superlative_third(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    at = _countable(facts)
    if at is None:
        return None
    found = []
    for third, codes in _thirds(facts, entry.key):
        others = at[at != third]
        winner = _winner(codes, others) if len(others) > 1 else None
        if winner is not None:
            found.append((third, winner))
    if not found:
        return None
    thirds, winners = np.array(found).T
    return outcomes(entry, thirds[:, None], ["one"] * len(found), winners.astype(np.float64))


def _extreme(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    at = _countable(facts)
    if at is None:
        return None
    winner = _winner(_codes(entry.key, facts), at)
    if winner is None:
        return None
    other = int(rng.choice(at[at != winner]))
    roles = np.array([[winner], [other]])
    return outcomes(entry, roles, ["yes", "no"], np.array([float(winner)] * 2))


def _related(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    """Which of two stands so to a third; or to which of two the third stands so."""
    codes = _codes(entry.key, facts)
    if entry.name.endswith("which_anchor"):
        codes = codes.T
    parts, winners = [], []
    for third in range(facts.count):
        yes = np.flatnonzero(codes[:, third] == TRUE)
        no = np.flatnonzero(codes[:, third] == FALSE)
        if not len(yes) or not len(no):
            continue
        pairs = np.column_stack([np.repeat(yes, len(no)), np.tile(no, len(yes))])
        winners.append(pairs[:, 0])
        swap = rng.random(len(pairs)) < 0.5
        pairs = np.where(swap[:, None], pairs[:, ::-1], pairs)
        parts.append(np.column_stack([pairs, np.full(len(pairs), third)]))
    if not parts:
        return None
    roles, won = np.concatenate(parts), np.concatenate(winners)
    return outcomes(entry, roles, ["one"] * len(roles), won.astype(np.float64))


def _makers() -> dict[str, Maker]:
    by_name: dict[str, Maker] = {
        "direction.camera": _camera_direction,
        "direction.compare": _direction_compared,
        "where": _where,
        "dimensions": _dimensions,
        "between.yesno": _between,
    }
    ends: dict[str, Maker] = {
        "difference": _difference,
        "same": _same,
        "either": _either,
        "choice": _choice,
        "superlative": _superlative,
        "extreme": _extreme,
        "related": _related,
        "which_anchor": _related,
        "yesno": _yesno,
    }
    thirds: dict[str, Maker] = {
        "yesno": _yesno_third,
        "choice": _choice_third,
        "superlative": _superlative_third,
    }
    judged = {*COMPARED, *AXES, *RAYS}
    out: dict[str, Maker] = {}
    by_name |= COUNT_MAKERS | FREE_MAKERS
    for name, entry in CATALOGUE.items():
        _, _, rest = name.partition(".")
        if name in by_name:
            out[name] = by_name[name]
        elif name in SINGLES:
            out[name] = _single
        elif name in PAIRS:
            out[name] = _pair
        elif entry.form is Form.COMPARE and entry.key in (*SINGLES, *PAIRS):
            out[name] = _compared
        elif rest.endswith(".third"):
            out[name] = thirds[rest.removesuffix(".third")]
        elif rest == "either" and entry.key in ("over", "under", "on"):
            continue  # neither of the two is the rule there, which tells the answer
        elif rest in ends and (entry.key in judged or entry.key in THRESHOLDS):
            out[name] = ends[rest]
    return out


_MAKERS = _makers()
MADE_TYPES: tuple[str, ...] = tuple(_MAKERS)
"""Catalogue types that the pair engine asks."""
