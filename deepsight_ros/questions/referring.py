"""Referring expressions: from a ``Mention`` to objects of a scene, and from an object to its name.

``resolve`` looks a mention up: label, synonyms, kinds, colour, size, place, order, relations,
tags. ``describe`` names an object so that ``resolve`` finds exactly it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from deepsight_ros.questions.mentions import Mention, Order, Relation
from deepsight_ros.questions.ordering import decide, extreme
from deepsight_ros.questions.vocabulary import (
    COLOUR_WORDS,
    Fit,
    Vocabulary,
    noun_key,
    vocabulary_of,
)
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID, require_gravity
from deepsight_ros.scene.measure import resolve as body_for
from deepsight_ros.scene.objects import Scene, SceneObject
from deepsight_ros.scene.predicates import ON_TOLERANCE_M
from deepsight_ros.scene.verdict import Outcome

_UP = np.array([0.0, 0.0, 1.0])
SUPPORT_ID = "support"
"""Stands for the support surface among grounded ids."""

PLACE_ORDER: dict[str, str] = {
    "left": "left_of",
    "right": "right_of",
    "front": "in_front_of",
    "back": "behind",
    "top": "above",
    "bottom": "below",
}
_ADJECTIVE_ENDINGS = (
    "y",
    "ed",
    "ish",
    "ous",
    "ing",
    "able",
    "ful",
    "ive",
    "al",
    "en",
    "est",
    "er",
)


class Found(Enum):
    """How looking up a mention went."""

    ONE = "one"
    SEVERAL = "several"
    NONE = "none"


@dataclass(frozen=True)
class Resolution:
    """Objects a mention stands for.

    Attributes:
        found: ONE when the ids are what was meant (a set counts as one), SEVERAL when they are
            candidates between which the words do not decide, NONE when nothing fits.
        ids: see ``found``; scene order for sets.
        mention: what was looked up.
    """

    found: Found
    ids: tuple[str, ...]
    mention: Mention


def resolve(
    mention: Mention, scene: Scene, vocabulary: Vocabulary, exclude: tuple[str, ...] = ()
) -> Resolution:
    """Look a mention up.

    Args:
        mention: of a question.
        scene: to look in.
        vocabulary: of that scene.
        exclude: ids that are not meant (already named: "the other mug").

    Raises:
        NeedsGravityError, NoDepthError: from place, size and relation words.
    """
    if mention.is_camera:
        return Resolution(Found.ONE, (CAMERA_ID,), mention)
    if mention.is_support:
        return Resolution(Found.ONE, (SUPPORT_ID,), mention)
    if mention.tag:
        return _by_tag(mention, scene)
    if mention.is_gripper:
        found = _gripper(scene)
        return Resolution(Found.ONE if found else Found.NONE, found, mention)
    candidates = candidates_of(mention, scene, vocabulary, exclude)
    if not candidates and mention.is_inherited:
        # "the red mug and the blue one", and the blue one is no mug
        loose = replace(mention, noun=(), is_inherited=False, is_one=True)
        candidates = candidates_of(loose, scene, vocabulary, exclude)
    if not candidates:
        return Resolution(Found.NONE, (), mention)
    wanted = mention.number
    is_set = (wanted or 0) > 1 or (mention.is_plural and wanted is None and len(candidates) > 1)
    if is_set and not mention.place and mention.order is None and not mention.sizes:
        return _set(mention, candidates)
    if wanted and wanted > 1:
        return _several_by_order(mention, candidates, scene)
    return _narrow(mention, candidates, scene, vocabulary)


def candidates_of(
    mention: Mention, scene: Scene, vocabulary: Vocabulary, exclude: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Objects that fit noun, colour and relation of a mention, before size, place and order."""
    pool = [o for o in scene.objects if not o.is_region and o.id not in exclude]
    if not pool or (mention.unknown and not mention.noun and not mention.is_one):
        return ()
    if mention.noun and mention.noun[-1] == "nothing":
        return ()
    is_any = mention.is_group or mention.is_one or not mention.noun
    fits: dict[str, Fit]
    if is_any:
        fits = {o.id: Fit.EXACT for o in pool if not o.is_gripper}
    else:
        named = vocabulary.fits(mention.noun)
        fits = {o.id: named[o.id] for o in pool if o.id in named}
    if mention.unknown and not is_any:
        fits = {i: fit for i, fit in fits.items() if _may_be(mention, i, vocabulary)}
    if mention.colours:
        by_id = {o.id: o for o in pool}
        named = {i: f for i, f in fits.items() if _is_called(by_id[i], mention.colours)}
        # "grey" is the grey one before it is the silver one
        fits = named or {i: f for i, f in fits.items() if _has_colours(by_id[i], mention.colours)}
    if mention.relation is not None:
        relation = mention.relation
        fits = {i: fit for i, fit in fits.items() if stands(i, relation, scene, vocabulary)}
    return _best_fits(fits, is_set=mention.is_plural or (mention.number or 1) > 1)


