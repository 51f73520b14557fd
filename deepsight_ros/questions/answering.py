"""answer: a question and a scene in, an ``Answer`` out. The one way for nodes, benchmarks and the
CLI.

match -> find the things -> measure or judge -> put in words. What cannot be answered says so:
AMBIGUOUS names the candidates, NOT_FOUND what is missing, NO_DEPTH and UNSUPPORTED the reason.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from deepsight_ros.errors import NeedsGravityError, NoDepthError, UnknownReferenceError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.questions import japanese
from deepsight_ros.questions.catalogue import CATALOGUE, type_of
from deepsight_ros.questions.matching import match
from deepsight_ros.questions.ordering import PRINTED
from deepsight_ros.questions.query import Condition, NotUnderstood, Query
from deepsight_ros.questions.referring import (
    SUPPORT_ID,
    Found,
    Resolution,
    candidates_of,
    describe,
    holds,
    resolve,
)
from deepsight_ros.questions.speaking import joined, speak, unit_of
from deepsight_ros.questions.types import Case, Form, QuestionType, Solved
from deepsight_ros.questions.units import si_factor
from deepsight_ros.questions.vocabulary import Vocabulary, vocabulary_of, vocabulary_of_labels
from deepsight_ros.scene.answer import Answer, Method, Status
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID, measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.predicates import compare_to, countable_ids
from deepsight_ros.scene.verdict import Outcome

_NEEDS_GRIPPER = frozenset({"free_space", "free_space.compare"})


class _UnresolvedError(Exception):
    """A mention did not lead to what the type needs."""

    def __init__(self, status: Status, ids: tuple[str, ...], text: str) -> None:
        super().__init__(text)
        self.status, self.ids, self.text = status, ids, text


def warm_up() -> None:
    """Build the tables of words, which takes a fifth of a second once in a process, so that
    nobody's first question waits for them, and no frame."""
    nothing = Scene(0, "", (), RigidTransform.identity())
    for question in ("how far is the red mug from the bowl?", "マグカップはどこですか"):
        answer(question, nothing)


def answer(
    question: str,
    scene: Scene,
    *,
    units: str = "metric",
    now_ns: int | None = None,
    regions: Sequence[str] = (),
) -> Answer:
    """Answer a question about a scene.

    Args:
        question: any text, in English or Japanese.
        scene: exact or observed.
        units: "metric" or "imperial", when the question names no unit.
        now_ns: time the question came in, for ``latency_s`` against the clock of the stamps; None
            takes the time this call needs.
        regions: ids of regions passed with the question; a single one stands for "it".

    Returns:
        Answer; ``value`` is in the unit asked for, else metres (cubic metres), bool for yes/no, an
        object id for choices, "same" inside the margin. Never raises for any text.
    """
    started = time.perf_counter()
    made = _answer(question, scene, units, tuple(regions))
    elapsed = time.perf_counter() - started
    if now_ns is not None and scene.stamp_ns:
        elapsed = max(elapsed, (now_ns - scene.stamp_ns) * 1e-9 + elapsed)
    return replace(made, latency_s=elapsed)


def prepare() -> None:
    """Build the phrase tables now (about 0.2 s), so that the first question does not wait."""
    for question in ("how tall is the zorp?", "りんごの高さは？"):
        match(question, vocabulary_of_labels(()))


def _answer(question: str, scene: Scene, units: str, regions: tuple[str, ...]) -> Answer:
    vocabulary = vocabulary_of(scene)
    understood = match(question, vocabulary, regions)
    if isinstance(understood, NotUnderstood):
        text = understood.reason
        return _refusal(question, scene, Status.UNSUPPORTED, text)
    entry = type_of(understood)
    key = _printed(entry, understood)
    try:
        case = ground(understood, scene, vocabulary)
        solved = entry.solve(case)
    except _UnresolvedError as error:
        return _refusal(question, scene, error.status, error.text, understood.type, key, error.ids)
    except NeedsGravityError as error:
        text = japanese.NO_GRAVITY if understood.language == "ja" else f"no gravity: {error}"
        return _refusal(question, scene, Status.UNSUPPORTED, text, understood.type, key)
    except NoDepthError as error:
        return _refusal(question, scene, Status.NO_DEPTH, str(error), understood.type, key)
    except UnknownReferenceError as error:
        return _refusal(question, scene, Status.NOT_FOUND, str(error), understood.type, key)
    return _spoken(question, case, entry, solved, key, units)


