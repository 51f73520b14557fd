"""Checks of pairs about sets: a claim with its texts in, findings and allowed outcomes out."""

from __future__ import annotations

import re
from itertools import product

from deepsight_ros.evaluation.audit.claim import Claim
from deepsight_ros.evaluation.audit.groups import (
    Asked,
    Members,
    members_of,
    read_question,
    standing,
)
from deepsight_ros.evaluation.audit.language import Text
from deepsight_ros.evaluation.audit.numbers import spoken_numbers
from deepsight_ros.evaluation.audit.verdict import Finding, Tolerance
from deepsight_ros.evaluation.audit.view import View

SET_FORMS = ("count", "count.compare", "count.more", "exists")
_NONE = re.compile(r"\b(?:no|none|zero|nothing)\b")
_A_SINGLE = re.compile(r"\b(?:one|a single)\b")


def check_sets(
    view: View, c: Claim, question: Text, answer: Text, tolerance: Tolerance
) -> tuple[list[Finding], set[str] | None]:
    """Members, numbers and names of a pair about sets.

    Returns:
        Findings, and the outcomes that truth allows ("yes", "no"); None for counts, and where the
        words were not understood.
    """
    asked = read_question(c.question, question, c.form)
    if asked is None:
        return [Finding("unchecked", f"'{c.question}' was not understood as a {c.form}")], None
    out = _relation(c, asked)
    if out:
        return out, None
    sets = [members_of(view, words) for words in (asked.first, asked.second) if words]
    stored = set(c.ids)
    if asked.anchor is not None:
        sets = [standing(view, s, asked, c.ids[0], tolerance) for s in sets]
        stored = set(c.ids[1:])
    sure = frozenset[str]().union(*(s.sure for s in sets))
    maybe = frozenset[str]().union(*(s.maybe for s in sets))
    if not sure <= stored <= maybe:
        wrong = sorted((sure - stored) | (stored - maybe))
        out.append(Finding("names", f"{wrong} are wrongly in or out of what is counted"))
    numbers = range(len(sets[0].sure), len(sets[0].maybe) + 1)
    if c.form != "count.more":
        out += _spoken(c, numbers)
        about = maybe if asked.anchor is None else maybe | {c.ids[0]}
        named = [m.ids for m in answer.mentions if not m.ids & about]
        if named and not _NONE.search(c.answer.lower()):
            out.append(Finding("text", f"the answer names {sorted(map(sorted, named))}"))
    if c.form == "count":
        if c.value not in numbers:
            out.append(Finding("value", f"stored {c.value}, true {list(numbers)}"))
        return out, None
    if asked.number is not None and c.threshold != asked.number:
        out.append(Finding("threshold", f"asks about {asked.number:g}, stored {c.threshold}"))
    if (c.form == "count.compare" or c.form == "count.more") and asked.sign != c.sign:
        out.append(Finding("words", "the question compares the other way round"))
    return out, _allowed(c, asked, sets)


def _relation(c: Claim, asked: Asked) -> list[Finding]:
    related = c.type.endswith(".related")
    if related != (asked.anchor is not None):
        return [Finding("words", f"'{c.type}', but the words name {asked.relation or 'none'}")]
    if asked.anchor is None:
        return []
    if not c.ids or c.ids[0] not in asked.anchor.ids:
        return [Finding("names", f"{c.ids[:1]} is not the thing named")]
    if c.quantity != asked.relation:
        return [Finding("words", f"the words ask for {asked.relation}, stored {c.quantity}")]
    return []


def _spoken(c: Claim, numbers: range) -> list[Finding]:
    """A number in the answer is one of those that truth allows."""
    low = c.answer.lower()
    said = [s.si for s in spoken_numbers(c.answer) if not s.kind]
    if c.form == "count" and not said:
        said = [0.0] if _NONE.search(low) else [1.0] if _A_SINGLE.search(low) else []
        if not said:
            return [Finding("text", "the answer names no number")]
    if said and said[0] not in numbers:
        return [Finding("text", f"the answer says {said[0]:g}, true {list(numbers)}")]
    return []


def _allowed(c: Claim, asked: Asked, sets: list[Members]) -> set[str]:
    spans = [range(len(s.sure), len(s.maybe) + 1) for s in sets]
    out = set()
    for numbers in product(*spans):
        if c.form == "exists":
            is_true = numbers[0] > 0
        elif c.form == "count.more":
            is_true = (numbers[0] - numbers[1]) * asked.sign > 0
        else:
            more = numbers[0] - (asked.number or 0.0)
            is_true = more == 0 if asked.sign == 0 else more * asked.sign > 0
            is_true = is_true or (more == 0 and not asked.strict)
        out.add("yes" if is_true else "no")
    return out
