"""Groups of things that are counted or asked for: a sample's facts in, ``Group`` values out.

A group is all things of a noun ("mugs"), of a colour ("red things"), or all there are. Only nouns
are taken that the question room reads as exactly the things of that label. What is not in the
picture is asked for by nouns and colours of the committed table (``pair_nouns.json``): as often as
they are in other pictures, so that the noun alone does not tell.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.lexicon import is_plural, plural_of
from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.referring import candidates_of
from deepsight_ros.questions.vocabulary import Vocabulary, noun_key, vocabulary_of
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.pair_batch import Rng
from deepsight_ros.synthesis.pair_facts import Facts
from deepsight_ros.synthesis.pair_names import VERBS

TABLE = Path(__file__).with_name("pair_nouns.json")
OUT_OF_VIEW = "out of view"
"""What a thing rests on in a source's provenance when that is not in the picture itself."""
_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*")
UNCOUNTED = spaced("paper clothing cutlery food furniture stuff tape washing")
_SEVERAL = spaced("stack row bunch")
"""Shape families of one thing that looks like several of its noun."""
_GENERAL = (("objects", "object"), ("things", "thing"), ("items", "item"))


@dataclass(frozen=True)
class Group:
    """Things that words stand for together.

    Attributes:
        many, one: the words: "red mugs", "a red mug".
        members: indices of the things, () when there is none.
        kind: "noun", "colour" or "all".
        is_alone: the noun fits nothing else, not even loosely, so that it means the same things
            where only some of the picture is asked about ("left of the tray").
    """

    many: str
    one: str
    members: tuple[int, ...]
    kind: str
    is_alone: bool = True


@dataclass(frozen=True)
class NounTable:
    """How often nouns and colours are in pictures of the training worlds.

    Attributes:
        nouns, colours: word -> share of the pictures that have one.
        carriers: nouns of what other things stand on.
    """

    nouns: Mapping[str, float]
    colours: Mapping[str, float]
    carriers: frozenset[str]


@lru_cache(maxsize=1)
def fitted_nouns() -> NounTable:
    """The committed table."""
    content = json.loads(TABLE.read_text(encoding="utf-8"))
    return NounTable(content["nouns"], content["colours"], frozenset(content["carriers"]))


@dataclass(frozen=True)
class Groups:
    """Of one picture: what is there, and what is asked for though it is not."""

    there: tuple[Group, ...]
    absent: tuple[Group, ...]


def groups_of(facts: Facts, rng: Rng) -> Groups:
    """Groups of a sample; none where not everything in the picture is known and in view.

    A count is only determined when every thing of the picture is known: that is so where the
    source gives the exact truth and the noise-free surface.
    """
    at = countable(facts)
    if facts.seen is None or not at or not facts.visible[list(at)].all():
        return Groups((), ())
    truth = facts.sample.truth
    if truth is None or {o.id for o in truth.objects} - set(facts.ids):
        return Groups((), ())  # something was not found in the frame
    scene = facts.scene
    vocabulary = vocabulary_of(scene)
    hidden = _hidden_nouns(facts)
    there, alike = [], set()
    labels: dict[str, list[int]] = defaultdict(list)
    colours: dict[str, list[int]] = defaultdict(list)
    for k in at:
        item = facts.items[k]
        labels[item.label.lower().replace("_", " ").strip()].append(k)
        colours[item.colour].append(k)
        if facts.families.get(item.id, "").rpartition(".")[2] in _SEVERAL:
            alike.add(item.label.lower())
    for label, members in sorted(labels.items()):
        if _is_noun(label, vocabulary) and label not in hidden | alike:
            found = _read(Mention(label, noun=noun_key(label.split()), is_plural=True), facts)
            if found == members:
                alone = len(vocabulary.fits(noun_key(label.split()))) == len(members)
                there.append(
                    Group(plural_of(label), with_article(label), tuple(members), "noun", alone)
                )
    if not hidden:
        for colour, members in sorted(colours.items()):
            said = Mention(colour, is_group=True, colours=(colour,), is_plural=True)
            if colour and _read(said, facts) == members:
                there.append(_coloured(colour, tuple(members), rng))
        many, one = _GENERAL[int(rng.integers(len(_GENERAL)))]
        there.append(Group(many, with_article(one), at, "all"))
    absent = _absent(scene, facts, vocabulary, hidden, rng)
    return Groups(tuple(there), absent)


def countable(facts: Facts) -> tuple[int, ...]:
    """Indices of what counts are about: no gripper."""
    return tuple(k for k, o in enumerate(facts.items) if not o.is_gripper)


