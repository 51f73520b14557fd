"""Reading rules for comparisons with a value: "is it more than 8 cm?", "does it fit an 8 cm
jaw?"."""

from __future__ import annotations

from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.rules.common import (
    QUANTITY_OF_SIZE,
    SIZE_OF_COMPARATIVE,
    carriers,
    comparative,
    is_question_word,
    pair,
    pick,
    size_named,
    supports,
    things,
)
from deepsight_ros.questions.units import is_length, is_volume
from deepsight_ros.questions.utterance import Utterance

_RELATIONS = {
    "GT": "more_than",
    "LT": "less_than",
    "GE": "at_least",
    "LE": "at_most",
    "ABOUT": "about",
}


def _relation(u: Utterance) -> str | None:
    """How the value is compared, "" when the words do not say, None when they contradict."""
    said = [_RELATIONS[c] for c in ("GE", "LE", "GT", "LT", "ABOUT") if c in u.cues]
    if u.has("GE", "LE"):
        said = [s for s in said if s.startswith("at_")]
    if len(set(said)) > 1:
        return None
    return said[0] if said else ""


def _query(
    u: Utterance, quantity: str, mentions: tuple[Mention, ...], relation: str
) -> Query | None:
    if len(u.quantities) != 1 or u.units:
        return None
    value = u.quantities[0]
    is_fitting = is_volume(value.unit) if quantity == "volume" else is_length(value.unit)
    if not is_fitting:
        return None
    return Query(
        f"{quantity}.compare",
        mentions,
        relation=relation,
        threshold=value.value,
        unit=value.unit,
        negated=u.negated,
    )


def distance(u: Utterance) -> Query | None:
    """ "Are A and B more than half a metre apart?", "would 5 cm fit between them?"."""
    if not u.quantities or u.numbers or is_question_word(u):
        return None
    passing = u.has("BETWEEN") and u.has("FIT", "MOVE", "GRASP", "THROUGH")
    sized = [i for i in carriers(u) if u.mentions[i].is_gripper]  # "an 8 cm gripper"
    found = [i for i in things(u) if i not in sized]
    if passing:  # what is to fit in between is not measured, its size is given
        carried = carriers(u)
        found = [i for i in found if i not in carried and not u.mentions[i].is_gripper]
    two = pair(u, found)
    if two is None or supports(u) or (u.has_camera and not passing) or _is_any(two):
        return None
    if len(two) == 1 and not (u.has("BETWEEN", "EACH", "DIST") or "together" in u.said):
        return None
    relation = _relation(u)
    if relation is None:
        return None
    kinds = {"CENTRE", "HORIZONTAL", "VERTICAL", "MEAN"} & u.cues
    compared = comparative(u)
    through = u.has("FIT", "MOVE", "GRASP", "THROUGH", "FREE")
    allowed = ["DIST", "BETWEEN", "EACH", "EXIST", "SURFACE", "WITHIN", "UNDER"]
    allowed += [*_RELATIONS, *kinds]
    if compared in ("closer", "farther"):
        allowed += [f"CMP_{compared}"]
        relation = relation or ("less_than" if compared == "closer" else "more_than")
    elif compared in SIZE_OF_COMPARATIVE or compared in ("bigger", "smaller"):
        if not u.has("DIST"):
            return None
        # "is the gap wider than 10 cm"
        more = (
            compared == "bigger" or SIZE_OF_COMPARATIVE.get(compared, ("", ""))[1] == "more_than"
        )
        relation = relation or ("more_than" if more else "less_than")
        allowed += ["CMP_"]
    if through:
        allowed += ["FIT", "MOVE", "GRASP", "THROUGH", "FREE", "DIM_width", "DIM_size", "HIT"]
        allowed += ["IF", "REL_touching", "BEFORE", "DIM_across", "DIM_thickness", "DIM_diameter"]
        if not u.has("BETWEEN"):
            return None
        relation = "at_least" if relation in ("", "more_than") else relation
    elif u.has("DIST") and u.has("BETWEEN"):
        allowed += ["DIM_width"]
    if not u.only(*allowed):
        return None
    value_then_place = u.search(r"<q> (?:of|to|from) @")
    if not (u.has("DIST", "BETWEEN", "EACH") or compared or kinds or value_then_place):
        return None
    if not relation:
        relation = "at_least" if u.has("EXIST", "FREE") else "about"
    if "HORIZONTAL" in kinds and "VERTICAL" in kinds:
        return None
    quantity = (
        "mean_nearest_distance"
        if "MEAN" in kinds
        else "horizontal_distance"
        if "HORIZONTAL" in kinds
        else "vertical_distance"
        if "VERTICAL" in kinds
        else "centre_distance"
        if "CENTRE" in kinds
        else "surface_distance"
    )
    return _query(u, quantity, two, relation)


