"""Reading rules for sets: counts, existence, lists and superlatives."""

from __future__ import annotations

import re
from dataclasses import replace

from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.query import Condition, Query
from deepsight_ros.questions.rules.common import (
    PLACE_PREDICATES,
    QUANTITY_OF_SIZE,
    SIZE_OF_COMPARATIVE,
    comparative,
    is_question_word,
    pick,
    size_named,
    superlative,
    supports,
    things,
)
from deepsight_ros.questions.units import is_length
from deepsight_ros.questions.utterance import Utterance

_VALUE_CUES = ("GT", "LT", "GE", "LE", "UNDER", "WITHIN")


def count(u: Utterance) -> Query | None:
    """ "How many mugs are there?", "how many things are taller than the mug?"."""
    if not u.has("COUNT") or u.units or u.negated or u.numbers:
        return None
    group = u.search(r"COUNT (?:of )?@") or u.search(r"^@(?: ,)? COUNT$")
    if group is None:
        if u.only("COUNT", "EXIST") and not things(u) and not supports(u) and "COUNT" in u.line:
            return None
        return None
    first = int(group.group(1))
    mention = u.mentions[first]
    if mention.is_camera or mention.is_support:
        return None
    return _filtered(u, "count", first, "COUNT", "EXIST")


def count_compared(u: Utterance) -> Query | None:
    """ "Are there three mugs?", "is there more than one box?"."""
    if not u.has("EXIST") or u.units or u.quantities or u.negated or u.has("COUNT", "WHERE"):
        return None
    match = re.search(
        r"EXIST (?:(GT|LT|GE|LE|ABOUT|MORE than|LESS than) )?(?:(<n>) )?(?:of )?<(\d+)>",
        u.line,
    )
    if match is None:
        return None
    word, bare, index = match.groups()
    mention = u.mentions[int(index)]
    number = int(u.numbers[0]) if bare and len(u.numbers) == 1 else mention.number
    if number is None or (bool(u.numbers) and not bare) or mention.determiner == "the":
        return None
    relation = {
        "GT": "more_than", "MORE than": "more_than", "LT": "less_than", "LESS than": "less_than",
        "GE": "at_least", "LE": "at_most", None: "about", "ABOUT": "about",
    }.get(word)  # fmt: skip
    if relation is None:
        return None
    allowed = ["EXIST", "GT", "LT", "GE", "LE", "ABOUT", "MORE", "LESS"]
    base = _filtered(u, "count.compare", int(index), *allowed, number_is_used=True)
    if base is None or base.group is None:
        return None
    group = replace(base.group, number=None, is_plural=True)
    return replace(base, group=group, number=number, relation=relation)


def more_of(u: Utterance) -> Query | None:
    """ "Are there more mugs than bowls?"."""
    if not u.has("EXIST") or u.quantities or u.numbers or u.units or u.negated:
        return None
    if not u.only("EXIST", "MORE", "LESS") or not u.has("MORE", "LESS"):
        return None
    match = u.search(r"(MORE|LESS) @ than @")
    if match is None or len(things(u)) != 2:
        return None
    word, one, two = match.groups()
    pair = (u.mentions[int(one)], u.mentions[int(two)])
    if any(m.number is not None for m in pair):
        return None
    return Query("count.more" if word == "MORE" else "count.fewer", pair)


def exists(u: Utterance) -> Query | None:
    """ "Is there a mug?", "do you see anything on the tray?"."""
    if not u.has("EXIST") or u.units or u.negated or u.numbers or u.has("COUNT", "WHERE"):
        return None
    if is_question_word(u) or "how" in u.tokens or "or" in u.tokens:
        return None
    match = u.search(r"EXIST (?:is )?@") or u.search(r"@ (?:is )?EXIST")
    if match is None:
        return None
    index = int(match.group(1))
    mention = u.mentions[index]
    if not mention.is_thing or mention.number is not None or mention.text.startswith("no "):
        return None
    if mention.noun and mention.noun[-1] == "nothing":
        return None
    return _filtered(u, "exists", index, "EXIST")


def any_that(u: Utterance) -> Query | None:
    """ "Are any objects within 1 m of the stool?", "is anything taller than a metre?"."""
    if (
        u.tokens[0] != "is"
        or u.units
        or u.negated
        or u.numbers
        or u.has("COUNT", "WHERE", "EXIST")
    ):
        return None
    match = re.match(r"is <(\d+)>", u.line)
    if match is None or is_question_word(u) or "or" in u.tokens:
        return None
    mention = u.mentions[int(match.group(1))]
    is_any = mention.determiner == "any" or (
        mention.is_group and mention.noun[-1] in ("anything", "something")
    )
    if not is_any or mention.number is not None or mention.text.startswith("no "):
        return None
    return _filtered(u, "exists", int(match.group(1)))


