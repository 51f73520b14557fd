"""What the reading rules share: roles of mentions, coordinated lists, quantities behind words."""

from __future__ import annotations

import re

from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.units import CUBIC, is_length, is_volume
from deepsight_ros.questions.utterance import Utterance

SIZE_OF_COMPARATIVE: dict[str, tuple[str, str]] = {
    "taller": ("height", "more_than"),
    "shorter": ("height", "less_than"),
    "higher": ("height", "more_than"),
    "lower": ("height", "less_than"),
    "wider": ("width", "more_than"),
    "narrower": ("width", "less_than"),
    "longer": ("length", "more_than"),
    "less_long": ("length", "less_than"),
    "thicker": ("thickness", "more_than"),
    "thinner": ("thickness", "less_than"),
    "deeper": ("depth", "more_than"),
    "shallower": ("depth", "less_than"),
}
"""Comparative with a value -> quantity and relation."""

COMPARATIVE_OF_SIZE: dict[tuple[str, bool], str] = {
    ("height", True): "taller",
    ("height", False): "shorter",
    ("top", True): "higher",
    ("top", False): "lower",
    ("width", True): "wider",
    ("width", False): "narrower",
    ("across", True): "wider",
    ("across", False): "narrower",
    ("length", True): "longer",
    ("length", False): "less_long",
    ("thickness", True): "thicker",
    ("thickness", False): "thinner",
    ("depth", True): "deeper",
    ("depth", False): "shallower",
    ("volume", True): "bigger",
    ("volume", False): "smaller",
    ("size", True): "bigger",
    ("size", False): "smaller",
}
"""(size, more?) -> predicate: "greater height" is "taller"."""

_GREATER = frozenset({"bigger", "higher"})
_LESSER = frozenset({"smaller", "lower"})

QUANTITY_OF_SIZE: dict[str, str] = {"across": "width", "size": "volume"}

PLACE_PREDICATES: dict[str, str] = {
    "left": "left_of",
    "right": "right_of",
    "front": "in_front_of",
    "back": "behind",
    "top": "higher",
    "bottom": "lower",
}

_JOIN = r"(?: ,)?(?: (?:or|and|vs|,))?(?: is)?(?: (?:to|from|than|of|REL_\w+))? "


def things(u: Utterance, *, grippers: bool = True) -> list[int]:
    """Mentions that may be objects, in order of appearance."""
    out = []
    for i in u.order:
        mention = u.mentions[i]
        if mention.is_thing and (grippers or not mention.is_gripper):
            out.append(i)
    return out


def supports(u: Utterance) -> list[int]:
    """Mentions of the support surface."""
    return [i for i in u.order if u.mentions[i].is_support]


def pick(u: Utterance, indices: list[int] | tuple[int, ...]) -> tuple[Mention, ...]:
    """Mentions by index."""
    return tuple(u.mentions[i] for i in indices)


def carriers(u: Utterance) -> list[int]:
    """Mentions a given size belongs to: "an 8 cm wide box", "a shelf that is 30 cm high"."""
    found = re.findall(r"<q>(?: DIM_\w+)? <(\d+)>|<(\d+)> (?:which )?(?:is )?(?:of )?<q>", u.line)
    return [int(a or b) for a, b in found]


def is_pair(mention: Mention) -> bool:
    """A set of two, or a plural that may be one."""
    return mention.number == 2 or (mention.is_plural and mention.number is None)


def pair(u: Utterance, indices: list[int]) -> tuple[Mention, ...] | None:
    """Two things, named singly or together ("the two mugs")."""
    if len(indices) == 2:
        return pick(u, indices)
    if len(indices) == 1 and is_pair(u.mentions[indices[0]]):
        return pick(u, indices)
    return None


def unit_for(u: Utterance, quantity: str) -> str | None:
    """Unit asked for, "" when none; None when it cannot measure this quantity."""
    if not u.units:
        return ""
    unit = u.units[-1]
    if quantity == "volume":
        return CUBIC.get(unit, unit) if is_length(unit) else unit
    return None if is_volume(unit) else unit


def size_named(u: Utterance) -> str | None:
    """The one size the words name, None when none or several."""
    sizes = u.named("DIM_")
    if not sizes:
        return None
    if len(sizes) > 1:
        sizes = [s for s in sizes if s not in ("size", "across")]
    if len(sizes) == 2 and "breadth" in sizes and sizes[0] in ("length", "width", "breadth"):
        return "breadth"  # "how long is the short side"
    if len(sizes) == 2 and "top" in sizes and "height" in sizes:
        return "top"
    return sizes[0] if len(sizes) == 1 else None


def comparative(u: Utterance) -> str | None:
    """The predicate a comparative stands for: "taller", "greater in height", "less distance"."""
    named = u.named("CMP_")
    sizes = u.named("DIM_")
    if len(named) > 1:
        return None
    more = u.has("MORE") or bool(named and named[0] in _GREATER)
    less = u.has("LESS") or bool(named and named[0] in _LESSER)
    if named and not sizes and not u.has("DIST"):
        return named[0]
    if named and len(sizes) == 1 and SIZE_OF_COMPARATIVE.get(named[0], ("",))[0] == sizes[0]:
        return named[0]  # "taller in height"
    if more == less:
        return named[0] if named and u.has("DIST") and not sizes else None
    if u.has("DIST") and not sizes:
        if named and named[0] not in _GREATER | _LESSER:
            return named[0]
        return "farther" if more else "closer"
    if len(sizes) == 1:
        return COMPARATIVE_OF_SIZE.get((sizes[0], more))
    return None


def superlative(u: Utterance) -> str | None:
    """The predicate whose extreme is asked for: "tallest", "greatest height", "most distant"."""
    named = u.named("SUP_")
    sizes = u.named("DIM_")
    if len(named) > 1:
        return None
    more = u.has("MOST") or bool(named and named[0] in _GREATER)
    less = u.has("LEAST") or bool(named and named[0] in _LESSER)
    if named and not sizes and not u.has("DIST"):
        return named[0]
    if named and not sizes and named[0] in ("closer", "farther", "left_of", "right_of"):
        return named[0]
    if named and len(sizes) == 1 and SIZE_OF_COMPARATIVE.get(named[0], ("",))[0] == sizes[0]:
        return named[0]
    if more == less:
        return None
    if u.has("DIST") and not sizes:
        return "farther" if more else "closer"
    if len(sizes) == 1:
        return COMPARATIVE_OF_SIZE.get((sizes[0], more))
    return None


_LIST = re.compile(r"<\d+>(?:" + _JOIN + r"<\d+>)+")
_OR_LIST = re.compile(r"<\d+>(?:(?: ,)?(?: or)(?: is)?(?: (?:to|from|than))? <\d+>|(?: ,) <\d+>)+")


def coordinated(u: Utterance, *, by_or: bool = False) -> list[int]:
    """The longest run of mentions joined by commas, "and", "or", "vs"."""
    runs = (_OR_LIST if by_or else _LIST).findall(u.line)
    best: list[int] = []
    for run in runs:
        members = [int(m) for m in re.findall(r"<(\d+)>", run)]
        members = [m for m in members if u.mentions[m].is_thing]
        if len(members) > len(best):
            best = members
    return best if len(best) >= 2 else []


def is_question_word(u: Utterance) -> bool:
    """A "which" or "what" question."""
    return "which" in u.tokens or "what" in u.tokens
