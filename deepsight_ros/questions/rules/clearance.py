"""Reading rules for free space: how far the gripper or the robot can move ahead."""

from __future__ import annotations

from deepsight_ros.questions.query import Query
from deepsight_ros.questions.rules.common import supports, things, unit_for
from deepsight_ros.questions.units import is_length
from deepsight_ros.questions.utterance import Utterance

_ALLOWED = (
    "MOVE",
    "AHEAD",
    "HIT",
    "FREE",
    "BEFORE",
    "DIST",
    "EXIST",
    "REL_touching",
    "COUNT",
    "GT",
    "LT",
    "GE",
    "LE",
    "ABOUT",
    "REL_in_front_of",
    "IF",
    "CMP_farther",
    "WHERE",
    "PLACE_front",
    "LESS",
    "SUP_closer",
    "CMP_closer",
    "FIT",
    "THROUGH",
    "SUP_farther",
    "REL_inside",
    "SURFACE",
    "MOST",
    "HORIZONTAL",
    "CMP_in_front_of",
    "REL_next_to",
    "UNDER",
    "WITHIN",
    "REACH",
    "DIM_length",
)
_OBSTACLES = frozenset(
    {"anything", "something", "obstacle", "object", "thing", "surface", "wall", "nothing"}
)


def free_space(u: Utterance) -> Query | None:
    """ "How far can the gripper move forward?", "is the next metre clear for the robot?"."""
    if u.negated or u.numbers or supports(u):
        return None
    named = things(u)
    gripper = [i for i in named if u.mentions[i].is_gripper]
    others = [i for i in named if i not in gripper and not _is_obstacle(u, i)]
    if len(gripper) > 1 or len(others) > 1:
        return None
    # "until it hits the motor": answered when the motor is what it meets
    target = u.mentions[others[0]] if others else None
    if target is not None and (target.is_plural or not gripper):
        return None
    if target is not None and not (u.has("BEFORE") and u.has("MOVE") and u.has("HIT")):
        return None
    obstacles = len(named) - len(gripper)
    if not _is_ahead(u, bool(gripper), obstacles) or not u.only(*_ALLOWED):
        return None
    name = "free_space" if gripper else "free_space.robot"
    mentions = tuple(u.mentions[i] for i in gripper)
    if not u.quantities:
        asks = "how" in u.tokens or "what" in u.tokens or u.has("COUNT", "WHERE") or u.units
        telegraphic = u.has("FREE", "DIST") and not u.has("EXIST") and "is" not in u.tokens
        unit = unit_for(u, "free_space")
        if unit is None or not (asks or telegraphic):
            return None
        if u.has("GT", "LT", "GE", "LE", "LESS"):
            return None
        return Query(name, mentions, unit=unit, anchor=target)
    if target is not None:
        return None
    return _compare(u, name, mentions, obstacles)


def _is_obstacle(u: Utterance, index: int) -> bool:
    mention = u.mentions[index]
    is_some = mention.determiner in ("", "any", "a", "the")
    return (
        is_some
        and bool(mention.noun)
        and mention.noun[-1] in _OBSTACLES
        and (
            (mention.relation is None and mention.order is None and not mention.colours)
            or (mention.order is not None and mention.order.predicate in ("", "closer"))
        )
    )


def _is_ahead(u: Utterance, has_gripper: bool, obstacles: int) -> bool:
    if u.has("GRASP", "BETWEEN"):
        return False
    ahead = u.has("AHEAD", "PLACE_front", "CMP_in_front_of") or (
        u.has("REL_in_front_of") and (u.has_camera or has_gripper)
    )
    if u.has("MOVE") and (ahead or u.has("HIT", "BEFORE", "FREE", "REL_touching")):
        return True
    if u.has("MOVE") and has_gripper and ("how" in u.tokens or bool(u.quantities)):
        return True
    if u.has("REACH") and has_gripper and ahead:
        return True
    if ahead and (u.has("FREE", "HIT") or obstacles):
        return True
    if ahead and u.has("DIST") and (not u.has_camera or u.has("EXIST", "FREE", "HIT")):
        return True
    if u.has("FREE") and u.quantities and has_gripper:
        return True
    if u.has("FREE") and u.has("DIST") and (has_gripper or u.has_camera):
        return True
    if (
        u.has("MOVE")
        and u.has("DIST")
        and "can" in u.said
        and u.said & {"i", "we", "you", "robot"}
    ):
        return True  # "how far can we drive?"
    if u.has("HIT") and u.quantities and (u.has_camera or has_gripper or obstacles):
        return True
    return u.has("HIT") and u.has("DIST") and u.has("BEFORE")


def _compare(
    u: Utterance, name: str, mentions: tuple[object, ...], obstacles: int
) -> Query | None:
    if not u.asks_yes_no:
        return None  # "drive forward 2 m" is an order, and orders are only text here
    lengths = [q for q in u.quantities if is_length(q.unit)]
    if len(lengths) != len(u.quantities) or len(lengths) > 1:
        return None
    # "is anything within 1 m ahead?" asks for the opposite of free
    asks_blocked = (
        (u.has("LT") and (u.has("EXIST") or obstacles > 0))
        or (u.has("HIT") and not u.has("BEFORE") and (u.has("EXIST") or "is" in u.tokens))
        or (u.has("EXIST") and obstacles > 0)
        or ((u.has("HIT") or u.has("REL_touching")) and u.has("IF"))
    )
    if u.has("HIT") and u.has("MOVE") and not u.has("BEFORE") and not asks_blocked:
        asks_blocked = True  # "will the gripper hit something if it moves 10 cm?"
    relation = "less_than" if asks_blocked else "at_least"
    if u.has("GT") and not asks_blocked:
        relation = "more_than"
    if u.has("LT", "LE", "LESS") and not asks_blocked:
        relation = "less_than"
    return Query(
        f"{name}.compare",
        tuple(m for m in mentions),  # type: ignore[misc]
        relation=relation,
        threshold=lengths[0].value,
        unit=lengths[0].unit,
    )


RULES = (free_space,)
