"""Reading rules for yes/no questions about relations and comparisons between things."""

from __future__ import annotations

import re
from dataclasses import replace

from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.query import Condition, Query
from deepsight_ros.questions.rules.common import (
    PLACE_PREDICATES,
    comparative,
    is_question_word,
    pair,
    pick,
    size_named,
    supports,
    things,
)
from deepsight_ros.questions.utterance import Utterance

_SYMMETRIC = ("touching", "next_to")
_ANYTHING = frozenset({"anything", "something", "thing", "object", "item"})


def relation(u: Utterance) -> Query | None:
    """ "Is A to the left of B?", "does A touch B?", "are A and B side by side?"."""
    if _is_other_form(u) or u.has_camera:
        return None
    predicates = u.named("REL_")
    if len(predicates) != 1 or not u.only("REL_", "EACH", "EXIST") or u.has("EXIST"):
        return None
    predicate = predicates[0]
    found = [i for i in u.order if not u.mentions[i].is_camera]
    if predicate in _SYMMETRIC:
        two = pair(u, things(u))
        if two is None or supports(u):
            return None
        if len(two) == 1 and not _is_mutual(u):
            return None
        return _yes_no(u, predicate, two)
    if len(found) != 2 or u.has("EACH"):
        return None
    theirs = u.search(rf"@ 's REL_{predicate}") or u.search(rf"REL_{predicate} @")
    if theirs is None:
        return None
    anchor = int(theirs.group(1))
    subject = next(i for i in found if i != anchor)
    if u.mentions[subject].is_support or (u.mentions[anchor].is_support and predicate != "on"):
        return None
    return _yes_no(u, predicate, pick(u, [subject, anchor]))


def side(u: Utterance) -> Query | None:
    """ "Is A on B's left?", "does B have A to its left?"."""
    if _is_other_form(u) or u.has_camera or supports(u):
        return None
    places = u.named("PLACE_")
    found = things(u)
    if len(places) != 1 or len(found) != 2 or not u.only("PLACE_", "REL_on"):
        return None
    predicate = PLACE_PREDICATES.get(places[0], "")
    owner = u.search(r"(?:REL_on |to |at )?@ 's PLACE_\w+") or u.search(
        r"than @(?: ,)? (?:is )?<\d+> (?:is )?PLACE_\w+"
    )
    if owner is None or predicate in ("", "higher", "lower"):
        return None
    anchor = int(owner.group(1))
    subject = next(i for i in found if i != anchor)
    return _yes_no(u, predicate, pick(u, [subject, anchor]))


def supporting(u: Utterance) -> Query | None:
    """ "Does the tray support the mug?", "does the box contain the apple?": seen from below."""
    if _is_other_form(u) or u.has_camera or supports(u):
        return None
    found = things(u)
    if len(found) != 2 or not u.only("SUPPORTS", "CONTAINS"):
        return None
    match = u.search(r"@ (?:is )?(SUPPORTS|CONTAINS) @")
    if match is None:
        return None
    predicate = "on" if match.group(2) == "SUPPORTS" else "inside"
    return _yes_no(u, predicate, pick(u, [int(match.group(3)), int(match.group(1))]))


def between(u: Utterance) -> Query | None:
    """ "Is A between B and C?"."""
    if _is_other_form(u) or u.has_camera or supports(u) or u.units:
        return None
    if not u.has("BETWEEN") or not u.only("BETWEEN", "EXIST") or u.has("EXIST"):
        return None
    found = things(u)
    match = u.search(r"BETWEEN @(?: and @)?")
    if match is None or "or" in u.tokens:
        return None
    outer = [int(g) for g in match.groups() if g is not None]
    inner = [i for i in found if i not in outer]
    if len(inner) != 1 or ("is" not in u.tokens and not _is_statement(u)):
        return None
    if len(outer) == 1 and not (
        u.mentions[outer[0]].is_plural or u.mentions[outer[0]].number == 2
    ):
        return None
    return _yes_no(u, "between", pick(u, [*inner, *outer]))


