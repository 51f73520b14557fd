"""Reading rules for numbers: distances, sizes, range, direction, place."""

from __future__ import annotations

from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.rules.common import (
    QUANTITY_OF_SIZE,
    comparative,
    pair,
    pick,
    size_named,
    supports,
    things,
    unit_for,
)
from deepsight_ros.questions.units import is_volume
from deepsight_ros.questions.utterance import Utterance


def _query(
    u: Utterance, quantity: str, mentions: tuple[Mention, ...], name: str = ""
) -> Query | None:
    unit = unit_for(u, quantity)
    if unit is None or u.negated or u.quantities:
        return None
    return Query(name or quantity, mentions, unit=unit)


def distance(u: Utterance) -> Query | None:
    """How far apart two things are, by any of the definitions."""
    found = things(u)
    two = pair(u, found)
    if two is None or u.has_camera or u.numbers:
        return None
    kinds = {"CENTRE", "HORIZONTAL", "VERTICAL", "MEAN", "SURFACE"} & u.cues
    allowed = ["DIST", "BETWEEN", "EACH", "COUNT", "EXIST", "FREE", *kinds]
    if u.search(r"from @ to @") or u.search(r"to @"):
        allowed += ["MOVE"]  # "how far would I have to go from A to B"
    if u.has("MOVE", "REACH") and any(m.is_gripper for m in two):
        allowed += ["MOVE", "REACH"]
    if u.has("DIST") and u.has("BETWEEN"):
        allowed += ["DIM_width", "DIM_size", "DIM_length", "DIM_across"]
    if u.has("DIST", "VERTICAL"):
        allowed += ["DIFFERENCE"]
    if len(two) == 1 and not (u.has("BETWEEN", "EACH") or "apart" in u.line or u.has("DIST")):
        return None
    above = u.search(r"REL_(?:above|over|below|under) @")
    if above and u.has("DIST"):
        if not u.only(*allowed, "REL_above", "REL_over", "REL_below", "REL_under", "AHEAD"):
            return None
        return _query(u, "vertical_distance", two)
    # "how much desk is there between A and B"
    is_filled = "much" in u.said and u.has("BETWEEN") and "how" in u.tokens
    if not u.only(*allowed) or (supports(u) and not is_filled):
        return None
    is_asked = u.has("DIST") or bool(kinds - {"SURFACE"}) or is_filled
    if not is_asked:
        measures = bool(u.units) or bool(u.said & {"measure", "measured", "measurement"})
        telegraphic = measures and (u.has("BETWEEN") or u.search(r"(?:from )?@ to @"))
        if not telegraphic:
            return None
    if "MEAN" in kinds:
        quantity = "mean_nearest_distance"
    elif "HORIZONTAL" in kinds and "VERTICAL" in kinds:
        return None
    elif "HORIZONTAL" in kinds:
        quantity = "horizontal_distance"
    elif "VERTICAL" in kinds:
        quantity = "vertical_distance"
    elif "CENTRE" in kinds:
        if "SURFACE" in kinds:
            return None
        quantity = "centre_distance"
    else:
        quantity = "surface_distance"
    return _query(u, quantity, two)


def vertical_lead(u: Utterance) -> Query | None:
    """ "How much higher is A than B": the vertical distance."""
    found = things(u)
    if len(found) != 2 or not ("how" in u.tokens or (u.has("COUNT") and u.units)):
        return None
    if comparative(u) not in ("higher", "lower") or "than" not in u.tokens or u.has_camera:
        return None
    if not u.only("CMP_higher", "CMP_lower", "COUNT", "CENTRE", "VERTICAL"):
        return None
    return _query(u, "vertical_distance", pick(u, found))


