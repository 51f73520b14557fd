"""Words or a structured form in, a Task out: what is to happen between which things; or a refusal.

The structured form is JSON in place of the words, with the fields of ``Task``:
{"kind": "reach", "target": "the bottle"}, {"kind": "move", "subject": "the box", "direction":
"left", "by_m": 0.1}, {"kind": "keep_away", "target": "the person", "limit_m": 0.3}.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from deepsight_ros.errors import InvalidValueError

GRIPPER = "gripper"
DEFAULT_MOVE_M, DEFAULT_LIFT_M, DEFAULT_OPEN_M = 0.10, 0.10, 0.15
DEFAULT_LIMIT_M = 0.30


class Kind(Enum):
    """What is measured: see docs/tasks.md for the reward of each."""

    REACH = "reach"
    PLACE = "place"
    TOGETHER = "together"
    MOVE = "move"
    LIFT = "lift"
    OPEN = "open"
    KEEP_AWAY = "keep_away"


DISPLACEMENTS = (Kind.MOVE, Kind.LIFT, Kind.OPEN)
"""Kinds that are about a way from where the thing was when the episode began."""
DIRECTIONS = ("left", "right", "away", "closer")


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        kind: see ``Kind``.
        subject: words, object id or "<regionN>" of what moves; "gripper" for the robot's own.
        target: the same of what it is measured against; "" for move, lift and open.
        direction: of move, seen from the camera when the episode begins.
        by_m: how far to move, lift or open.
        limit_m: least distance of keep_away.
        success_m: distance left at which it counts as done; 0: the default of who annotates.
        text: as it was set.
    """

    kind: Kind
    subject: str = GRIPPER
    target: str = ""
    direction: str = ""
    by_m: float = 0.0
    limit_m: float = 0.0
    success_m: float = 0.0
    text: str = ""

    def __post_init__(self) -> None:
        for name in ("subject", "target", "direction"):
            if not isinstance(getattr(self, name), str):
                raise InvalidValueError(
                    f"task: got {name} {getattr(self, name)!r}, expected words"
                )
        needs_target = self.kind in (Kind.REACH, Kind.PLACE, Kind.TOGETHER, Kind.KEEP_AWAY)
        if needs_target and not self.target.strip():
            raise InvalidValueError(f"task {self.kind.value}: got no target, expected a thing")
        if not self.subject.strip():
            raise InvalidValueError(f"task {self.kind.value}: got no subject, expected a thing")
        if self.kind is Kind.MOVE and self.direction not in DIRECTIONS:
            raise InvalidValueError(
                f"task move: got direction '{self.direction}', expected one of {DIRECTIONS}"
            )
        if self.kind in DISPLACEMENTS:
            _check("by_m", self.by_m, 0.01, 5.0)
        if self.kind is Kind.KEEP_AWAY:
            _check("limit_m", self.limit_m, 0.01, 10.0)
        _check("success_m", self.success_m, 0.0, 10.0)

    def in_words(self) -> str:
        """What is measured, echoed back to who set the task."""
        a, b, way = _named(self.subject), _named(self.target), _WAYS.get(self.direction, "")
        return {
            Kind.REACH: f"distance of {a} to {b}, until it is reached",
            Kind.PLACE: f"distance of {a} to {b}, until {a} stands on it"
            + f"; on the way also of the gripper to {a}",
            Kind.TOGETHER: f"distance of {a} to {b}, until they meet",
            Kind.MOVE: f"how far {a} still has to go {way} ({self.by_m:g} m)",
            Kind.LIFT: f"how far {a} still has to rise ({self.by_m:g} m)",
            Kind.OPEN: f"how far {a} still has to slide from where it is ({self.by_m:g} m)",
            Kind.KEEP_AWAY: f"by how much {a} is nearer to {b} than {self.limit_m:g} m",
        }[self.kind]


_A = r"(?:the |a |an |my )?"
_HAND = rf"{_A}(?:gripper|hand|end[- ]effector|fingers?|arm|robot)"
_UNIT = r"mm|cm|m|millimet(?:er|re)s?|centimet(?:er|re)s?|met(?:er|re)s?"
_NUMBER = rf"(?P<amount>\d+(?:\.\d+)?) ?(?P<unit>{_UNIT})"
_BY = rf"(?: (?:by|for)(?: at least)? {_NUMBER})?"
_TOWARDS = r"(?:to|towards?|at|near|next to|against|onto|up to|close to)"
_SIDES = {"away": "away", "back": "away", "forward": "away", "closer": "closer"}

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (
        Kind.KEEP_AWAY,
        rf"(?:keep|hold|stay)(?: (?P<subject>.+?))??(?: at least| more than)? {_NUMBER} "
        r"(?:away |off )?(?:from|of) (?P<target>.+)",
    ),
    (
        Kind.KEEP_AWAY,
        r"(?:keep|stay)(?: (?P<subject>.+?))?? (?:away|clear) (?:from|of) (?P<target>.+)",
    ),
    (
        Kind.KEEP_AWAY,
        r"(?:do not|don't|never) (?:touch|hit|go near|get near|come near) (?P<target>.+)",
    ),
    (Kind.LIFT, rf"(?:lift|raise|pick up|hoist)(?: up)? (?P<subject>.+?)(?: up)?{_BY}"),
    (Kind.LIFT, rf"pick (?P<subject>.+?) up{_BY}"),
    (
        Kind.OPEN,
        rf"(?:open|pull open|slide open|pull out|close|shut) (?P<subject>.+?)(?: open)?{_BY}",
    ),
    (
        Kind.REACH,
        rf"(?:bring|move|drive|guide|take|send|put) {_HAND} (?:close |near |up |over )?"
        rf"{_TOWARDS} (?P<target>.+)",
    ),
    (
        Kind.MOVE,
        r"(?:push|move|slide|shove|drag|pull|nudge|bring) (?P<subject>.+?)"
        r"(?: (?:to|towards) the)? (?P<direction>left|right|away|back|forward|closer)"
        rf"(?: side)?(?: from you| to you)?{_BY}",
    ),
    (
        Kind.PLACE,
        r"(?:put|place|set|stack|lay|drop|move|bring|pick and place|pick) (?P<subject>.+?)"
        r"(?: and (?:put|place) it)? (?:on top of|onto|on|upon|over|in|into|inside) "
        r"(?P<target>.+)",
    ),
    (
        Kind.TOGETHER,
        r"(?:push|move|slide|shove|drag|pull|bring|put|place) (?P<subject>.+?) "
        rf"{_TOWARDS} (?P<target>.+)",
    ),
    (
        Kind.REACH,
        r"(?:reach|approach|touch|grasp|go|get|move)"
        r"(?: (?:for|out for|to|towards?|up to|close to|near))? (?P<target>.+)",
    ),
)
_UNITS = {"m": 1.0, "c": 0.01, "mm": 0.001, "mi": 0.001}
EXAMPLES = (
    "'bring the gripper to the bottle', 'put the red block on the plate', 'push the box to "
    "the left by 10 cm', 'push the box to the tray', 'lift the mug', 'open the drawer by 20 cm', "
    "'keep the hand at least 0.3 m from the person'"
)