def with_article(noun: str) -> str:
    """ "a mug", "an apple"."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def chance_of_yes(group: Group) -> float:
    """Share of the pictures with a group in which it is asked whether it is there: one that is
    nearly always there is asked for as often as it is not there."""
    table = fitted_nouns()
    word = group.one.partition(" ")[2]
    share = table.nouns.get(word, 0.0)
    if group.kind == "colour":
        share = table.colours.get(word.partition(" ")[0], 0.0)
    return min(1.0, (1.0 - share) / share) if share > 0 else 1.0


def _hidden_nouns(facts: Facts) -> frozenset[str]:
    """Nouns that may name furniture at the picture's edge that is no object of the scene."""
    rests_on = facts.sample.provenance.get("rests_on")
    carriers = rests_on.values() if isinstance(rests_on, Mapping) else ()
    return fitted_nouns().carriers if OUT_OF_VIEW in carriers else frozenset()


def _is_noun(label: str, vocabulary: Vocabulary) -> bool:
    """A noun that can be counted and means no support."""
    words = label.split()
    return (
        _PLAIN.fullmatch(label) is not None
        and words[-1] not in UNCOUNTED | VERBS
        and not is_plural(words[-1])
        and noun_key(plural_of(label).split()) == tuple(words)
        and not vocabulary.names_support(tuple(words))
    )


def _read(mention: Mention, facts: Facts) -> list[int]:
    """What the question room takes words for."""
    where = {i: k for k, i in enumerate(facts.ids)}
    found = candidates_of(mention, facts.scene, vocabulary_of(facts.scene))
    return sorted(where[i] for i in found)


def _coloured(colour: str, members: tuple[int, ...], rng: Rng) -> Group:
    many, one = _GENERAL[int(rng.integers(len(_GENERAL)))]
    return Group(f"{colour} {many}", with_article(f"{colour} {one}"), members, "colour")


def _absent(
    scene: Scene, facts: Facts, vocabulary: Vocabulary, hidden: frozenset[str], rng: Rng
) -> tuple[Group, ...]:
    """Nouns and colours of other pictures that nothing here fits, the more usual the sooner."""
    table = fitted_nouns()
    place = set(f"{facts.sample.room} {scene.support_label}".lower().split())
    out: list[Group] = []
    for noun in _in_turn(table.nouns, rng):
        words = noun_key(noun.split())
        if noun in hidden or place & set(words) or not _is_noun(noun, vocabulary):
            continue
        if not vocabulary.fits(words) and words in vocabulary.nouns:
            out.append(Group(plural_of(noun), with_article(noun), (), "noun"))
        if len(out) == len(facts.items):
            break
    if hidden:
        return tuple(out)
    for colour in _in_turn(table.colours, rng):
        said = Mention(colour, is_group=True, colours=(colour,), is_plural=True)
        if not _read(said, facts):
            out.append(_coloured(colour, (), rng))
    return tuple(out)


def _in_turn(shares: Mapping[str, float], rng: Rng) -> list[str]:
    """All words, drawn one after the other with a chance of share / (1 - share): then each is
    missed in as many questions as it is found in."""
    words = sorted(shares)
    share = np.array([shares[w] for w in words])
    weight = share / np.maximum(1.0 - share, 0.05)
    keys = rng.exponential(1.0, len(words)) / np.maximum(weight, 1e-9)
    return [words[i] for i in np.argsort(keys).tolist()]


def count_nouns(scenes: Iterable[tuple[Scene, Mapping[str, object]]]) -> dict[str, object]:
    """The table's content, from exact scenes and their provenance."""
    nouns: Counter[str] = Counter()
    colours: Counter[str] = Counter()
    carriers: set[str] = set()
    pictures = 0
    for scene, provenance in scenes:
        pictures += 1
        items = {o.id: o for o in scene.objects if not o.is_gripper}
        nouns.update({o.label.lower() for o in items.values() if o.label})
        colours.update({o.colour for o in items.values() if o.colour})
        rests_on = provenance.get("rests_on")
        below = rests_on.values() if isinstance(rests_on, Mapping) else ()
        carriers |= {items[i].label.lower() for i in below if i in items}

    def shares(counts: Counter[str]) -> dict[str, float]:
        return {w: round(n / max(pictures, 1), 4) for w, n in sorted(counts.items())}

    return {
        "nouns": shares(nouns), "colours": shares(colours), "carriers": sorted(carriers),
    }  # fmt: skip