def any_at_all(u: Utterance) -> Query | None:
    """ "Any mugs on the tray?"."""
    if len(u.tokens) != 1 or not u.mentions or u.mentions[0].determiner != "any":
        return None
    return Query("exists", group=u.mentions[0])


def _filtered(
    u: Utterance, name: str, index: int, *allowed: str, number_is_used: bool = False
) -> Query | None:
    """A set with whatever condition the rest of the sentence puts on it."""
    mention = u.mentions[index]
    rest = [i for i in u.order if i != index]
    cues = u.cues - set(allowed)
    if u.numbers and not number_is_used:
        return None
    if not rest and not cues and not u.quantities:
        if u.has_camera:
            return None
        return Query(name, group=mention)
    condition = condition_of(u, index, rest, frozenset(cues))
    if condition is None:
        return None
    return Query(name, group=mention, condition=condition)


def condition_of(
    u: Utterance, index: int, rest: list[int], cues: frozenset[str]
) -> Condition | None:
    """What the set's members must satisfy."""
    if u.quantities:
        return _value_condition(u, rest, cues)
    anchors = tuple(u.mentions[i] for i in rest)
    relations = [c[4:] for c in cues if c.startswith("REL_")]
    if len(relations) == 1 and len(cues) == 1 and len(rest) == 1 and not u.has_camera:
        if u.search(rf"REL_{relations[0]} @") is None:
            return None
        if anchors[0].is_support and relations[0] != "on":
            return None
        return Condition(relations[0], anchors)
    are_two = len(rest) == 2 or (len(rest) == 1 and anchors[0].is_plural)
    if cues == {"BETWEEN"} and u.search(r"BETWEEN @") and are_two and not u.has_camera:
        return Condition("between", anchors)
    predicate = comparative(u)
    if (
        predicate
        and "than" in u.tokens
        and all(c.startswith(("CMP_", "DIM_", "MORE", "LESS")) for c in cues)
    ):
        if len(rest) == 1 and u.search(r"than @") and not u.has_camera:
            return Condition(predicate, anchors)
        if len(rest) == 1 and u.search(r"than @") and predicate in ("closer", "farther"):
            return Condition(predicate, anchors)
    return None


def _value_condition(u: Utterance, rest: list[int], cues: frozenset[str]) -> Condition | None:
    if len(u.quantities) != 1 or not is_length(u.quantities[0].unit) or supports(u):
        return None
    value = u.quantities[0].value
    relation = next(
        (
            r
            for c, r in (
                ("GE", "at_least"),
                ("LE", "at_most"),
                ("GT", "more_than"),
                ("LT", "less_than"),
            )
            if c in cues
        ),
        "",
    )
    compared = comparative(u)
    others = {c for c in cues if c not in _VALUE_CUES}
    anchors = tuple(u.mentions[i] for i in rest)
    if compared in SIZE_OF_COMPARATIVE and not anchors and not u.has_camera:
        quantity, by_word = SIZE_OF_COMPARATIVE[compared]
        if others == {f"CMP_{compared}"}:
            return Condition("", (), quantity, relation or by_word, value)
    name = size_named(u)
    if name and relation and not anchors and others == {f"DIM_{name}"} and not u.has_camera:
        return Condition("", (), QUANTITY_OF_SIZE.get(name, name), relation, value)
    is_near = others <= {"DIST", "CMP_closer", "CMP_farther"}
    if compared in ("closer", "farther"):
        relation = relation or ("less_than" if compared == "closer" else "more_than")
    if is_near and relation:
        if len(anchors) == 1 and not u.has_camera and u.search(r"(?:of|from|to) @"):
            return Condition("", anchors, "surface_distance", relation, value)
        if not anchors and (u.has_camera or "DIST" in others or compared or "WITHIN" in cues):
            return Condition("", (), "range", relation, value)
    return None