def _best_fits(fits: dict[str, Fit], *, is_set: bool) -> tuple[str, ...]:
    if not fits:
        return ()
    best = min(fits.values())
    if is_set:
        # "the boxes" are the box and the cereal box; a "box" that is a crate only if no other
        limit = max(best, Fit.HEAD)
        return tuple(i for i, fit in fits.items() if fit <= limit)
    limit = Fit.NAME if best in (Fit.HEAD, Fit.NAME) else best
    return tuple(i for i, fit in fits.items() if fit <= limit)


def _may_be(mention: Mention, object_id: str, vocabulary: Vocabulary) -> bool:
    """An unknown word before the noun: an adjective is taken on trust, a noun is not."""
    label = dict(vocabulary.labels)[object_id]
    if all(word.endswith(_ADJECTIVE_ENDINGS) for word in mention.unknown):
        return True
    return len(label) <= len(mention.noun)


def _is_called(item: SceneObject, said: tuple[str, ...]) -> bool:
    own = {_SPELLINGS.get(c.lower(), c.lower()) for c in (item.colour, *item.colours)}
    return all(_SPELLINGS.get(colour, colour) in own for colour in said)


_SPELLINGS = {"gray": "grey", "violet": "purple", "golden": "gold"}


def _has_colours(item: SceneObject, said: tuple[str, ...]) -> bool:
    own = {c.lower() for c in (item.colour, *item.colours) if c}
    own |= {base for colour in own for base in COLOUR_WORDS.get(colour, ())}
    return all(COLOUR_WORDS.get(colour, frozenset()) & own or colour in own for colour in said)


def stands(object_id: str, relation: Relation, scene: Scene, vocabulary: Vocabulary) -> bool:
    """True when an object stands in a relation to its anchors beyond the margin."""
    found = [resolve(anchor, scene, vocabulary) for anchor in relation.anchors]
    if len(found) == 1 and found[0].found is Found.SEVERAL:
        # "the crate on the box": on any of the boxes
        return any(
            holds(scene, relation.predicate, object_id, (i,)) is Outcome.TRUE for i in found[0].ids
        )
    if any(one.found is not Found.ONE for one in found):
        return False
    ids = tuple(i for one in found for i in one.ids)
    return holds(scene, relation.predicate, object_id, ids) is Outcome.TRUE


def holds(scene: Scene, predicate: str, object_id: str, anchors: tuple[str, ...]) -> Outcome:
    """Judge a predicate of an object against grounded anchors, the support and the camera too."""
    if object_id in anchors:
        return Outcome.FALSE
    if anchors == (SUPPORT_ID,):
        return on_support(scene, object_id) if predicate == "on" else Outcome.FALSE
    if CAMERA_ID in anchors:
        return Outcome.TRUE if predicate == "in_front_of" else Outcome.FALSE
    needed = 3 if predicate == "between" else 2
    if len(anchors) + 1 != needed:
        return Outcome.FALSE
    return decide(scene, predicate, (object_id, *anchors)).outcome


def on_support(scene: Scene, object_id: str) -> Outcome:
    """Direct support by the surface itself: the bottom within 15 mm of it."""
    require_gravity(scene, "on")
    bottom = body_for(scene, object_id).extent(_UP).lo.at_m
    return Outcome.TRUE if abs(bottom) <= ON_TOLERANCE_M else Outcome.FALSE


def _by_tag(mention: Mention, scene: Scene) -> Resolution:
    found = tuple(o.id for o in scene.objects if o.id.lower() == mention.tag.lower())[:1]
    return Resolution(Found.ONE if found else Found.NONE, found, mention)


def _gripper(scene: Scene) -> tuple[str, ...]:
    own = tuple(o.id for o in scene.objects if o.is_gripper)
    if own:
        return own[:1]
    return (scene.gripper.object_id or GRIPPER_ID,) if scene.gripper is not None else ()


