"""Pairs straight from the catalogue, for tests of the audit: every type, by the solvers."""

from __future__ import annotations

import random

from deepsight_ros.questions.answering import answer
from deepsight_ros.questions.catalogue import CATALOGUE, type_of
from deepsight_ros.questions.matching import match
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.referring import describe
from deepsight_ros.questions.types import Form, QuestionType
from deepsight_ros.questions.units import human_unit, si_factor, spoken_number
from deepsight_ros.questions.vocabulary import vocabulary_of
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.samples import Pair

_ROLES = {"a", "b", "c"}


def catalogue_pairs(scene: Scene, seed: int, per_type: int = 1) -> list[Pair]:
    """Clean pairs about one exact scene; types that need more than the scene has are left out."""
    rng = random.Random(seed)
    out: list[Pair] = []
    ids = [o.id for o in scene.objects if not o.is_gripper]
    for entry in CATALOGUE.values():
        roles = [r for r in entry.roles if r in _ROLES]
        plain = set(entry.roles) <= {*_ROLES, "value"}
        if not plain or len(ids) < len(roles) + 1:
            continue
        if entry.key == "free_space" and scene.gripper is None and "robot" not in entry.name:
            continue
        for _ in range(per_type):
            made = _pair(
                entry, scene, dict(zip(roles, rng.sample(ids, len(roles)), strict=True)), rng
            )
            if made is not None:
                out.append(made)
    return out


def _pair(
    entry: QuestionType, scene: Scene, chosen: dict[str, str], rng: random.Random
) -> Pair | None:
    slots = {role: describe(i, scene) for role, i in chosen.items()}
    slots["support"] = scene.support_label or "support"
    threshold = None
    things = tuple(chosen.values())
    if "value" in entry.roles:
        asked = ("gripper",) if entry.name == "free_space.compare" else things
        value = measure(scene, entry.key, asked).value
        if entry.unit == "clock":
            threshold = float(rng.choice([value, (value + rng.randint(2, 9)) % 12 or 12.0]))
            slots["value"] = f"{threshold:.0f} o'clock"
        else:
            wanted = value * rng.choice([0.5, 0.7, 1.4, 2.0])
            unit = human_unit(wanted, entry.unit, "metric")
            number = spoken_number(wanted / si_factor(unit), unit, 0.0)
            threshold = float(number.replace(",", "")) * si_factor(unit)
            slots["value"] = f"{number} {unit}"
    question = entry.render_question(slots, rng)
    read = match(question, vocabulary_of(scene))
    if not isinstance(read, Query) or type_of(read).name != entry.name:
        return None  # the phrasing is understood as another type
    found = answer(question, scene)
    if found.status is not Status.OK:
        return None
    value = found.value
    outcome = "value"
    if entry.form in (Form.YESNO, Form.COMPARE):
        outcome = value if isinstance(value, str) else "yes" if value else "no"
    elif entry.form in (Form.CHOICE, Form.SUPERLATIVE):
        outcome = value if value in ("same", "neither", "both") else "one"
    elif entry.form is Form.LIST:
        outcome = "none" if value == "none" else "one"
    number = isinstance(value, float)
    if number and found.measurements:
        value = found.measurements[0].value
    return Pair(
        question,
        found.text,
        entry.name,
        things,
        (),
        str(outcome),
        value,
        entry.unit if number else "",
        found.unit if number else "",
        threshold=threshold,
        quantity=entry.key,
    )
