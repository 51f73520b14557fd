"""Counts and existence: facts in, batches of (group of things, number or yes or no) out.

Asked only where everything in the picture is known (``pair_groups``) and, with a relation, where
the view settles it for every thing of the group. No number of things is asked for twice in a
picture, yes and no share their nouns and numbers, so that words alone tell little.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepsight_ros.questions.families.sets import COUNTED_RELATIONS, EXISTING_RELATIONS
from deepsight_ros.questions.types import Form, QuestionType
from deepsight_ros.synthesis.pair_batch import Batch, Codes, Maker, Rng, outcomes
from deepsight_ros.synthesis.pair_facts import THRESHOLDS, Facts
from deepsight_ros.synthesis.pair_groups import Group, Groups, chance_of_yes, countable, groups_of
from deepsight_ros.synthesis.pair_tables import OPEN, SAME, TRUE

RELATIONS_OF: dict[str, tuple[str, ...]] = {
    "count.related": COUNTED_RELATIONS,
    "exists.related": EXISTING_RELATIONS,
}
"""Type -> the relation of each of its phrasings."""
MOST_RELATED = 60
MOST_COMPARED = 30
LEAST_ASKED = 2
"""Numbers that groups are compared with: from here on the plural is right."""


def _batch(
    entry: QuestionType, rows: list[tuple[str, float, dict[str, str], tuple[int, ...]]]
) -> Batch | None:
    """Pairs without things of their own: (outcome, number asked about, words, members)."""
    if not rows:
        return None
    found, threshold, words, members = zip(*rows, strict=True)
    counts = np.array([float(len(m)) for m in members])
    made = outcomes(
        entry, np.zeros((len(rows), 0), dtype=np.int64), list(found), counts,
        threshold=np.array(threshold, dtype=np.float64),
    )  # fmt: skip
    return replace(made, groups=tuple(words), members=tuple(members))


def _how_many(number: int) -> str:
    return "none" if number == 0 else "one" if number == 1 else "many"


def _groups(facts: Facts, rng: Rng) -> Groups:
    """Found once for a sample: every type asks about the same ones."""
    if facts.groups is None:
        facts.groups = groups_of(facts, rng)
    return facts.groups


def _count(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    groups = _groups(facts, rng)
    rows = [
        (_how_many(len(g.members)), np.nan, {"group": g.many}, g.members)
        for g in (*groups.there, *groups.absent)
    ]
    return _batch(entry, rows)


def _exists(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    groups = _groups(facts, rng)
    there = [g for g in groups.there if g.kind != "all" and rng.random() < chance_of_yes(g)]
    out: list[tuple[str, float, dict[str, str], tuple[int, ...]]] = []
    for kind in ("noun", "colour"):
        yes = [g for g in there if g.kind == kind]
        no = [g for g in groups.absent if g.kind == kind]
        for g in [*yes, *no[: len(yes)]]:
            is_there = "yes" if len(g.members) == 1 else "many"
            outcome = is_there if g.members else "no"
            out.append((outcome, np.nan, {"one_of_group": g.one}, g.members))
    return _batch(entry, out)


def _more(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    """Two groups of one kind; a "no" is one that has fewer, or as many."""
    sign = 1 if entry.name.endswith("more") else -1
    rows = []
    for one, two in _couples(_groups(facts, rng), rng):
        is_true = (len(one.members) - len(two.members)) * sign > 0
        rows.append(
            (
                "yes" if is_true else "no", np.nan,
                {"group": one.many, "other_group": two.many}, (*one.members, *two.members),
            )
        )  # fmt: skip
    return _batch(entry, rows)


def _couples(groups: Groups, rng: Rng) -> list[tuple[Group, Group]]:
    out = [
        (a, b)
        for k, a in enumerate(groups.there)
        for b in groups.there[k + 1 :]
        if a.kind == b.kind and a.kind != "all"
    ]
    turned = [out[i] for i in rng.permutation(len(out))[:MOST_COMPARED].tolist()]
    return [pair if rng.random() < 0.5 else pair[::-1] for pair in turned]


def _compared(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    """Each number for one group that has it or exceeds it and one that does not."""
    rows = []
    for one, two in _couples(_groups(facts, rng), rng):
        low, high = sorted((one, two), key=lambda g: len(g.members))
        span = {
            "more_than": (len(low.members), len(high.members) - 1),
            "about": (len(high.members), len(high.members)),
        }.get(entry.relation, (len(low.members) + 1, len(high.members)))
        first = max(span[0], LEAST_ASKED)
        if len(low.members) == len(high.members) or first > span[1]:
            continue
        number = int(rng.integers(first, span[1] + 1))
        for group in (low, high):
            is_high = group is high
            is_true = is_high != (entry.relation == "less_than")
            words = {"group": group.many, "asked": str(number)}
            rows.append(("yes" if is_true else "no", float(number), words, group.members))
    taken = {(r[1], r[3]): r for r in rows}  # a group is compared with a number once
    return _batch(entry, list(taken.values()))


def _related(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    """Groups beside a thing: every member stands so to it or does not, clearly."""
    groups = [g for g in _groups(facts, rng).there if g.is_alone]
    anchors = [k for k in countable(facts) if facts.visible[k]]
    asked = [
        (p, g, c)
        for p in RELATIONS_OF[entry.name]
        for g in groups
        for c in anchors
        if g.kind == "all" or c not in g.members
    ]
    is_count = entry.form is Form.COUNT
    tables = {p: _codes(p, facts).tolist() for p in RELATIONS_OF[entry.name]}
    rows, at, relation = [], [], []
    for i in rng.permutation(len(asked)).tolist():
        predicate, group, anchor = asked[i]
        codes = tables[predicate]
        others = [k for k in group.members if k != anchor]
        said = [codes[k][anchor] for k in others]
        if not said or OPEN in said or SAME in said:
            continue
        there = tuple([k for k, code in zip(others, said, strict=True) if code == TRUE])
        if is_count:
            outcome, words = _how_many(len(there)), {"group": group.many}
        else:
            outcome = "no" if not there else "yes" if len(there) == 1 else "many"
            words = {"one_of_group": group.one}
        rows.append((outcome, np.nan, words, there))
        at.append(anchor)
        relation.append(predicate)
        if len(rows) == MOST_RELATED:
            break
    made = _batch(entry, rows)
    if made is None:
        return None
    roles = np.array(at, dtype=np.int64)[:, None]
    return replace(made, roles=roles, relation=tuple(relation))


def _codes(predicate: str, facts: Facts) -> Codes:
    if predicate in THRESHOLDS:
        nothing = np.full((facts.count, facts.count), OPEN, dtype=np.int8)
        return facts.relations.get(predicate, nothing)
    return facts.outcomes(predicate)[1]


def each_number_once(batch: Batch, rng: Rng) -> Batch:
    """Of the pairs of a picture that count to the same number, one: the small numbers, of which
    there are many, are not the answer more often than others."""
    order = rng.permutation(len(batch))
    _, first = np.unique(batch.value[order], return_index=True)
    return batch.take(order[np.sort(first)])


COUNT_MAKERS: dict[str, Maker] = {
    "count": _count,
    "count.related": _related,
    "count.compare": _compared,
    "count.compare.about": _compared,
    "count.compare.at_least": _compared,
    "count.compare.less_than": _compared,
    "count.more": _more,
    "count.fewer": _more,
    "exists": _exists,
    "exists.related": _related,
}