def compared(u: Utterance) -> Query | None:
    """ "Is A taller than B?", "is A closer to C than B?", "is A nearer to B than to C?"."""
    if _is_other_form(u) or supports(u):
        return None
    predicate = comparative(u)
    found = things(u)
    if predicate is None or "than" not in u.tokens:
        return None
    if u.has("REACH") and predicate not in ("higher", "lower"):
        return None
    if not u.only(
        "CMP_", "DIM_", "MORE", "LESS", "THAT", "DIST", "BETWEEN", "SURFACE", "VERTICAL", "REACH"
    ):
        return None
    if len(found) == 2 and not u.has("BETWEEN"):
        than = u.search(r"than (?:(?:THAT|DIST|is|DIM_\w+|of|from|to) )*@")
        if than is None:
            return None
        second = int(than.group(1))
        first = next(i for i in found if i != second)
        of_camera = u.has_camera and predicate in ("closer", "farther")
        # "closer to A than to B" needs a subject; "are you closer to A than to B" has the camera
        to_both = re.search(rf"(?:to|from) <{first}> than|than (?:to|from) <{second}>", u.line)
        if (to_both or u.has_camera) and not of_camera:
            return None
        return _yes_no(u, predicate, pick(u, [first, second]))
    if len(found) == 3 and predicate in ("closer", "farther") and not u.has_camera:
        return _three(u, predicate, found)
    return None


def _three(u: Utterance, predicate: str, found: list[int]) -> Query | None:
    near = r"@ (?:is )?(?:DIST )?CMP_\w+ (?:DIST )?(?:(?:to|from) )?@(?: ,)? than "
    to_both = u.search(near + r"(?:is )?(?:to|from) @")
    if to_both is not None:
        subject, one, two = (int(g) for g in to_both.groups())
        return Query(
            f"{predicate}.yesno",
            pick(u, [one, two]),
            anchor=u.mentions[subject],
            negated=u.negated,
        )
    plain = u.search(near + "@")
    if plain is not None:
        subject, anchor, other = (int(g) for g in plain.groups())
        return Query(
            f"{predicate}.yesno",
            pick(u, [subject, other]),
            anchor=u.mentions[anchor],
            negated=u.negated,
        )
    behind = u.search(r"@ (?:is )?CMP_\w+ than @(?: is)? (?:to|from) @")
    if behind is not None:
        subject, other, anchor = (int(g) for g in behind.groups())
        return Query(
            f"{predicate}.yesno",
            pick(u, [subject, other]),
            anchor=u.mentions[anchor],
            negated=u.negated,
        )
    return None


def same(u: Utterance) -> Query | None:
    """ "Are A and B the same height?", "is A as tall as B?"."""
    if not u.has("SAME") or u.quantities or u.numbers or u.units or is_question_word(u):
        return None
    two = pair(u, things(u))
    if two is None or supports(u) or not u.only("SAME", "DIM_", "DIST", "EACH", "REACH"):
        return None
    if u.has("DIST"):
        if u.named("DIM_"):
            return None
        return Query("closer.same", two, negated=u.negated)
    name = size_named(u)
    predicate = {
        "height": "taller",
        "width": "wider",
        "length": "longer",
        "thickness": "thicker",
        "depth": "deeper",
        "size": "bigger",
        "volume": "bigger",
        "top": "higher",
        "across": "wider",
    }.get(name or "")
    if predicate == "taller" and u.has("REACH"):
        predicate = "higher"
    if predicate is None or u.has_camera:
        return None
    return Query(f"{predicate}.same", two, negated=u.negated)


def _yes_no(u: Utterance, predicate: str, mentions: tuple[Mention, ...]) -> Query | None:
    first = mentions[0]
    if first.is_group and first.noun[-1] in ("anything", "something", "nothing", "everything"):
        if u.negated or first.noun[-1] == "nothing":
            return None
        if u.said & {"name", "list", "find", "show", "give", "identify"} and "is" not in u.tokens:
            group = replace(first, noun=("thing",), determiner="")
            return Query("list", group=group, condition=Condition(predicate, mentions[1:]))
        if first.noun[-1] == "everything":
            return None
        return Query("exists", group=first, condition=Condition(predicate, mentions[1:]))
    if any(m.is_group and m.noun[-1] in ("anything", "something", "nothing") for m in mentions):
        return None
    return Query(f"{predicate}.yesno", mentions, negated=u.negated)


def _is_other_form(u: Utterance) -> bool:
    """Values, choices and "which" questions are read by other rules."""
    return bool(
        u.quantities
        or u.numbers
        or u.units
        or is_question_word(u)
        or "how" in u.tokens
        or "or" in u.tokens
        or u.has("COUNT", "WHERE")
        or u.said & {"nearly", "almost"}
    )


def _is_statement(u: Utterance) -> bool:
    return u.tokens[0].startswith("<")


def _is_mutual(u: Utterance) -> bool:
    return True


RULES = (between, compared, same, side, supporting, relation)