def _is_any(mentions: tuple[Mention, ...]) -> bool:
    """ "Are any objects within 1 m": a question whether such exist."""
    return any(m.determiner == "any" or (m.is_group and m.is_plural) for m in mentions)


def grasp(u: Utterance) -> Query | None:
    """ "Does A fit an 8 cm jaw?", "can a gripper that opens 6 cm pick up A?"."""
    if not u.quantities or u.numbers or supports(u):
        return None
    found = things(u, grippers=False)
    has_gripper = len(found) < len(things(u))
    if len(found) != 1 or not (u.has("GRASP") or (u.has("FIT") and has_gripper)):
        return None
    if u.has("UNDER", "THROUGH") or (u.has("BETWEEN") and not has_gripper):
        return None
    if not u.only(
        "GRASP",
        "FIT",
        "DIM_width",
        "DIM_size",
        "DIM_breadth",
        "DIM_length",
        "LE",
        "LT",
        "GT",
        "IF",
        "EXIST",
        "REL_inside",
        "WITHIN",
        "MOST",
        "ABOUT",
        "REL_over",
        "THAT",
        "DIM_across",
        "AROUND",
        "SUP_wider",
        "GE",
        "MOVE",
        "DIST",
        "EACH",
        "CMP_wider",
        "BETWEEN",
        "HIT",
        "REL_on",
        "SUP_bigger",
    ):
        return None
    if u.has("GT", "GE") and not u.has("FIT", "GRASP"):
        return None
    if u.has("IF") and u.tokens[0] != "IF" and "IF" in u.tokens[:-1]:
        pass
    relation = "fits"
    if u.has("CMP_wider", "GT") and not u.has("FIT"):
        # "does it take an opening of more than 8 cm to grasp A" asks the opposite
        relation = "more_than"
    return _query(u, "grasp_width", pick(u, found), relation)


def passage(u: Utterance) -> Query | None:
    """ "Would A fit under a 30 cm shelf?", "does it go through a 40 cm gap?"."""
    if not u.quantities or u.numbers or u.has_camera:
        return None
    carried = carriers(u)
    found = [i for i in things(u, grippers=False) if i not in carried]
    if len(found) > 1:
        found = [i for i in found if not _is_passage(u.mentions[i])]
    if len(found) != 1 or not u.has("FIT", "MOVE", "THROUGH"):
        return None
    if not u.only(
        "FIT",
        "MOVE",
        "THROUGH",
        "UNDER",
        "LT",
        "DIM_height",
        "DIM_width",
        "DIST",
        "REL_under",
        "REL_below",
        "REL_inside",
        "DIM_size",
        "PART",
        "REL_on",
        "WITHIN",
        *(["GRASP"] if u.has("THROUGH") else []),
    ):
        return None
    if u.has("UNDER", "REL_under", "REL_below") or (
        u.has("DIM_height") and not u.has("DIM_width")
    ):
        return _query(u, "height", pick(u, found), "fits")
    if u.has("THROUGH", "DIST", "DIM_width"):
        return _query(u, "breadth", pick(u, found), "fits")
    return None


_PASSAGES = frozenset(
    {"shelf", "door", "gap", "slot", "cupboard", "drawer", "cabinet", "fence", "box"}
)


def _is_passage(mention: Mention) -> bool:
    """The thing it should fit under or through, in general ("a shelf"), not one of the scene."""
    return mention.determiner in ("a", "") and bool(mention.noun) and mention.noun[-1] in _PASSAGES