def _refusal(
    question: str,
    scene: Scene,
    status: Status,
    text: str,
    question_type: str = "",
    quantity: str = "",
    ids: tuple[str, ...] = (),
) -> Answer:
    return Answer(
        status=status,
        question=question,
        text=_sentence(text),
        question_type=question_type,
        quantity=quantity,
        object_ids=ids,
        method=Method.MEASURED,
        stamp_ns=scene.stamp_ns,
        frame_id=scene.frame_id,
    )


def _sentence(text: str) -> str:
    if text.endswith((".", "。", "?")):
        return text[:1].upper() + text[1:]
    return f"{text[:1].upper()}{text[1:]}{'.' if text[-1:].isascii() else '。'}"


def _printed(entry: QuestionType, query: Query) -> str:
    """Quantity or predicate a question is reported under."""
    key = entry.key
    if key == "grasp_width":
        key = "breadth"  # the side a parallel gripper closes on
    if query.type in _BY_CONDITION and query.condition is not None:
        key = query.condition.predicate or query.condition.quantity
    elif query.type in _BY_CONDITION and query.group is not None and query.group.relation:
        relation = query.group.relation
        if not any(m.is_support for m in relation.anchors):
            key = relation.predicate
    return PRINTED.get(key, key)


# -- finding the things -----------------------------------------------------------------------


def ground(query: Query, scene: Scene, vocabulary: Vocabulary) -> Case:
    """Find everything a query mentions.

    Raises:
        _UnresolvedError: a mention is missing or ambiguous.
    """
    sets = _ground_things(query, scene, vocabulary)
    anchor_id: str | None = None
    if query.anchor is not None:
        taken = tuple(i for s in sets for i in s)
        found = _one(resolve(query.anchor, scene, vocabulary), scene, taken)
        if found in taken:
            raise _UnresolvedError(
                Status.NOT_FOUND, taken, f"{query.anchor.text} is one of the things compared"
            )
        anchor_id = None if found == CAMERA_ID else found
    group_ids: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    condition = query.condition
    if query.type in _SETS or query.type.endswith((".superlative", ".extreme")):
        group_ids = _group(query, scene, vocabulary)
        if condition is not None:
            anchors = _anchors(condition, scene, vocabulary)
            group_ids = tuple(i for i in group_ids if _meets(scene, i, condition, anchors))
            if query.type in _BY_CONDITION:
                others = tuple(i for i in anchors if i not in (SUPPORT_ID, CAMERA_ID))
                anchor_id = others[0] if others else None
                further = others[1:]
        elif query.type in _BY_CONDITION and query.group is not None and query.group.relation:
            outer = [
                i for m in query.group.relation.anchors for i in resolve(m, scene, vocabulary).ids
            ]
            outer = [i for i in outer if i not in (SUPPORT_ID, CAMERA_ID)]
            anchor_id = outer[0] if outer else None
            further = tuple(outer[1:])
    if query.type in _NEEDS_GRIPPER and not sets:
        sets = ((scene.gripper.object_id or GRIPPER_ID,),) if scene.gripper else ()
    ids = tuple(i for s in sets for i in s)
    _check_number(query, ids, scene)
    return Case(scene, vocabulary, query, ids, sets, anchor_id, group_ids, further)


_BY_CONDITION = frozenset({"list", "exists"})
_SETS = frozenset({"count", "count.compare", "exists", "list"})
_COUNTED = frozenset({"count.more", "count.fewer"})