def difference(u: Utterance) -> Query | None:
    """ "How much taller is A than B?", "the difference in height between A and B"."""
    found = things(u)
    if len(found) != 2 or u.numbers:
        return None
    predicate = comparative(u)
    if predicate in ("less_long", "shallower"):
        return None
    is_how = "how" in u.tokens or (u.has("COUNT") and bool(u.units)) or u.has("DIFFERENCE")
    if predicate and is_how and "than" in u.tokens and u.search(r"than (?:THAT )?@"):
        if not u.only(
            "CMP_", "DIM_", "COUNT", "DIFFERENCE", "THAT", "MORE", "LESS", "DIST", "REACH"
        ):
            return None
        if u.has_camera and predicate not in ("closer", "farther"):
            return None
        anchor = u.search(r"than (?:THAT )?@")
        if anchor is None or (u.has("DIST") and predicate not in ("closer", "farther")):
            return None
        second = int(anchor.group(1))
        first = next(i for i in found if i != second)
        unit = unit_for(u, "volume" if predicate in ("bigger", "smaller") else "height")
        if unit is None or u.negated or u.quantities or predicate in _PLACES:
            return None
        return Query(f"{predicate}.difference", pick(u, [first, second]), unit=unit)
    size = size_named(u)
    if u.has("DIFFERENCE") and size in _DIFFERENCES and u.only("DIFFERENCE", "DIM_", "BETWEEN"):
        unit = unit_for(u, "height")
        if unit is None or u.quantities or u.has_camera:
            return None
        return Query(f"{_DIFFERENCES[size]}.difference", pick(u, found), unit=unit)
    return None


_PLACES = frozenset({"left_of", "right_of", "behind", "in_front_of"})
_DIFFERENCES = {
    "height": "taller",
    "width": "wider",
    "length": "longer",
    "thickness": "thicker",
    "depth": "deeper",
}


def direction(u: Utterance) -> Query | None:
    """At which hour of the clock one thing is, seen from another or from the camera."""
    if not u.has("CLOCK") or u.negated or u.quantities or u.units:
        return None
    found = things(u)
    if not u.only(
        "CLOCK",
        "WHERE",
        "IF",
        "CENTRE",
        "DIST",
        "REL_on",
        "BETWEEN",
        "AHEAD",
        "MOVE",
        "REACH",
        "EXIST",
    ):
        return None
    if u.has("IF", "REL_on", "CENTRE") and len(found) != 2:
        return None
    if u.has("DIST") and not u.has("CLOCK"):
        return None
    if len(found) == 1 and not supports(u):
        if u.mentions[found[0]].is_plural or u.has("BETWEEN"):
            return None
        if u.search(r"from @") and not u.search("to <c>"):
            return None
        return Query("direction.camera", pick(u, found))
    if len(found) != 2 or u.has_camera:
        return None
    start = (
        u.search(r"from @")
        or u.search(r"than @")
        or u.search(r"(?:at|with) @")
        or u.search(r"@ (?:is |as |REL_on |of |in |at )*CENTRE")
        or u.search(r"@ to @")
        or u.search(r"of @")
        or u.search(r"to @")
    )
    if start is None:
        return None
    first = int(start.group(1))
    second = next(i for i in found if i != first)
    return Query("direction", pick(u, [first, second]))


def bounds_of_range(u: Utterance) -> Query | None:
    """How far a thing is from the camera."""
    found = things(u)
    if len(found) != 1 or supports(u) or u.numbers:
        return None
    mention = u.mentions[found[0]]
    if not u.has("DIST") and not (u.has_camera and (u.units or u.has("BETWEEN"))):
        return None
    allowed = ["DIST", "BETWEEN", "SURFACE", "AHEAD", "COUNT", "WHERE", "EXIST"]
    if u.has_camera:
        allowed += ["REACH", "MOVE"]
    if not u.only(*allowed):
        return None
    if u.has("SURFACE") and not u.has_camera:
        return None
    if u.has("BETWEEN") and not u.has_camera:
        return None
    if u.has("EXIST") and not (u.has_camera or u.search("to @")):
        return None
    words = mention.text.split()
    if mention.is_gripper and not u.has_camera and "apart" in words:
        return None
    if _means_gap(u) and not u.has_camera:
        return None
    return _query(u, "range", (mention,))


def _means_gap(u: Utterance) -> bool:
    """ "How far apart", "how wide is the gap" need two things."""
    return bool(u.search(r"(?:APART|GAP)"))


