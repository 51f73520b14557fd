"""Ways in which generated pairs and rows go wrong, injected into clean rows to test the audit.

Each corruption takes a clean row (columns as read from a shard), draws where it strikes and
returns the corrupted row and the number of the pair it struck (None: the row as a whole), or None
where there is nothing to corrupt or the corrupted claim would still be true.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from deepsight_ros.questions.lexicon import plural_of
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import PREDICATES, Outcome

Row = dict[str, Any]
Struck = tuple[Row, int | None] | None
Corruption = Callable[[Row, Scene, np.random.Generator], Struck]

_OPPOSITE_WORDS = {
    "left": "right", "above": "below", "over": "under", "in front of": "behind",
    "taller": "shorter", "wider": "narrower", "bigger": "smaller", "larger": "smaller",
    "thicker": "thinner", "deeper": "shallower", "closer": "farther", "nearer": "farther",
    "higher": "lower", "tallest": "shortest", "widest": "narrowest", "biggest": "smallest",
    "closest": "farthest", "nearest": "farthest", "highest": "lowest", "thickest": "thinnest",
    "lower down": "higher up", "higher up": "lower down",
    "leftmost": "rightmost", "behind": "in front of", "below": "above", "under": "over",
    "shorter": "taller", "narrower": "wider", "smaller": "bigger", "farther": "closer",
    "further away": "closer", "lower": "higher", "shortest": "tallest", "smallest": "biggest",
    "farthest": "closest", "lowest": "highest",
}  # fmt: skip
_FORMS = (".yesno", ".difference")


def _some(row: Row, rng: np.random.Generator, wanted: Callable[[Row], bool]) -> int | None:
    places = [i for i, p in enumerate(row["pairs"]) if wanted(p)]
    return int(rng.choice(places)) if places else None


def _other_order_differs(pair: Row, scene: Scene) -> bool:
    """With subject and reference exchanged the truth is another."""
    predicate = pair["type"].split(".")[0]
    if len(pair["object_ids"]) != 2:
        return False
    if pair["type"].endswith(".difference"):
        return abs(pair["value_number"]) > (0.03 if pair["unit"] == "m" else 2e-4)
    if predicate not in PREDICATES or not pair["type"].endswith(".yesno"):
        return False
    a, b = pair["object_ids"]
    one, two = (judge(scene, predicate, ids).outcome for ids in ((a, b), (b, a)))
    return {one, two} == {Outcome.TRUE, Outcome.FALSE}


def swapped_ids(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """Subject and reference exchanged in the ids."""
    at = _some(row, rng, lambda p: _other_order_differs(p, scene))
    if at is None:
        return None
    row["pairs"][at]["object_ids"].reverse()
    return row, at


def swapped_names(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """Subject and reference exchanged in the question's words."""
    at = _some(row, rng, lambda p: _other_order_differs(p, scene))
    if at is None:
        return None
    pair = row["pairs"][at]
    names = [row["names"][i] for i in pair["object_ids"]]
    if not all(n in pair["question"] for n in names) or names[0] in names[1]:
        return None
    if "difference" in pair["question"]:  # "between a and b": the order says nothing
        return None
    text = pair["question"].replace(names[0], "\0").replace(names[1], names[0])
    pair["question"] = text.replace("\0", names[1])
    return row, at


