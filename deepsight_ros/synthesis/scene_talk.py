"""A scene in, things that can be named and true sentences about their depth out.

Names are the label, with the colour where two share the label; what cannot be named apart is not
spoken of. Every sentence is measured on the scene; what is within the margin is not said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepsight_ros.errors import NeedsGravityError, NoDepthError
from deepsight_ros.questions.speaking import speak_value
from deepsight_ros.questions.units import human_unit, si_factor
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import Outcome


@dataclass(frozen=True)
class Sentence:
    """A true sentence.

    Attributes:
        text: in words.
        object_id: what it is about.
        quantity: what was measured or judged.
    """

    text: str
    object_id: str
    quantity: str


def names(scene: Scene) -> dict[str, str]:
    """Object id -> name without article, for what is seen and can be named apart."""
    things = [o for o in scene.objects if o.box_px is not None and o.label and not o.is_gripper]
    everything = [o for o in scene.objects if o.label]
    labels = Counter(o.label for o in everything)
    coloured = Counter((o.colour, o.label) for o in everything)
    out = {}
    for thing in things:
        if labels[thing.label] == 1:
            out[thing.id] = thing.label
        elif thing.colour and coloured[thing.colour, thing.label] == 1:
            out[thing.id] = f"{thing.colour} {thing.label}"
    return out


def length(value_m: float) -> str:
    """A length as people say it: whole centimetres under a metre, else decimetres."""
    rounded = round(value_m, 2)
    unit = human_unit(rounded, "m", "metric")
    factor = si_factor(unit)
    step = 1.0 if unit == "cm" else 0.1
    return speak_value(round(rounded / factor / step) * step, unit)


def ranges_m(scene: Scene, ids: list[str]) -> dict[str, float]:
    """Distance of each from the camera; things without depth are left out."""
    out = {}
    for name in ids:
        try:
            found = measure(scene, "range", [name])
        except NoDepthError:
            continue
        if found.bound is Bound.EXACT:
            out[name] = found.value
    return out


def depth_sentences(scene: Scene, rng: np.random.Generator, most: int) -> list[Sentence]:
    """Up to ``most`` different sentences about depth, in drawn order.

    Args:
        scene: what is measured.
        rng: draws kinds, things and wording.
        most: how many.
    """
    called = names(scene)
    far = ranges_m(scene, list(called))
    if not far:
        return []
    makers: list[Callable[[], Sentence | None]] = [
        lambda: _alone(called, far, rng),
        lambda: _extreme(called, far, rng),
    ]
    if len(far) > 1:
        makers += [
            lambda: _closer(scene, called, far, rng),
            lambda: _order(scene, called, far, rng),
            lambda: _apart(scene, called, far, rng),
        ]
    out: dict[str, Sentence] = {}
    for _ in range(most * 6):
        if len(out) == most:
            break
        made = makers[int(rng.integers(len(makers)))]()
        if made is not None:
            out.setdefault(made.text, made)
    return list(out.values())


def _pick(rng: np.random.Generator, texts: tuple[str, ...], **slots: str) -> str:
    text = texts[int(rng.integers(len(texts)))].format(**slots)
    return text[0].upper() + text[1:]


def _two(far: dict[str, float], rng: np.random.Generator) -> tuple[str, str]:
    a, b = rng.permutation(sorted(far))[:2]
    return str(a), str(b)


def _alone(
    called: dict[str, str], far: dict[str, float], rng: np.random.Generator
) -> Sentence | None:
    item = str(rng.choice(sorted(far)))
    texts = (
        "the {a} is about {d} away from the camera",
        "a {a} at a distance of about {d}",
        "the {a} stands about {d} away",
        "the depth of the {a} is about {d}",
    )
    return Sentence(_pick(rng, texts, a=called[item], d=length(far[item])), item, "range")


def _extreme(
    called: dict[str, str], far: dict[str, float], rng: np.random.Generator
) -> Sentence | None:
    if len(far) < 3:
        return None
    order = sorted(far, key=lambda i: far[i])
    nearest = bool(rng.integers(2))
    item, other = (order[0], order[1]) if nearest else (order[-1], order[-2])
    if abs(far[item] - far[other]) < 0.05 * far[item]:
        return None
    word = ("closest", "nearest") if nearest else ("farthest", "most distant")
    texts = (
        "of the things in view the {a} is the {w}",
        "the {a} is the {w} thing that can be named",
    )
    chosen = str(rng.choice(word))
    return Sentence(_pick(rng, texts, a=called[item], w=chosen), item, "range")


def _closer(
    scene: Scene, called: dict[str, str], far: dict[str, float], rng: np.random.Generator
) -> Sentence | None:
    a, b = _two(far, rng)
    if judge(scene, "closer", [a, b]).outcome is not Outcome.TRUE:
        return None
    texts = (
        "the {a} is closer to the camera than the {b}",
        "the {b} is farther away than the {a}",
        "the {a} is {d} nearer than the {b}",
    )
    gap = length(far[b] - far[a])
    return Sentence(_pick(rng, texts, a=called[a], b=called[b], d=gap), a, "closer")


def _order(
    scene: Scene, called: dict[str, str], far: dict[str, float], rng: np.random.Generator
) -> Sentence | None:
    a, b = _two(far, rng)
    word = str(rng.choice(["behind", "in_front_of"]))
    try:
        outcome = judge(scene, word, [a, b]).outcome
    except NeedsGravityError:
        return None
    if outcome is not Outcome.TRUE:
        return None
    said = "behind" if word == "behind" else "in front of"
    texts = ("the {a} is {w} the {b}", "a {a} {w} the {b}")
    return Sentence(_pick(rng, texts, a=called[a], b=called[b], w=said), a, word)


def _apart(
    scene: Scene, called: dict[str, str], far: dict[str, float], rng: np.random.Generator
) -> Sentence | None:
    a, b = _two(far, rng)
    found = measure(scene, "surface_distance", [a, b])
    if found.bound is not Bound.EXACT or found.value < 0.02:
        return None
    texts = (
        "the distance between the {a} and the {b} is about {d}",
        "the {a} is about {d} away from the {b}",
    )
    text = _pick(rng, texts, a=called[a], b=called[b], d=length(found.value))
    return Sentence(text, a, "surface_distance")
