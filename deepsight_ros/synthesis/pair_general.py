"""General questions about a sample, with no measuring in them: what, what colour, which room, is
there one, and about what is not there.

In: a sample and the names of its objects. Out: ``Pair`` values of types "general.*", for the
general share of a mix (SpatialVLM trains on 5 % spatial tokens, arXiv 2401.12168, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deepsight_ros.questions.grammar import spaced
from deepsight_ros.synthesis.pair_groups import with_article
from deepsight_ros.synthesis.samples import Pair, Sample

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "general.what": (
        "What is <region0>?", "What do you see at <region0>?", "Which object is <region0>?",
        "Name the thing at <region0>.", "Can you tell me what <region0> is?",
    ),
    "general.colour": (
        "What colour is {a}?", "Which colour does {a} have?", "Tell me the colour of {a}.",
        "What is the colour of {a}?", "In which colour is {a}?",
    ),
    "general.place": (
        "What kind of place is this?", "Where was this picture taken?", "Which room is this?",
        "What place do you see?", "Can you tell what kind of place this is?",
    ),
    "general.exists": (
        "Is there {one} in the picture?", "Do you see {one}?", "Can you spot {one} here?",
        "Does the picture show {one}?", "Is {one} in view?",
    ),
    "general.declined": (
        "How tall is the {absent}?", "How far away is the {absent}?",
        "What colour is the {absent}?", "Where is the {absent}?", "How wide is the {absent}?",
    ),
}  # fmt: skip
_ANSWERS: dict[str, tuple[str, ...]] = {
    "general.what": ("{value}.", "It is {value}.", "That is {value}.", "I see {value}."),
    "general.colour": ("{value}.", "It is {value}.", "{a} is {value}.", "I would say {value}."),
    "general.place": ("{value}.", "It is {value}.", "This looks like {value}.", "I see {value}."),
    "general.exists.yes": ("Yes.", "Yes, there is {one}.", "Yes, I see {one}."),
    "general.exists.no": ("No.", "No, there is no {absent}.", "No, I see no {absent}."),
    "general.declined": (
        "I do not see a {absent}, so I cannot tell.", "There is no {absent} in this picture.",
        "I cannot tell: no {absent} is in view.",
    ),
}  # fmt: skip
ELSEWHERE: tuple[str, ...] = tuple(
    sorted(spaced("giraffe bicycle piano ladder suitcase guitar umbrella helmet violin kite"))
)
"""Nouns asked about though they are not in the picture, beside the labels of other samples."""


def general_pairs(
    sample: Sample, names: Mapping[str, str], visible: Mapping[str, bool], rng: np.random.Generator
) -> list[Pair]:
    """Every general question about a sample, in an order drawn by ``rng``; yes and no balanced."""
    out: list[Pair] = []
    items = [o for o in sample.scene.objects if visible.get(o.id) and not o.is_region]
    for item in items:
        called = sample.captions.get(item.id, item.label).lower().replace("_", " ").strip()
        if called:
            slots = {"value": with_article(called)}
            out.append(_pair("general.what", slots, (item.id,), rng, called, regions=(item.id,)))
        if item.colour and item.id in names:
            slots = {"value": item.colour, "a": names[item.id]}
            out.append(_pair("general.colour", slots, (item.id,), rng, item.colour))
    if sample.room:
        slots = {"value": with_article(sample.room)}
        out.append(_pair("general.place", slots, (), rng, sample.room))
    labels = sorted({o.label.lower() for o in items if o.label})
    absent = [n for n in ELSEWHERE if all(n not in label.split() for label in labels)]
    for label, other in zip(labels, rng.permutation(absent).tolist(), strict=False):
        slots = {"one": with_article(label), "absent": label}
        ids = tuple(o.id for o in items if o.label.lower() == label)
        out.append(_pair("general.exists", slots, ids, rng, value=True))
        slots = {"one": with_article(other), "absent": other}
        out.append(_pair("general.exists", slots, (), rng, value=False))
        out.append(_pair("general.declined", {"absent": other}, (), rng, "none"))
    return [out[int(i)] for i in rng.permutation(len(out))]


def _pair(
    kind: str,
    slots: Mapping[str, str],
    ids: tuple[str, ...],
    rng: np.random.Generator,
    value: str | bool,
    *,
    regions: tuple[str, ...] = (),
) -> Pair:
    outcome = ("yes" if value else "no") if isinstance(value, bool) else "value"
    answers = _ANSWERS[f"{kind}.{outcome}" if isinstance(value, bool) else kind]
    question = _QUESTIONS[kind][int(rng.integers(len(_QUESTIONS[kind])))].format_map(slots)
    answer = answers[int(rng.integers(len(answers)))].format_map(slots)
    return Pair(
        question=f"{question[:1].upper()}{question[1:]}",
        answer=f"{answer[:1].upper()}{answer[1:]}",
        type=kind,
        object_ids=ids,
        regions=regions,
        outcome="none" if kind == "general.declined" else outcome,
        value=None if kind == "general.declined" else value,
        quantity="general",
    )
