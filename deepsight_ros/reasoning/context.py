"""Context of one task for the embedded planner: finds things, measures them, words conclusions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deepsight_ros.questions.speaking import joined, speak
from deepsight_ros.reasoning import tightening
from deepsight_ros.reasoning.propagation import decide, speak_margin
from deepsight_ros.reasoning.toolbox import Toolbox
from deepsight_ros.reasoning.values import Decision, Finding, StoppedError
from deepsight_ros.reasoning.wording import counted, several, thing
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measurement import Measurement

_ANYTHING = ("everything", "them", "all", "one", "ones", "thing", "things", "item", "items")
ANYTHING = frozenset((*_ANYTHING, "object", "stuff"))
"""Words for the whole set of things."""


@dataclass(frozen=True)
class Context:
    """A task whose words matched a pattern.

    Attributes:
        tools: to ask with.
        groups: named parts of the pattern that were said.
        lengths_m: lengths in the task; ``#k`` in a group stands for the k-th.
    """

    tools: Toolbox
    groups: dict[str, str]
    lengths_m: tuple[float, ...]

    def said(self, name: str) -> str:
        """Words of a group, "" when it was not said."""
        return self.groups.get(name) or ""

    def length_m(self, name: str = "") -> float | None:
        """The first length in a group, or in the whole task for ""."""
        if not name:
            return self.lengths_m[0] if self.lengths_m else None
        found = re.search(r"#(\d+)", self.said(name))
        return self.lengths_m[int(found[1])] if found else None

    def find(self, words: str) -> str:
        """Id of the one thing that words mean.

        Raises:
            StoppedError: not found, ambiguous, or no name at all.
        """
        name = thing(words)
        if re.fullmatch(r"the (?:robot )?(?:gripper|hand|camera)", name):
            return "camera" if name.endswith("camera") else "gripper"
        made = self.tools.ask(f"How far is {name} from the camera?")
        if made.status is Status.UNSUPPORTED:
            raise StoppedError(Status.UNSUPPORTED, f"I do not know what '{name}' is")
        if made.status is not Status.OK:
            raise StoppedError(made.status, made.text, made.object_ids)
        return made.object_ids[0]

    def find_all(self, words: str, least: int = 2) -> tuple[str, ...]:
        """Ids of a set: "the three cans", "the mug, the bowl and the can", "everything".

        Raises:
            StoppedError: a member is missing, or fewer or more are there than the words say.
        """
        parts = several(words)
        if len(parts) > 1:
            ids = tuple(self.find(part) for part in parts)
            if len(set(ids)) != len(ids):
                raise StoppedError(Status.NOT_FOUND, f"two of {words} are the same thing", ids)
            return ids
        number, noun = counted(words)
        if noun in ANYTHING:
            noun = "objects"
        made = self.tools.ask(f"How many {noun} are there?")
        if made.status is Status.UNSUPPORTED:
            raise StoppedError(Status.UNSUPPORTED, f"I do not know what '{words}' are")
        if made.status is not Status.OK:
            raise StoppedError(made.status, made.text, made.object_ids)
        ids = made.object_ids
        if number is not None and len(ids) > number:
            names = joined([self.tools.name(i) for i in ids], "or")
            raise StoppedError(
                Status.AMBIGUOUS, f"there are {len(ids)} {noun}, not {number}: {names}", ids
            )
        if len(ids) < max(least, number or 0):
            wanted = number or f"at least {least}"
            raise StoppedError(
                Status.NOT_FOUND, f"this needs {wanted} {noun}, and I see {len(ids)}", ids
            )
        return ids

    def find_wholes(self) -> tuple[str, ...]:
        """Ids of all things, without unnamed pieces of others (``Toolbox.part_of``)."""
        ids = self.find_all("all objects", least=1)
        return tuple(i for i in ids if not self.tools.part_of(i))

    def measure(self, quantity: str, *object_ids: str) -> Measurement:
        """Ask for a quantity, and for what narrows it; the steps say the values."""
        if quantity in ("breadth", "grasp_width"):
            return tightening.breadth(self.tools, quantity, *object_ids)
        if quantity == "height":
            return tightening.height(self.tools, *object_ids)
        if quantity == "offset_ahead":
            return tightening.offset_ahead(self.tools, *object_ids)
        if quantity == "surface_distance":
            return tightening.gap(self.tools, *object_ids)
        return self.tools.measure(quantity, *object_ids)

    def name(self, object_id: str) -> str:
        """How to call a thing."""
        return self.tools.name(object_id)

    def names(self, ids: Sequence[str], last: str = "and") -> str:
        """How to call several."""
        return joined([self.name(i) for i in ids], last)

    def speak(self, measured: Measurement) -> str:
        """A measurement in words."""
        return speak(measured, "", self.tools.units)

    def margin(self, margin: Measurement) -> str:
        """A margin in words, without sign."""
        return speak_margin(margin, self.tools.units)

    def verdict(
        self, family: str, margin: Measurement, yes: str, no: str, close: str, ids: Sequence[str]
    ) -> Finding:
        """YES, NO or UNDECIDED from a margin; ``{m}`` in a text is its size.

        ``close`` completes "Too close to call: ..."; it gets the sign in words of its own.
        """
        decision = decide(margin)
        said = self.margin(margin)  # replace, not format: names in the texts may hold braces
        if decision is Decision.UNDECIDED:
            text = f"Too close to call: {close}.".replace("{m}", said)
            return Finding(decision, text, family, margin, tuple(ids))
        is_yes = decision is Decision.YES
        body = (yes if is_yes else no).replace("{m}", said)
        text = f"{'Yes' if is_yes else 'No'}, {body}."
        return Finding(decision, text, family, margin, tuple(ids), is_yes)