def _set(mention: Mention, candidates: tuple[str, ...]) -> Resolution:
    if mention.number is None or mention.number == len(candidates):
        return Resolution(Found.ONE, candidates, mention)
    if mention.number > len(candidates):
        return Resolution(Found.NONE, candidates, mention)
    return Resolution(Found.SEVERAL, candidates, mention)


def _several_by_order(mention: Mention, candidates: tuple[str, ...], scene: Scene) -> Resolution:
    """ "The two tallest boxes": the first of an order, when the cut is clear."""
    number = mention.number or 1
    order = _order_of(mention)
    if len(candidates) == number or order is None or len(candidates) < number:
        return _set(mention, candidates)
    ordered = extreme(scene, order.predicate, candidates).order
    cut = decide(scene, order.predicate, (ordered[number - 1], ordered[number]))
    if cut.outcome is not Outcome.TRUE:
        return Resolution(Found.SEVERAL, candidates, mention)
    return Resolution(Found.ONE, ordered[:number], mention)


def _order_of(mention: Mention) -> Order | None:
    if mention.order is not None:
        return mention.order if mention.order.predicate else None
    if mention.sizes:
        return Order(mention.sizes[0])
    if mention.place in PLACE_ORDER:
        return Order(PLACE_ORDER[mention.place])
    return None


def _narrow(
    mention: Mention, candidates: tuple[str, ...], scene: Scene, vocabulary: Vocabulary
) -> Resolution:
    """Apply size, place and order words until one candidate is left."""
    for size in mention.sizes:
        if len(candidates) > 1:
            candidates = extreme(scene, size, candidates).contenders
    if mention.place == "middle" and len(candidates) > 1:
        candidates = _middle(candidates, scene)
    elif mention.place and len(candidates) > 1:
        candidates = extreme(scene, PLACE_ORDER[mention.place], candidates).contenders
    if mention.order is not None and (len(candidates) > 1 or mention.order.rank != 1):
        order = mention.order
        if not order.predicate or (order.of_two and len(candidates) != 2):
            return Resolution(Found.SEVERAL, candidates, mention)
        anchor_id = None
        if order.anchor is not None:
            anchor = resolve(order.anchor, scene, vocabulary)
            if anchor.found is not Found.ONE or len(anchor.ids) != 1:
                return Resolution(anchor.found, anchor.ids, order.anchor)
            anchor_id = None if anchor.ids[0] == CAMERA_ID else anchor.ids[0]
            candidates = tuple(i for i in candidates if i != anchor_id)
            if not candidates:
                return Resolution(Found.NONE, (), mention)
        candidates = extreme(scene, order.predicate, candidates, anchor_id, order.rank).contenders
    if len(candidates) == 1:
        return Resolution(Found.ONE, candidates, mention)
    return Resolution(Found.SEVERAL if candidates else Found.NONE, candidates, mention)


def _middle(candidates: tuple[str, ...], scene: Scene) -> tuple[str, ...]:
    if len(candidates) % 2 == 0:
        return candidates
    return extreme(scene, "left_of", candidates, None, len(candidates) // 2 + 1).contenders


def describe(object_id: str, scene: Scene, vocabulary: Vocabulary | None = None) -> str:
    """A name that means this object and no other: "the red mug", "the left box", "object o3".

    Colour, then place are added only as far as needed; what words cannot tell apart keeps its id.
    """
    if object_id == SUPPORT_ID:
        return f"the {scene.support_label or 'support'}"
    if object_id == CAMERA_ID:
        return "the camera"
    if object_id == GRIPPER_ID and not any(o.id == GRIPPER_ID for o in scene.objects):
        return "the gripper"
    vocabulary = vocabulary or vocabulary_of(scene)
    item = scene.object(object_id)
    if item.is_region:
        return f"<{item.id}>" if not item.label else f"{item.label} <{item.id}>"
    if item.is_gripper:
        return "the gripper"
    label = item.label.lower().replace("_", " ").strip()
    noun = label or "object"
    words = noun_key(noun.split())
    base = Mention(f"the {noun}", noun=words, is_group=not label, determiner="the")
    rivals = candidates_of(base, scene, vocabulary)
    if rivals == (object_id,):
        return f"the {noun}"
    if item.colour:
        coloured = replace(base, colours=(item.colour,))
        if candidates_of(coloured, scene, vocabulary) == (object_id,):
            return f"the {item.colour} {noun}"
    colour = f"{item.colour} " if item.colour else ""
    return f"the {colour}{noun} ({item.id})"
