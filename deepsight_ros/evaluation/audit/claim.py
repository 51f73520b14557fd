"""A stored pair, split into what is asked and what is claimed.

The ``pairs`` column of a row in; ``Claim`` out: form of the question, quantity or predicate, ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepsight_ros.evaluation.audit.quantities import COMPARED, PLACES, RAYS, SIZES

QUANTITIES = frozenset(
    (*SIZES, "top", "range", "surface_distance", "centre_distance", "mean_nearest_distance",
     "horizontal_distance", "vertical_distance", "direction", "free_space")
)  # fmt: skip
PREDICATES = frozenset(
    (*COMPARED, *PLACES, *RAYS, "on", "inside", "touching", "next_to", "between")
)
_RELATIONS = {
    "more_than": 1,
    "at_least": 1,
    "less_than": -1,
    "at_most": -1,
    "fits": -1,
    "about": 0,
}
_USUAL = {
    "grasp_width.compare": "fits",
    "direction.compare": "about",
    "free_space.compare": "at_least",
    "free_space.robot.compare": "at_least",
}


@dataclass(frozen=True)
class Claim:
    """One question with its answer.

    Attributes:
        question, answer: in words.
        type: as stored.
        form: value, compare, difference, same, yesno, either, choice, related, which_anchor,
            superlative, extreme, count, exists, list, supporter; "" when unknown.
        key: quantity or predicate.
        sign: of a comparison with a threshold: 1 more, -1 less, 0 about.
        ids: things in role order.
        regions: ids that ``<regionN>`` stands for.
        quantity: what was measured, or the predicate, as stored.
        outcome, value, unit, spoken_unit, threshold, lower, upper, noise: as stored.
    """

    question: str
    answer: str
    type: str
    form: str
    key: str
    sign: int
    ids: tuple[str, ...]
    regions: tuple[str, ...]
    outcome: str
    value: float | bool | str | None
    unit: str
    spoken_unit: str
    threshold: float | None
    lower: float | None
    upper: float | None
    noise: float
    quantity: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Claim:
        """From an element of the ``pairs`` column."""
        name = fields["type"]
        form, key, sign = kind_of(name)
        given = [fields[f"value_{kind}"] for kind in ("number", "bool", "text")]
        return cls(
            fields["question"],
            fields["answer"],
            name,
            form,
            key,
            sign,
            tuple(fields["object_ids"]),
            tuple(fields["regions"]),
            fields["outcome"],
            next((v for v in given if v is not None), None),
            fields["unit"] or "",
            fields["spoken_unit"] or "",
            fields["threshold"],
            fields["lower"],
            fields["upper"],
            fields["noise"] or 0.0,
            fields["quantity"] or "",
        )

    @property
    def si_unit(self) -> str:
        """Unit a number of this key has."""
        quantity = COMPARED[self.key][0] if self.key in COMPARED else self.key
        if self.form in ("count", "exists"):
            return ""
        return {"volume": "m3", "direction": "clock"}.get(quantity, "m")


def kind_of(name: str) -> tuple[str, str, int]:
    """Form, quantity or predicate, and sign of a comparison, from a type's name."""
    first, *rest = name.split(".")
    if first == "count":
        if rest[:1] == ["compare"]:
            return "count.compare", "count", _RELATIONS[rest[1] if rest[1:] else "more_than"]
        if rest in (["more"], ["fewer"]):
            return "count.more", "count", 1 if rest == ["more"] else -1
        return "count", "count", 0
    if first in ("exists", "supporter"):
        return first, first, 0
    if first == "list":
        return "list", rest[0] if rest else "", 0
    if first in ("where", "dimensions"):
        return "value", "range" if first == "where" else "volume", 0
    if "compare" in rest and first in QUANTITIES:
        relation = rest[-1] if rest[-1] in _RELATIONS else _USUAL.get(name, "more_than")
        return "compare", first, _RELATIONS[relation]
    if first in QUANTITIES and (not rest or rest[0] in ("camera", "robot")):
        return "value", first, 0
    if first in PREDICATES and rest:
        return rest[0], first, 0
    return "", name, 0