def parse_task(text: str) -> Task:
    """The task that words, or a structured form, mean.

    Raises:
        InvalidValueError: it is no task that can be measured; says why, and what can.
    """
    if text.lstrip().startswith("{"):
        return _structured(text)
    plain = " ".join(text.strip().rstrip(".!").split())
    for kind, pattern in _PATTERNS:
        match = re.fullmatch(pattern, plain, flags=re.IGNORECASE)
        if match is not None:
            return _task(kind, match.groupdict(), plain, text)
    raise InvalidValueError(
        f"task: got '{text[:200]}', in which nothing can be measured as a distance (force, grip, "
        f"temperature, liquids and the state of things cannot be); expected e.g. {EXAMPLES}"
    )


def _task(kind: Kind, found: dict[str, str | None], plain: str, text: str) -> Task:
    subject, target = found.get("subject") or GRIPPER, found.get("target") or ""
    if re.fullmatch(_HAND, subject, flags=re.IGNORECASE):
        subject = GRIPPER
    if kind is Kind.PLACE and subject == GRIPPER:
        kind = Kind.REACH
    amount_m = 0.0
    if found.get("amount"):
        unit = str(found["unit"]).lower()
        scale = _UNITS["mm" if unit == "mm" else "mi" if unit.startswith("mi") else unit[0]]
        amount_m = float(str(found["amount"])) * scale
    made = {"subject": subject, "target": target, "text": text}
    if kind is Kind.KEEP_AWAY:
        return Task(kind, limit_m=amount_m or DEFAULT_LIMIT_M, **made)
    if kind is Kind.LIFT:
        return Task(kind, by_m=amount_m or DEFAULT_LIFT_M, **made)
    if kind is Kind.MOVE:
        side = str(found["direction"]).lower()
        side = _SIDES.get(side, side)
        return Task(kind, direction=side, by_m=amount_m or DEFAULT_MOVE_M, **made)
    if kind is Kind.OPEN:
        if re.match(r"(?:close|shut)\b", plain, flags=re.IGNORECASE):
            raise InvalidValueError(
                f"task: got '{text[:200]}': whether a thing is shut cannot be measured, only how "
                "far it slid; expected e.g. 'push the drawer away by 15 cm'"
            )
        return Task(kind, by_m=amount_m or DEFAULT_OPEN_M, **made)
    return Task(kind, **made)


def _structured(text: str) -> Task:
    known = {f.name for f in fields(Task)} - {"text"}
    try:
        row: dict[str, Any] = json.loads(text)
        unknown = sorted(set(row) - known)
        if unknown:
            raise InvalidValueError(f"got fields {unknown}, expected some of {sorted(known)}")
        kind = Kind(row.pop("kind"))
        defaults = {
            Kind.MOVE: {"by_m": DEFAULT_MOVE_M},
            Kind.LIFT: {"by_m": DEFAULT_LIFT_M},
            Kind.OPEN: {"by_m": DEFAULT_OPEN_M},
            Kind.KEEP_AWAY: {"limit_m": DEFAULT_LIMIT_M},
        }.get(kind, {})
        return replace(Task(kind, **{**defaults, **row}), text=text)
    except (ValueError, KeyError, TypeError) as error:
        kinds = [k.value for k in Kind]
        raise InvalidValueError(
            f"task: got '{text[:200]}' ({error}), expected JSON with a kind of {kinds} and fields "
            'of it, e.g. {"kind": "reach", "target": "the bottle"}'
        ) from error


def _check(name: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise InvalidValueError(f"task: got {name} {value!r}, expected {low:g} to {high:g} m")


def _named(words: str) -> str:
    bare = words.strip()
    is_plain = bare.split(" ")[0].lower() in ("the", "a", "an", "my") or bare.startswith("<")
    return bare if is_plain or re.fullmatch(r"o\d+", bare) else f"the {bare}"


_WAYS = {
    "left": "to the left",
    "right": "to the right",
    "away": "away from the camera",
    "closer": "towards the camera",
}