def listing(u: Utterance) -> Query | None:
    """ "What is on the tray?", "which objects are taller than the mug?"."""
    if not is_question_word(u) or u.units or u.negated or u.numbers or u.has("COUNT", "WHERE"):
        return None
    holder = _holder(u)
    if holder is not None:
        return holder
    if u.named("SUP_") or "or" in u.tokens or "how" in u.tokens:
        return None
    group = u.search(r"(?:which|what) (?:of )?@")
    index = int(group.group(1)) if group else -1
    every = list(u.order)
    rest = [i for i in every if i != index]
    named = u.search(r"^@ is what$") or u.search(r"^(?:what|which) is @$")
    if named is not None and u.mentions[every[0]].relation is not None:
        return Query("list", group=u.mentions[every[0]])
    cues = u.cues - {"EXIST"}
    mention = u.mentions[index] if group else Mention("thing", noun=("thing",), is_group=True)
    if mention.is_support or mention.is_camera:
        return None
    if not rest and not cues:
        if group and mention.relation is not None and mention.is_group:
            return Query("list", group=mention)
        return None
    carried = _carried(u, every)
    if carried is not None:
        return carried
    if mention.relation is not None:
        return None
    holds = u.search(r"^what (?:is )?@ (SUPPORTS|CONTAINS)$")
    if holds is not None and len(cues) == 1:
        predicate = "on" if holds.group(2) == "SUPPORTS" else "inside"
        anything = Mention("thing", noun=("thing",), is_group=True)
        return Query("list", group=anything, condition=Condition(predicate, pick(u, rest)))
    if cues == {"SUPPORTS"} and len(rest) == 1 and u.search("SUPPORTS @"):
        return Query("supporter", (u.mentions[rest[0]],))
    placed = "BETWEEN" in cues or any(c.startswith("REL_") for c in cues)
    if not group and not placed and not (u.named("CMP_") and "than" in u.tokens):
        return None
    condition = condition_of(u, index, rest, frozenset(cues))
    if condition is None:
        return None
    if condition.predicate == "under" and u.said & {"directly", "right", "immediately"}:
        return Query("supporter", condition.anchors)  # "directly underneath": what it stands on
    return Query("list", group=mention, condition=condition)


def _carried(u: Utterance, every: list[int]) -> Query | None:
    """ "What is the mug standing on?": the thing below."""
    match = (
        u.search(r"@ (?:is )?REL_on (?:which|what)(?: @)?$")
        or u.search(r"(?:which|what)(?: @)? is @ (?:is )?REL_on(?: of)?$")
        or u.search(r"REL_on (?:which|what)(?: @)? (?:is )?@$")
    )
    if match is None or not u.only("REL_on"):
        return None
    found = [int(g) for g in match.groups() if g is not None]
    subject = next((i for i in found if u.mentions[i].determiner != "which"), -1)
    if subject < 0:
        return None
    if len(every) > 2 or not u.mentions[subject].is_thing:
        return None
    return Query("supporter", (u.mentions[subject],))


def _holder(u: Utterance) -> Query | None:
    """ "Which plate has the orange on it?": the member that another thing stands in relation
    to."""
    match = re.match(
        r"(?:which|what) <(\d+)> <(\d+)> (?:REL|PLACE)_(\w+)(?: ,)?((?: <\d+>| or)*)$", u.line
    )
    if match is None or not u.only("REL_", "PLACE_top") or not u.said & {"has", "have", "with"}:
        return None
    group, other, predicate, rest = match.groups()
    predicate = "on" if predicate == "top" else predicate
    extra = [u.mentions[int(i)] for i in re.findall(r"\d+", rest)]
    if not all(m.is_inherited or m.is_one for m in extra):
        return None  # ", the left or the right one" only says that there are two
    condition = Condition(predicate, (u.mentions[int(other)],), inverse=True)
    return Query("list", group=u.mentions[int(group)], condition=condition)


def extreme(u: Utterance) -> Query | None:
    """ "What is the tallest object?", "which mug is nearest to the bowl?"."""
    if u.quantities or u.units or u.negated or u.numbers or u.has("COUNT") or "how" in u.tokens:
        return None
    if "or" in u.tokens or "than" in u.tokens:
        return None
    named = _named_extreme(u)
    if named is not None:
        return named
    predicate = superlative(u)
    of_two = False
    if predicate is None and is_question_word(u):
        predicate = comparative(u)
        of_two = predicate is not None
    if predicate is None:
        return None
    if not u.only(
        "SUP_", "CMP_", "DIM_", "MOST", "LEAST", "DIST", "MORE", "LESS", "EXIST", "ORD_"
    ):
        return None
    ranks = u.named("ORD_")
    if len(ranks) > 1 or (ranks and of_two):
        return None
    found = things(u)
    anchor = None
    if predicate in ("closer", "farther"):
        near = u.search(r"(?:SUP|CMP)_closer (?:DIST )?(?:(?:to|from|of|by) )?@") or u.search(
            r"(?:SUP|CMP)_\w+ (?:DIST )?(?:to|from|of) @"
        )
        if near is None and len(found) == 2:
            near = u.search(r"(?:to|from) @")
        if near is not None and (
            u.mentions[int(near.group(1))].determiner != "which" and len(found) > 0
        ):
            anchor = int(near.group(1))
    groups = [i for i in found if i != anchor]
    if len(groups) > 1 or (supports(u) and not _only_on_support(u)):
        return None
    if anchor is not None and u.has_camera:
        return None
    group = u.mentions[groups[0]] if groups else None
    if (
        group is not None
        and group.determiner not in ("which", "all")
        and not (group.is_plural or group.is_group or group.number)
    ):
        return None
    if of_two and (
        group is None or not (group.determiner == "which" or group.number == 2 or group.is_plural)
    ):
        return None
    return Query(
        f"{predicate}.superlative",
        anchor=u.mentions[anchor] if anchor is not None else None,
        group=group,
        number=int(ranks[0]) if ranks else None,
        relation="of_all" if of_two else "",
    )


