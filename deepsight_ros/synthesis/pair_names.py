"""Names for the objects of a sample that mean one object and no other.

In: a sample's scene and captions. Out: object id -> words. Two called alike are told apart
by colour, then by place ("the left mug"); of more than two alike none gets a name
(SpatialVLM, arXiv 2401.12168, section 3.1). Regions need no names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from deepsight_ros.errors import DeepsightError
from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.matching import match
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.referring import Found, resolve
from deepsight_ros.questions.vocabulary import Vocabulary, vocabulary_of
from deepsight_ros.scene.objects import Scene, SceneObject
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import Outcome

PLACES: tuple[tuple[str, str, str], ...] = (
    ("left_of", "the left {}", "the right {}"),
    ("closer", "the nearer {}", "the farther {}"),
)
"""Relation that tells two alike apart, and how each is then called."""
VERBS = spaced("stand rest hang lie sit touch support")
"""Last words of names that may be read as a verb."""
_NO_LABELS = spaced("thing object item region something unknown")


def names_of(scene: Scene, captions: Mapping[str, str] | None = None) -> dict[str, str]:
    """A name for each object that can have one; ids without one are left out.

    Captions, where a source has them, take the place of labels. A name made of labels is kept only
    when the question room finds exactly that object by it.
    """
    captions = captions or {}
    called: dict[str, list[SceneObject]] = defaultdict(list)
    for item in scene.objects:
        base = _base(item, captions)
        if base:
            called[base].append(item)
    names: dict[str, str] = {}
    for base, items in called.items():
        if len(items) == 1:
            names[items[0].id] = f"the {base}"
        else:
            names.update(_told_apart(scene, base, items, captions))
    taken = Counter(names.values())
    names = {i: n for i, n in names.items() if taken[n] == 1}
    if captions:
        return names
    vocabulary = vocabulary_of(scene)
    return {i: n for i, n in names.items() if _finds(n, i, scene, vocabulary)}


def _base(item: SceneObject, captions: Mapping[str, str]) -> str:
    if item.is_region:
        return ""
    if item.is_gripper:
        return "gripper"
    text = captions.get(item.id, item.label).lower().replace("_", " ").strip()
    text = text.removeprefix("the ").removeprefix("a ").removeprefix("an ")
    return "" if text in _NO_LABELS else text


def _told_apart(
    scene: Scene, base: str, items: list[SceneObject], captions: Mapping[str, str]
) -> dict[str, str]:
    """By colour; what shares the colour too, if there are two of it, by place."""
    groups: dict[str, list[SceneObject]] = defaultdict(list)
    for item in items:
        colour = "" if item.id in captions else item.colour
        groups[colour].append(item)
    out: dict[str, str] = {}
    for colour, alike in groups.items():
        said = f"{colour} {base}".strip()
        if len(alike) == 1 and colour:
            out[alike[0].id] = f"the {said}"
        elif len(alike) == 2 and (colour or len(items) == 2):
            out.update(_by_place(scene, said, alike))
    return out


def _by_place(scene: Scene, said: str, two: list[SceneObject]) -> dict[str, str]:
    for predicate, first, second in PLACES:
        try:
            outcome = judge(scene, predicate, (two[0].id, two[1].id)).outcome
        except DeepsightError:  # no gravity, no depth: this relation tells nothing here
            continue
        if outcome in (Outcome.TRUE, Outcome.FALSE):
            one, other = two if outcome is Outcome.TRUE else two[::-1]
            return {one.id: first.format(said), other.id: second.format(said)}
    return {}


def _finds(name: str, object_id: str, scene: Scene, vocabulary: Vocabulary) -> bool:
    asked = [f"how far away is {name}?"]
    if name.split()[-1] in VERBS:  # "is the tv stand on ..." may be read as standing on it
        asked.append(f"is {name} on the right side of {name}?")
    for question in asked:
        understood = match(question, vocabulary)
        if not isinstance(understood, Query) or not understood.things:
            return False
        for mention in understood.things:
            found = resolve(mention, scene, vocabulary)
            if found.found is not Found.ONE or found.ids != (object_id,):
                return False
    return True
