"""Reading rules for choices: "which is closer, A or B?", "is A on B or on C?", "left or
right?"."""

from __future__ import annotations

import re

from deepsight_ros.questions.query import Query
from deepsight_ros.questions.rules.common import (
    PLACE_PREDICATES,
    comparative,
    coordinated,
    is_question_word,
    pick,
    superlative,
    supports,
    things,
)
from deepsight_ros.questions.utterance import Utterance

_OPPOSITES = {
    "left_of": "right_of",
    "above": "below",
    "over": "under",
    "in_front_of": "behind",
    "taller": "shorter",
    "bigger": "smaller",
    "wider": "narrower",
    "thicker": "thinner",
    "closer": "farther",
    "higher": "lower",
    "on": "under",
    "longer": "less_long",
    "deeper": "shallower",
}
_PAIRS = set(_OPPOSITES.items()) | {(b, a) for a, b in _OPPOSITES.items()}
_PAIRS |= {("longer", "shorter"), ("shorter", "longer"), ("above", "under"), ("under", "above")}
_ALLOWED = (
    "CMP_",
    "SUP_",
    "DIM_",
    "MORE",
    "LESS",
    "MOST",
    "LEAST",
    "DIST",
    "BETWEEN",
    "EACH",
    "THAT",
    "VERTICAL",
    "PLACE_",
    "SURFACE",
    "DIFFERENCE",
)


def either(u: Utterance) -> Query | None:
    """ "Is A to the left or to the right of B?": two relations to choose from."""
    if u.quantities or u.numbers or u.units or u.negated:
        return None
    found = things(u)
    if "or" not in u.tokens or "which" in u.tokens or "what" in u.tokens:
        return None
    kind = r"(?:CMP|REL|PLACE)_(\w+)"
    line = re.sub(r"BEFORE(?= or REL_behind)|(?<=REL_behind or )BEFORE", "REL_in_front_of", u.line)
    match = re.search(rf"{kind}(?: of| than)?(?: <\d+>)?(?: ,)? or (?:is )?(?:to )?{kind}", line)
    if match is None:
        return None
    first, second = (PLACE_PREDICATES.get(m, m) for m in match.groups())
    if first in ("higher", "lower") and second in ("below", "above", "under", "over"):
        first = {"higher": "above", "lower": "below"}[first]
    if (first, second) not in _PAIRS or not u.only(
        "CMP_", "REL_", "PLACE_", "DIM_", "DIST", "WHERE", "BEFORE"
    ):
        return None
    if u.named("DIM_") and not {first, second} <= {
        "bigger",
        "smaller",
        "longer",
        "shorter",
        "less_long",
    }:
        return None
    if u.named("DIM_"):
        return None
    if (first, second) in (("longer", "shorter"), ("shorter", "longer")):
        first, second = ("longer", "less_long") if first == "longer" else ("less_long", "longer")
    things_in_order = found
    if len(found) == 2:
        if supports(u):
            return None
        after = re.search(
            r"(?:REL|CMP|PLACE)_\w+ (?:than |of |from |to )?<(\d+)>$", u.line.rstrip(" ,")
        )
        if (after is not None and int(after.group(1)) == found[0]) or re.match(
            r"(?:than|of) <(\d+)>", u.line
        ):
            things_in_order = found[::-1]
        if u.has_camera and first not in ("closer", "farther"):
            return None
        return Query(f"{first}.either", pick(u, things_in_order))
    return None