def _ground_things(
    query: Query, scene: Scene, vocabulary: Vocabulary
) -> tuple[tuple[str, ...], ...]:
    if query.type in _COUNTED:
        return tuple(candidates_of(m, scene, vocabulary) for m in query.things)
    sets: list[tuple[str, ...]] = []
    missing: list[Resolution] = []
    unclear: list[Resolution] = []
    found_ids: list[str] = []
    for mention in query.things:
        exclude = tuple(found_ids) if mention.is_other else ()
        resolution = resolve(mention, scene, vocabulary, exclude)
        if resolution.found is Found.NONE:
            missing.append(resolution)
        elif resolution.found is Found.SEVERAL:
            unclear.append(resolution)
        else:
            found_ids.extend(resolution.ids)
            sets.append(resolution.ids)
    if missing:
        kept = tuple(dict.fromkeys(i for i in found_ids if _is_object(i, scene)))
        raise _UnresolvedError(Status.NOT_FOUND, kept, _missing_text(missing[0], query))
    if unclear:
        alike = _twins(unclear, query)
        if alike is None:
            raise _UnresolvedError(
                Status.AMBIGUOUS, unclear[0].ids, _unclear_text(unclear[0], scene, query)
            )
        return alike
    return tuple(sets)


def _twins(unclear: list[Resolution], query: Query) -> tuple[tuple[str, ...], ...] | None:
    """ "From one mug to the other mug", when there are just two mugs."""
    if len(query.things) != 2:
        return None
    one, two = query.things
    if not two.is_other and (one.noun, one.colours) != (two.noun, two.colours):
        return None
    ids = unclear[0].ids
    if len(ids) == 2 and all(set(r.ids) == set(ids) for r in unclear):
        return ((ids[0],), (ids[1],))
    return None


def _is_object(object_id: str, scene: Scene) -> bool:
    return any(o.id == object_id for o in scene.objects)


def _missing_text(resolution: Resolution, query: Query) -> str:
    if query.language == "ja":
        return japanese.not_found(resolution.mention.text)
    name = resolution.mention.text
    return (
        f"I do not see {name if name.startswith(('the ', 'a ', 'an ', 'any ')) else 'the ' + name}"
    )


def _unclear_text(resolution: Resolution, scene: Scene, query: Query) -> str:
    if query.language == "ja":
        own = [scene.object(i) for i in resolution.ids]
        return japanese.ambiguous(
            resolution.mention.text, [japanese.name_of(o.label, o.colour) for o in own]
        )
    names = [describe(i, scene) for i in resolution.ids]
    return f"{resolution.mention.text} could be {joined(names, 'or')}; which one do you mean?"


def _one(resolution: Resolution, scene: Scene, taken: tuple[str, ...] = ()) -> str:
    if resolution.found is Found.NONE or not resolution.ids:
        ids = tuple(i for i in taken if _is_object(i, scene))
        raise _UnresolvedError(Status.NOT_FOUND, ids, f"I do not see {resolution.mention.text}")
    if resolution.found is Found.SEVERAL or len(resolution.ids) > 1:
        names = joined([describe(i, scene) for i in resolution.ids], "or")
        text = f"{resolution.mention.text} could be {names}; which one do you mean?"
        raise _UnresolvedError(Status.AMBIGUOUS, resolution.ids, text)
    return resolution.ids[0]


def _anchors(condition: Condition, scene: Scene, vocabulary: Vocabulary) -> tuple[str, ...]:
    ids: list[str] = []
    for mention in condition.anchors:
        resolution = resolve(mention, scene, vocabulary)
        if resolution.found is Found.ONE and len(resolution.ids) > 1:
            ids.extend(resolution.ids)
        else:
            ids.append(_one(resolution, scene))
    return tuple(ids)