def foreign_object(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """One of the things is another one of the scene."""
    at = _some(row, rng, lambda p: len(p["object_ids"]) >= 1 and not p["type"].startswith("list"))
    if at is None:
        return None
    ids = row["pairs"][at]["object_ids"]
    others = [i for i in row["names"] if i not in ids]
    if not others:
        return None
    ids[int(rng.integers(len(ids)))] = str(rng.choice(others))
    return row, at


def flipped_answer(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """Yes for no, in the fields and the words, or in one of them."""
    at = _some(row, rng, lambda p: p["outcome"] in ("yes", "no"))
    if at is None:
        return None
    pair = row["pairs"][at]
    yes = pair["outcome"] == "yes"
    how = rng.integers(3)
    if how != 1:
        pair["outcome"], pair["value_bool"] = ("no", False) if yes else ("yes", True)
    if how != 2:
        pair["answer"] = "No." if yes else "Yes."
    return row, at


def flipped_words(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """The question asks for the opposite relation."""
    pattern = re.compile(rf"\b({'|'.join(sorted(_OPPOSITE_WORDS, key=len, reverse=True))})\b")
    forms = (".yesno", ".choice", ".superlative", ".difference", ".extreme")
    at = _some(
        row,
        rng,
        lambda p: (
            p["type"].endswith(forms)
            and p["outcome"] in ("yes", "no", "one", "value")
            and pattern.search(_without_names(p["question"], row["names"])) is not None
        ),
    )
    if at is None:
        return None
    pair = row["pairs"][at]
    pair["question"] = pattern.sub(lambda m: _OPPOSITE_WORDS[m.group(1)], pair["question"])
    return row, at


def other_winner(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """A choice falls on the other option."""
    at = _some(
        row, rng, lambda p: p["type"].endswith(".choice") and p["value_text"] in p["object_ids"]
    )
    if at is None:
        return None
    pair = row["pairs"][at]
    other = next(i for i in pair["object_ids"] if i != pair["value_text"])
    name = row["names"][other]
    pair["value_text"], pair["answer"] = other, f"{name[0].upper()}{name[1:]}."
    return row, at


def wrong_unit(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """Another unit in the words, or in the field."""
    units = {"cm": "m", "m": "cm", "mm": "cm", "litres": "millilitres", "millilitres": "litres"}
    said = re.compile(r"(?<=\d )(cm|mm|m|litres|millilitres)\b")
    at = _some(
        row,
        rng,
        lambda p: p["unit"] in ("m", "m3") and abs(p["value_number"]) > 0.002
        and said.search(p["answer"]) is not None,
    )  # fmt: skip
    if at is None:
        return None
    pair = row["pairs"][at]
    how = rng.integers(3)
    if how == 0:
        pair["unit"] = "cm"
    elif how == 1:
        pair["answer"] = said.sub(lambda m: units[m.group(1)], pair["answer"])
    else:
        pair["answer"] = said.sub("inches" if pair["unit"] == "m" else "gallons", pair["answer"])
    return row, at


def times_ten(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """A length ten times too long (or short), in the field, the words or both."""
    at = _some(row, rng, lambda p: p["unit"] in ("m", "m3") and abs(p["value_number"]) > 0.005)
    if at is None:
        return None
    pair = row["pairs"][at]
    factor = 10.0 if rng.random() < 0.7 else 0.1
    how = rng.integers(3)
    if how != 1:
        pair["value_number"] *= factor
    if how != 2:
        number = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?= ?(?:cm|mm|m|litres|millilitres)\b)")
        if number.search(pair["answer"]) is None:
            return None
        pair["answer"] = number.sub(lambda m: f"{float(m.group()) * factor:g}", pair["answer"])
    return row, at


def width_for_height(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """One side's number answers the question for another."""
    sides = ("height", "width", "depth", "length", "breadth")

    def other_of(pair: Row) -> str:
        return "width" if pair["type"] == "height" else "height"

    def differs(pair: Row) -> bool:
        if pair["type"] not in sides:
            return False
        other = measure(scene, other_of(pair), pair["object_ids"]).value
        return abs(other - pair["value_number"]) > 0.12 * pair["value_number"] + 0.012

    at = _some(row, rng, differs)
    if at is None:
        return None
    pair = row["pairs"][at]
    value = measure(scene, other_of(pair), pair["object_ids"]).value
    pair["value_number"] = value
    pair["answer"] = f"It is {value * 100:.1f} cm."
    return row, at


def wall_as_floor(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """Up is the wall's normal, or wall pixels are the support's, or the words say wall."""
    how = rng.integers(4)
    if how == 0:
        content = json.loads(row["scene"])
        pose = content["working_from_camera"]
        turn = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
        pose["rotation"] = (turn @ np.array(pose["rotation"])).tolist()
        row["scene"] = json.dumps(content)
        return row, None
    if how == 1:
        content = json.loads(row["scene"])
        content["support_label"] = "wall"
        row["scene"] = json.dumps(content)
        return row, None
    if how == 2:
        ids = cv2.imdecode(np.frombuffer(row["instance_id"], np.uint8), cv2.IMREAD_UNCHANGED)
        support, wall = ids == 7, ids == 5
        if support.sum() < 200 or wall.sum() < 200:
            return None
        ids[support], ids[wall] = 5, 7
        row["instance_id"] = cv2.imencode(".png", ids)[1].tobytes()
        return row, None
    label = scene.support_label
    at = _some(row, rng, lambda p: f"the {label}" in f"{p['question']} {p['answer']}".lower())
    if at is None:
        return None
    for side in ("question", "answer"):
        text = row["pairs"][at][side]
        row["pairs"][at][side] = re.sub(rf"\bthe {label}\b", "the wall", text, flags=re.I)
    return row, at


def captions_out_of_step(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """Captions, labels or masks belong to the next object."""
    labels = [o["label"] for o in row["objects"]]
    how = rng.integers(3)
    if how == 2:
        ids = cv2.imdecode(np.frombuffer(row["instance_id"], np.uint8), cv2.IMREAD_UNCHANGED)
        seen = [i for i in range(1, len(labels) + 1) if (ids == i + 8).sum() >= 60]
        if len(seen) < 2:
            return None
        table = np.arange(256, dtype=ids.dtype)
        for one, other in zip(seen, np.roll(seen, 1), strict=True):
            table[one + 8] = other + 8
        row["instance_id"] = cv2.imencode(".png", table[ids])[1].tobytes()
        return row, None
    if len(set(labels)) < 2:
        return None
    name = ("caption", "label")[how]
    texts = [o["label"] for o in row["objects"]]
    for item, text in zip(row["objects"], np.roll(texts, 1), strict=True):
        item[name] = f"a {text}" if name == "caption" else str(text)
    return row, None


def wrong_count(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """One more or less, in the field, the words or both."""
    at = _some(row, rng, lambda p: p["type"] in ("count", "count.related"))
    if at is None:
        return None
    pair = row["pairs"][at]
    number = pair["value_number"]
    other = number + 1 if number < 1 or rng.random() < 0.5 else number - 1
    how = rng.integers(3)
    if how != 1:
        pair["value_number"] = other
    if how != 2:
        pair["answer"] = str(rng.choice(["I count {}.", "{}.", "There are {}."])).format(
            int(other)
        )
    return row, at


def wrong_members(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """A thing too few or too many among the ids of what is counted."""
    at = _some(row, rng, lambda p: p["quantity"] == "count")
    if at is None:
        return None
    ids = row["pairs"][at]["object_ids"]
    others = [o.id for o in scene.objects if o.id not in ids and not o.is_gripper]
    if ids and (not others or rng.random() < 0.5):
        ids.pop(int(rng.integers(len(ids))))
    elif others:
        ids.append(str(rng.choice(others)))
    else:
        return None
    return row, at


def other_set(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """The question asks for other things, of which there are more or fewer."""
    labels = Counter(o.label for o in scene.objects if not o.is_gripper)
    nouns = {plural_of(n): n for n in labels} | {"giraffes": "giraffe"}
    said = re.compile(rf"\b({'|'.join(sorted(nouns, key=len, reverse=True))})\b")
    at = _some(row, rng, lambda p: p["type"] == "count" and said.search(p["question"]) is not None)
    if at is None:
        return None
    pair = row["pairs"][at]
    now = nouns[said.search(pair["question"]).group(1)]
    # a noun that ends another one's name may mean that too: no corruption where numbers overlap
    apart = [
        many
        for many, one in nouns.items()
        if labels[one] != labels[now] and not any(n.endswith(f" {one}") for n in labels)
    ]
    if not apart:
        return None
    pair["question"] = said.sub(str(rng.choice(apart)), pair["question"])
    return row, at


def swapped_sets(row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """More and fewer, or the relation to a thing, turned round in the question."""
    turned = {
        "more": "fewer", "fewer": "more", "less": "more", "at least": "fewer than",
        "left": "right", "right": "left", "behind": "in front of", "next to": "on",
    }  # fmt: skip
    pattern = re.compile(rf"\b({'|'.join(turned)})\b")
    forms = ("count.compare", "count.more", "count.fewer", "count.related", "exists.related")
    at = _some(
        row, rng, lambda p: p["type"].startswith(forms)
        and pattern.search(_without_names(p["question"], row["names"])) is not None,
    )  # fmt: skip
    if at is None:
        return None
    pair = row["pairs"][at]
    pair["question"] = pattern.sub(lambda m: turned[m.group(1)], pair["question"], count=1)
    return row, at


CORRUPTIONS: dict[str, Corruption] = {
    f.__name__: f
    for f in (
        swapped_ids,
        swapped_names,
        foreign_object,
        flipped_answer,
        flipped_words,
        other_winner,
        wrong_unit,
        times_ten,
        width_for_height,
        wall_as_floor,
        captions_out_of_step,
        wrong_count,
        wrong_members,
        other_set,
        swapped_sets,
    )
}


def corrupt(name: str, row: Row, scene: Scene, rng: np.random.Generator) -> Struck:
    """A corrupted copy of a clean row; ``row["names"]`` gives each id's words."""
    return CORRUPTIONS[name](copy.deepcopy(row), scene, rng)


def _without_names(text: str, names: dict[str, str]) -> str:
    for name in names.values():
        text = text.replace(name, "")
    return text.replace("right?", "").replace("Am I right", "")