def size(u: Utterance) -> Query | None:
    """Height, width, depth, length, breadth, thickness, diameter, volume, top of one thing."""
    found = things(u)
    name = size_named(u)
    if len(found) != 1 or u.has_camera or u.numbers:
        return None
    mention = u.mentions[found[0]]
    if name is None and u.has("REACH") and supports(u):
        return _top(u, mention)  # "how far does it reach above the table"
    if name is None:
        return _volume_by_unit(u, mention)
    if u.has("REACH") and name == "height":
        name = "top"
    if mention.is_gripper and (name == "top" or "high" in u.said):
        return None  # a gripper in the air: its size, its place, or what?
    if name == "top" or (name == "height" and u.has("REL_above", "REL_over")):
        return _top(u, mention)
    quantity = QUANTITY_OF_SIZE.get(name, name)
    allowed = ["DIM_", "COUNT"]
    if name == "height":
        allowed += ["VERTICAL"]
    if name in ("width", "across", "breadth", "length", "depth"):
        allowed += ["HORIZONTAL"] if name != "length" else []
    if name in ("across", "volume") or u.said & {"end", "tip", "side", "front", "bottom", "base"}:
        allowed += ["DIST"]  # "how far is it from end to end"
    if name == "width" and u.has("MOST"):
        return None
    if supports(u) and name != "height":
        return None
    if not u.only(*allowed):
        return None
    if name == "size":
        if u.units and unit_for(u, "height") is None:
            return _query(u, "volume", (mention,))
        return _query(u, "volume", (mention,), "dimensions")
    return _query(u, quantity, (mention,))


def _volume_by_unit(u: Utterance, mention: Mention) -> Query | None:
    """ "How many litres is the bin?"."""
    if u.cues == {"COUNT"} and len(u.units) == 1 and is_volume(u.units[0]):
        return _query(u, "volume", (mention,))
    return None


def _top(u: Utterance, mention: Mention) -> Query | None:
    if not u.only(
        "DIM_", "DIST", "REL_above", "REL_over", "REL_on", "COUNT", "VERTICAL", "WHERE", "REACH"
    ):
        return None
    if u.has("REL_above", "REL_over", "REL_on") and not supports(u):
        return None
    if u.has("DIST") and not supports(u) and not u.has("DIM_top"):
        return None
    if u.has("DIM_volume", "DIM_size"):
        return None
    return _query(u, "top", (mention,))


def where(u: Utterance) -> Query | None:
    """Where a thing is: range and clock direction from the camera, or relative to another."""
    if not u.has("WHERE") or u.negated or u.quantities or u.units or supports(u):
        return None
    found = things(u)
    if not u.only("WHERE", "EXIST"):
        return None
    if len(found) == 1 and not u.search(r"(?:from|than) @"):
        return Query("where", pick(u, found))
    if len(found) == 2 and not u.has_camera:
        start = u.search(r"(?:from|than|of|to) @")
        if start:
            first = int(start.group(1))
            second = next(i for i in found if i != first)
            return Query("direction", pick(u, [first, second]))
    return None


def grasp_width(u: Utterance) -> Query | None:
    """How wide a parallel gripper must open for one thing."""
    found = things(u, grippers=False)
    if len(found) != 1 or not u.has("GRASP") or u.has_camera or supports(u) or u.numbers:
        return None
    if not u.only(
        "GRASP",
        "DIM_width",
        "DIM_size",
        "DIM_breadth",
        "DIST",
        "COUNT",
        "FIT",
        "AROUND",
        "EACH",
        "CMP_wider",
        "DIM_across",
        "MOST",
        "LEAST",
        "SURFACE",
        "EXIST",
        "BEFORE",
        "IF",
        "ABOUT",
    ):
        return None
    if u.search(r"GRASP of @") and len(things(u)) == 1 and "opening" in u.said:
        return None  # "the opening of the mug" is the mug's own
    asks = "how" in u.tokens or "what" in u.tokens or "which" in u.tokens
    names_opening = u.has("DIM_width", "DIM_size", "DIST", "DIM_across", "DIM_breadth") or (
        u.said & _OPENINGS
    )
    if (
        not asks and u.said & {"is", "can", "could", "will", "would", "does"}
    ) or not names_opening:
        return None
    return _query(u, "grasp_width", pick(u, found))


_OPENINGS = frozenset(
    {"opening", "open", "opened", "width", "openings", "stroke", "opens", "grip"}
)

RULES = (grasp_width, direction, vertical_lead, difference, distance, bounds_of_range, size, where)