def _group(query: Query, scene: Scene, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Members of the set asked about: all that fit, or the one or few the words pick."""
    mention = query.group
    if mention is None:
        return countable_ids(scene)
    if mention.relation is not None:
        for anchor in mention.relation.anchors:  # "on the tray" needs a tray
            _check_found(resolve(anchor, scene, vocabulary), scene)
    if mention.is_gripper:
        return resolve(mention, scene, vocabulary).ids
    if query.type.startswith("count") and mention.unknown and not mention.noun:
        # a word that means nothing here may be a slip: none counted is not none there
        raise _UnresolvedError(Status.NOT_FOUND, (), f"I do not know what {mention.text} is")
    wide = replace(mention, is_plural=True, order=None, number=None)
    members = candidates_of(wide, scene, vocabulary)
    if (mention.sizes or mention.place) and members:
        picked = resolve(replace(mention, is_plural=False, number=None), scene, vocabulary)
        members = picked.ids
    if query.type.endswith((".superlative", ".extreme")):
        if not members:
            raise _UnresolvedError(Status.NOT_FOUND, (), f"I do not see {mention.text}")
        if mention.number is not None and mention.number != len(members):
            raise _UnresolvedError(
                Status.AMBIGUOUS if len(members) > mention.number else Status.NOT_FOUND,
                members,
                f"I see {len(members)} of {mention.text}",
            )
    return members


def _check_found(resolution: Resolution, scene: Scene) -> None:
    if resolution.found is not Found.ONE:
        _one(resolution, scene)


def _meets(scene: Scene, object_id: str, condition: Condition, anchors: tuple[str, ...]) -> bool:
    if object_id in anchors:
        return False
    if condition.inverse:
        return len(anchors) == 1 and (
            holds(scene, condition.predicate, anchors[0], (object_id,)) is Outcome.TRUE
        )
    if condition.predicate:
        return holds(scene, condition.predicate, object_id, anchors) is Outcome.TRUE
    measured = measure(scene, condition.quantity, (object_id, *anchors))
    verdict = compare_to(measured, condition.threshold, condition.relation)
    return verdict.outcome is Outcome.TRUE


def _check_number(query: Query, ids: tuple[str, ...], scene: Scene) -> None:
    """The type's number of different things."""
    if len(set(ids)) != len(ids):
        kept = tuple(dict.fromkeys(i for i in ids if _is_object(i, scene)))
        text = f"both names mean {describe(kept[0], scene)}" if kept else "both mean the same"
        raise _UnresolvedError(Status.NOT_FOUND, kept, text)
    wanted = _NUMBER_OF_THINGS.get(query.type, 0)
    base = query.type.partition(".")[0]
    if not wanted and base in CATALOGUE:
        wanted = len([r for r in CATALOGUE[base].roles if r in "abc"])
    if query.type in ("free_space", "free_space.compare"):
        wanted = 1
    if query.type.startswith("free_space.robot"):
        wanted = 0
        if not ids:
            return
    if (
        query.type.endswith((".choice", ".related", ".which_anchor"))
        or query.type in _COUNTED
        or query.type in _SETS
    ):
        return
    if query.type.endswith((".yesno", ".same", ".difference", ".either")):
        wanted = 3 if query.type == "between.yesno" else 2
    if query.type.endswith(".extreme"):
        wanted = 1
    if wanted and len(ids) != wanted:
        if not ids:
            raise _UnresolvedError(Status.NOT_FOUND, (), "there is no gripper in this scene")
        names = joined([describe(i, scene) for i in ids])
        status = Status.AMBIGUOUS if len(ids) > wanted else Status.NOT_FOUND
        raise _UnresolvedError(
            status, ids, f"this needs {wanted} things and the words name {names}"
        )


_NUMBER_OF_THINGS = {"where": 1, "dimensions": 1, "direction.camera": 1, "supporter": 1}


# -- putting it in words ----------------------------------------------------------------------


def _spoken(
    question: str, case: Case, entry: QuestionType, solved: Solved, key: str, units: str
) -> Answer:
    query = case.query
    quantity = solved.quantity or key
    if solved.status is not Status.OK:
        text = {
            Status.NO_DEPTH: "too little of it is seen to tell",
            Status.NOT_FOUND: "there is nothing to choose from",
        }.get(solved.status, "no answer")
        made = _refusal(
            question, case.scene, solved.status, text, query.type, quantity, solved.ids
        )
        return replace(made, measurements=solved.measurements)
    unit, value = "", solved.value
    if isinstance(value, float) and solved.measurements and entry.form is Form.VALUE:
        first = solved.measurements[0]
        unit = query.unit
        if not unit and units == "imperial":
            unit = unit_of(first, "", units)
        unit = unit or first.unit
        value = float(f"{value / si_factor(unit):.9g}")  # no digits that are only rounding noise
    elif isinstance(value, float):
        value = int(value)
    slots = _slots(case, solved, units)
    if query.language == "ja":
        text = japanese.speak(query, solved, slots, entry, units)
    else:
        text = entry.render_answer(_outcome(entry, solved), slots)
    return Answer(
        status=Status.OK,
        question=question,
        text=text,
        question_type=query.type,
        quantity=quantity,
        object_ids=solved.ids,
        value=value,
        unit=unit,
        measurements=solved.measurements,
        method=Method.MEASURED,
        stamp_ns=case.scene.stamp_ns,
        frame_id=case.scene.frame_id,
    )


def _outcome(entry: QuestionType, solved: Solved) -> str:
    negative = isinstance(solved.value, float) and solved.value < 0
    if entry.name.endswith(".difference") and negative:
        return "less"
    return solved.outcome


def _slots(case: Case, solved: Solved, units: str) -> dict[str, str]:
    """Everything a phrasing may name, in words."""
    scene, query = case.scene, case.query
    things = [_name(i, case) for i in case.ids]
    slots = dict(zip(("a", "b", "c"), things, strict=False))
    if case.anchor_id is not None:
        slots["c"] = _name(case.anchor_id, case)
    elif query.anchor is not None:
        slots["c"] = "the camera"
    slots["support"] = scene.support_label or "support"
    around = {case.anchor_id, *case.further_ids}
    members = [i for i in solved.ids if i not in around and i not in case.ids] or [
        i for i in solved.ids if i not in around
    ]
    if query.type == "supporter":
        members = [i for i in solved.ids if i not in case.ids]
    slots["list"] = joined([_name(i, case) for i in members])
    slots["number"] = str(len(case.group_ids))
    slots["group"] = query.group.text if query.group is not None else "objects"
    if isinstance(solved.value, str):
        named = _is_object(solved.value, scene)
        slots["winner"] = _name(solved.value, case) if named else f"the {solved.value}"
    if solved.measurements:
        first = solved.measurements[0]
        if query.type.endswith(".difference"):
            value = abs(first.value)
            low, high = sorted((abs(first.lower), abs(first.upper)))
            low, high = min(low, value), max(high, value)
            first = replace(first, value=value, lower=low, upper=high)
        slots["value"] = speak(first, query.unit, units)
        if query.type == "where" and len(solved.measurements) > 1:
            slots["hour"] = speak(solved.measurements[1])
        if query.type == "dimensions":
            for name, m in zip(("width", "depth", "height"), solved.measurements[1:], strict=True):
                asked = query.unit if m.unit == "m" and si_factor(query.unit) != 1.0 else ""
                slots[name] = speak(replace(m, lower=m.value, upper=m.value), asked, units)
            slots["value"] = speak(solved.measurements[0], "", units)
    for name, said in solved.slots.items():
        if name.endswith("_id"):
            slots[name.removesuffix("_id")] = _name(said, case) if said else "something"
        else:
            slots[name] = said
    return slots


def _name(object_id: str, case: Case) -> str:
    if case.query.language == "ja":
        for mention, ids in zip(case.query.things, case.sets, strict=False):
            if ids == (object_id,):
                return mention.text
        if not _is_object(object_id, case.scene):
            return object_id
        item = case.scene.object(object_id)
        alike = [o for o in case.scene.objects if o.label == item.label]
        return japanese.name_of(item.label, item.colour if len(alike) > 1 else "")
    if object_id == SUPPORT_ID:
        return f"the {case.scene.support_label or 'support'}"
    return describe(object_id, case.scene, case.vocabulary)