def is_extreme(u: Utterance) -> Query | None:
    """ "Is A the tallest?", "is A the closest object to the camera?", "is A the bigger one?"."""
    if u.quantities or u.units or u.numbers or is_question_word(u) or "or" in u.tokens:
        return None
    if "than" in u.tokens or "how" in u.tokens or u.has("COUNT", "WHERE"):
        return None
    inside = re.fullmatch(
        r"(?:is )?<(\d+)> (?:is )?<(\d+)>((?: (?:to|from|of))? (?:<c>|<\d+>))?", u.line
    )
    if inside is not None:
        subject, whole = (u.mentions[int(g)] for g in inside.groups()[:2])
        order = whole.order
        if order is None or not order.predicate or order.rank != 1 or (whole.number or 1) > 1:
            return None
        anchor = order.anchor
        further = re.search(r"<(\d+)>", inside.group(3) or "")
        if further is not None:
            if anchor is not None or order.predicate not in ("closer", "farther"):
                return None
            anchor = u.mentions[int(further.group(1))]
        group = replace(whole, order=None, is_plural=True, number=2 if order.of_two else None)
        if group.is_bare_group and not order.of_two:
            group = replace(group, noun=("thing",), is_group=True, is_one=False)
        return Query(f"{order.predicate}.extreme", (subject,), anchor, group, negated=u.negated)
    plain = re.fullmatch(
        r"(?:is )?<(\d+)> (?:is )?SUP_(\w+)((?: (?:to|from|of))? (?:<c>|<\d+>))?", u.line
    )
    if plain is None or not u.only("SUP_"):
        return None
    anchor_at = re.search(r"<(\d+)>", plain.group(3) or "")
    predicate = plain.group(2)
    if anchor_at is not None and predicate not in ("closer", "farther"):
        return None
    return Query(
        f"{predicate}.extreme",
        (u.mentions[int(plain.group(1))],),
        anchor=u.mentions[int(anchor_at.group(1))] if anchor_at else None,
        negated=u.negated,
    )


def place_of_group(u: Utterance) -> Query | None:
    """ "Which mug is on the left?"."""
    match = re.fullmatch(r"(?:which|what) (?:of )?<(\d+)> (?:is )?PLACE_(\w+)", u.line)
    if match is None or u.quantities or u.units or u.numbers or u.negated:
        return None
    group = u.mentions[int(match.group(1))]
    predicate = PLACE_PREDICATES.get(match.group(2))
    if predicate is None or group.is_bare_group or group.order is not None:
        return None
    return Query(f"{predicate}.superlative", group=group, relation="of_all")


def _only_on_support(u: Utterance) -> bool:
    return False


def _named_extreme(u: Utterance) -> Query | None:
    """The superlative is inside the mention: "which is the tallest mug?", "nearest thing to
    you?"."""
    found = u.order
    orders = {i: u.mentions[i].order for i in found}
    extremes = [i for i, order in orders.items() if order is not None and order.predicate]
    if len(extremes) != 1:
        return None
    index = extremes[0]
    mention = u.mentions[index]
    order = mention.order
    if order is None or not u.only("EXIST", "BETWEEN") or u.has("BETWEEN"):
        return None
    asks = is_question_word(u) or "is" not in u.tokens
    if (mention.number or 1) > 1:
        return None  # "the two tallest" are two
    if not asks or (u.has("EXIST") and not is_question_word(u)):
        return None
    anchor = order.anchor
    rest = [i for i in found if i != index]
    if order.predicate in ("closer", "farther") and anchor is None:
        near = u.search(rf"<{index}> (?:is )?(?:to|from|of) @") or u.search(
            r"(?:to|from) @ (?:, )?(?:is|what|which)"
        )
        if near is not None:
            other = int(near.group(1))
            anchor = u.mentions[other]
            rest = [i for i in rest if i != other]
        if anchor is not None and u.has_camera:
            return None
    elif u.has_camera and order.predicate not in ("closer", "farther"):
        return None
    if rest:
        return None
    allowed = r"(?:(?:which|what|is|of|,|EXIST|<c>|to|from|<\d+>) ?)+"
    if re.fullmatch(allowed, u.line) is None:
        return None
    group = replace(mention, order=None)
    return Query(
        f"{order.predicate}.superlative",
        anchor=anchor,
        group=None if group.is_bare_group else group,
        number=order.rank if order.rank != 1 else None,
    )


COUNTING = (count, count_compared, more_of, exists, any_that, any_at_all)
RULES = (extreme, is_extreme, place_of_group, listing)