def options(u: Utterance) -> Query | None:
    """ "Which is taller, A or B?", "is A closer to B or to C?", "A vs B: which is lower?"."""
    if u.quantities or u.numbers or u.negated or u.units:
        return None
    found = things(u)
    if len(found) < 2 or u.named("REL_"):
        return None
    predicate = comparative(u) or superlative(u)
    if predicate is None and not u.named("CMP_") and not u.named("SUP_"):
        places = [PLACE_PREDICATES.get(p, "") for p in u.named("PLACE_")]
        predicate = places[0] if len(places) == 1 and places[0] else None
    if predicate is None or not u.only(*_ALLOWED):
        return None
    if supports(u):
        return None
    asks = is_question_word(u)
    has_or = "or" in u.tokens or "vs" in u.tokens
    if "than" in u.tokens and not asks:
        return None
    # "of A and B, the wider one": a list in front and a comparison without "than"
    listed_first = coordinated(u) == found and "than" not in u.tokens and "is" not in u.tokens[:1]
    if (
        not asks
        and not has_or
        and not (listed_first and u.search(r"(?:,|is) (?:CMP|SUP)_\w+(?: is)?"))
    ):
        return None
    chosen, anchor = _roles(u, found, predicate, asks)
    if len(chosen) < 2:
        return None
    rest = [
        i for i in found if i not in chosen and i != anchor and u.mentions[i].determiner != "which"
    ]
    if rest or (anchor is not None and predicate not in ("closer", "farther")):
        return None
    if u.has("THAT") or (u.has("SURFACE") and predicate not in ("closer", "farther")):
        return None
    if anchor is not None and u.has_camera:
        return None
    if (
        u.mentions[chosen[0]].determiner == "which"
        and len(chosen) == len(found) == 2
        and not has_or
    ):
        return None
    return Query(
        f"{predicate}.choice",
        pick(u, chosen),
        anchor=u.mentions[anchor] if anchor is not None else None,
    )


def _roles(
    u: Utterance, found: list[int], predicate: str, asks: bool
) -> tuple[list[int], int | None]:
    """The options and what they are compared about ("closer to <anchor>")."""
    found = [i for i in found if not (u.mentions[i].determiner == "which" and len(found) > 2)]
    if predicate not in ("closer", "farther"):
        if len(found) == 2 or coordinated(u) == found:
            return found, None
        return coordinated(u), None
    near = u.search(r"(?:CMP|SUP)_closer (?:DIST )?(?:(?:to|from|of) )?@") or u.search(
        r"(?:CMP|SUP)_\w+ (?:(?:DIST|is|MORE|LESS) )*(?:to|from|of) @"
    )
    listed = coordinated(u, by_or=True) or coordinated(u)
    if len(found) == 2:
        anchored = near is not None and int(near.group(1)) in found and not listed
        return ([], None) if anchored else (found, None)
    if near is not None and int(near.group(1)) not in listed:
        return listed, int(near.group(1))
    subject = u.search(r"(?:^|is|does|,) @ (?:is )?(?:DIST )?CMP_\w+ (?:DIST )?(?:to|from)")
    if subject is not None and len(found) == 3:
        first = int(subject.group(1))
        others = [i for i in found if i != first]
        if "or" in u.tokens or "than" in u.tokens:
            return others, first
    if near is not None and len(found) == 3:
        anchor = int(near.group(1))
        # "closer to A , B or C": the list swallowed the anchor
        if listed and listed[0] == anchor:
            return [i for i in found if i != anchor], anchor
    before = u.search(r"(?:to|from) @ (?:, )?(?:which|what|is)")
    if before is not None and int(before.group(1)) not in listed:
        return listed, int(before.group(1))
    if len(listed) == len(found):
        return listed, None
    rest = [i for i in found if i not in listed]
    if len(rest) == 1 and re.search(rf"(?:to|from) <{rest[0]}>", u.line):
        return listed, rest[0]
    return [], None


def related(u: Utterance) -> Query | None:
    """ "Which is on the tray, A or B?", "is A on B or on C?"."""
    if u.quantities or u.numbers or u.negated or u.units:
        return None
    if not u.only("REL_", "BETWEEN") or u.has_camera or "or" not in u.tokens:
        return None
    predicates = u.named("REL_")
    every = [i for i in u.order if not u.mentions[i].is_camera]
    if len(predicates) != 1 or len(every) != 3:
        return None
    predicate = predicates[0]
    anchor = u.search(rf"REL_{predicate} @")
    if anchor is None:
        return None
    first = int(anchor.group(1))
    subject = u.search(
        rf"(?:^|is|,) @ (?:is )?REL_{predicate} @(?: ,)? or (?:is )?(?:REL_{predicate} )?@"
    )
    if subject is not None:
        one, two, three = (int(g) for g in subject.groups())
        if one == every[0] or u.line.startswith("is"):
            return Query(
                f"{predicate}.which_anchor", pick(u, [two, three]), anchor=u.mentions[one]
            )
    others = [i for i in every if i != first]
    listed = coordinated(u, by_or=True)
    if [i for i in listed if i != first] == others and not any(
        u.mentions[i].is_support for i in others
    ):
        return Query(f"{predicate}.related", pick(u, others), anchor=u.mentions[first])
    return None


RULES = (either, related, options)