def reach(u: Utterance) -> Query | None:
    """ "Is A more than a metre away?", "is A within 50 cm of you?"."""
    if not u.quantities or u.numbers or supports(u):
        return None
    found = things(u)
    if len(found) != 1 or is_question_word(u):
        return None
    relation = _relation(u)
    compared = comparative(u)
    if relation is None or compared not in (None, "closer", "farther"):
        return None
    is_far = u.has("DIST", "WITHIN") or u.has_camera or compared
    if not is_far:
        return None
    if not u.only(
        "DIST",
        *_RELATIONS,
        "WITHIN",
        "UNDER",
        "CMP_closer",
        "CMP_farther",
        "SURFACE",
        "BETWEEN",
        "EXIST",
    ):
        return None
    if u.has("BETWEEN", "EXIST") and not u.has_camera:
        return None
    if compared:
        relation = relation or ("less_than" if compared == "closer" else "more_than")
    if not relation:
        relation = "at_least" if u.has("EXIST") else "about"
    mention = u.mentions[found[0]]
    if mention.is_plural and (not u.has_camera or _is_any((mention,))):
        return None
    return _query(u, "range", (mention,), relation)


def size(u: Utterance) -> Query | None:
    """ "Is A taller than 20 cm?", "is A's width under 8 cm?", "is A 10 cm tall?"."""
    if not u.quantities or u.numbers or u.has_camera or is_question_word(u):
        return None
    found = things(u)
    if len(found) != 1:
        return None
    relation = _relation(u)
    if relation is None:
        return None
    name = size_named(u)
    compared = comparative(u) if not (name and u.has("GT", "LT")) else None
    allowed = ["DIM_", *_RELATIONS, "UNDER", "WITHIN", "CMP_", "EXIST"]
    if u.has("REACH") and name in (None, "height"):
        name = "top"  # "does it reach higher than 50 cm"
        compared = None
        allowed += ["REACH"]
        relation = relation or ("less_than" if u.has("CMP_lower", "CMP_shorter") else "more_than")
    if name in ("height", "top"):
        allowed += ["VERTICAL", "REL_above", "REL_over"]
    if name == "volume":
        allowed += ["DIST"]
    if u.has("MORE") and relation == "":
        allowed += ["MORE"]
        relation = "more_than"
    if not u.only(*allowed):
        return None
    if name is None and relation and is_volume(u.quantities[0].unit):
        return _query(u, "volume", pick(u, found), relation)
    if name is None:
        if compared not in SIZE_OF_COMPARATIVE or u.named("DIM_"):
            if compared in ("bigger", "smaller") and is_volume(u.quantities[0].unit):
                more = compared == "bigger"
                return _query(
                    u, "volume", pick(u, found), relation or ("more_than" if more else "less_than")
                )
            return None
        name, by_word = SIZE_OF_COMPARATIVE[compared]
        relation = relation or by_word
    elif compared in SIZE_OF_COMPARATIVE:
        relation = relation or SIZE_OF_COMPARATIVE[compared][1]
    elif u.named("CMP_"):
        more = u.has("CMP_bigger", "CMP_higher", "CMP_longer")
        relation = relation or ("more_than" if more else "less_than")
    if supports(u) and name not in ("top", "height"):
        return None
    if u.has("REL_above", "REL_over") or (name == "height" and supports(u)):
        name = "top"
    if name == "size" and not is_volume(u.quantities[0].unit):
        return None
    quantity = QUANTITY_OF_SIZE.get(name, name)
    if _is_any(pick(u, found)):
        return None
    return _query(u, quantity, pick(u, found), relation or "about")


def hour(u: Utterance) -> Query | None:
    """ "Is A at 3 o'clock from B?"."""
    if len(u.quantities) != 1 or u.quantities[0].unit != "clock" or u.has_camera:
        return None
    found = things(u)
    if len(found) != 2 or not u.only("CLOCK", "ABOUT"):
        return None
    start = u.search(r"(?:from|than|of|to) @")
    if start is None:
        return None
    first = int(start.group(1))
    second = next(i for i in found if i != first)
    hour_said = u.quantities[0].value
    if not 1 <= hour_said <= 12:
        return None
    return Query(
        "direction.compare",
        pick(u, [first, second]),
        relation="about",
        threshold=hour_said,
        unit="clock",
        negated=u.negated,
    )


RULES = (hour, grasp, distance, passage, reach, size)
