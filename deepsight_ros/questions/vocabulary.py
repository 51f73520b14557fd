"""Words of one scene: which noun phrases name which of its objects, and how well.

In: a ``Scene``. Out: ``Vocabulary``, built once per set of labels and cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.lexicon import (
    GRIPPER_NOUNS,
    GROUP_NOUNS,
    KINDS,
    NOUNS,
    SUPPORT_NOUNS,
    SYNONYMS,
    singular,
)
from deepsight_ros.scene.objects import Scene

Words = tuple[str, ...]

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet", "maroon", "ruby", "reddish"),
    "orange": ("orange",),
    "yellow": ("yellow", "yellowish", "lemon"),
    "green": ("green", "olive", "lime", "greenish", "turquoise", "teal"),
    "blue": ("blue", "navy", "azure", "cyan", "bluish", "turquoise", "teal"),
    "purple": ("purple", "violet", "lilac", "magenta", "mauve", "lavender"),
    "pink": ("pink", "magenta", "rose"),
    "brown": ("brown", "beige", "tan", "brownish", "chestnut"),
    "black": ("black",),
    "white": ("white", "ivory", "cream", "whitish"),
    "grey": ("grey", "gray", "greyish", "silver", "silvery"),
    "silver": ("silver", "silvery", "chrome", "metallic"),
    "gold": ("gold", "golden"),
    "transparent": ("transparent", "clear"),
}
"""Colour words of objects, and the words a user may say for each."""

COLOUR_WORDS: dict[str, frozenset[str]] = {
    said: frozenset(base for base, words in COLOURS.items() if said in words)
    for words in COLOURS.values()
    for said in words
}
"""Said colour -> the object colours it may mean."""

MATERIALS = spaced(
    """
    wooden wood plastic metal metallic glass ceramic porcelain cardboard paper steel iron rubber
    leather cloth fabric woollen cotton clay stone concrete foam tin aluminium aluminum brass
    copper bamboo wicker shiny dirty clean empty full old new broken nice pretty ugly round square
    rectangular cylindrical spherical conical flat tilted upright striped spotted plain colourful
    colorful toy closed open-topped lovely beautiful favourite favorite standard average normal
    usual single lone only same electric cordless fluffy cuddly plush soft hard solid hollow
    """
)
"""Adjectives that no camera here verifies: they are taken on trust."""

_TABLES = spaced("table tabletop desk desktop counter countertop worktop workbench bench") | {
    "table top",
    "work surface",
}
_FLOORS = frozenset({"floor", "ground", "carpet"})
_ANY_SUPPORT = frozenset({"surface", "support", "support surface", "work surface"})
LONGEST_NOUN = 4


class Fit(IntEnum):
    """How well a noun phrase fits a label, best first."""

    EXACT = 0
    HEAD = 1
    NAME = 2
    KIND = 3
    PART = 4
    SPECIFIC = 5


@dataclass(frozen=True)
class Vocabulary:
    """Nouns of a scene.

    Attributes:
        labels: object id -> label words, singular, lower case; () when the object has no label.
        nouns: every noun phrase known here: labels, their heads and parts, and the lexicon.
        label_nouns: labels and their heads.
        own_words: single words of the labels, for spelling.
        support: noun of the support, "" when unknown.
        has_gripper: the scene knows a gripper.
    """

    labels: tuple[tuple[str, Words], ...]
    nouns: frozenset[Words]
    label_nouns: frozenset[Words]
    own_words: frozenset[str]
    support: str
    has_gripper: bool

    def noun_at(self, words: list[str], at: int) -> int:
        """Length of the longest known noun phrase that starts at ``words[at]``, 0 when none."""
        for length in range(min(LONGEST_NOUN, len(words) - at), 0, -1):
            if noun_key(words[at : at + length]) in self.nouns:
                return length
        return 0

    def fits(self, noun: Words) -> dict[str, Fit]:
        """Objects that a noun phrase may name, and how well it fits each."""
        out: dict[str, Fit] = {}
        if len(noun) > 1 and noun[-1] in GROUP_NOUNS:
            noun = noun[:-1]  # "the blue box thing"
        for object_id, label in self.labels:
            fit = label_fit(noun, label) if label else None
            if fit is not None:
                out[object_id] = fit
        return out

    def names_support(self, noun: Words) -> bool:
        """True when a noun phrase means the surface things stand on."""
        said = " ".join(noun)
        if len(noun) == 2 and noun[1] in _TABLES and noun[0] not in SUPPORT_NOUNS:
            said = noun[1]  # "the dinner table"
        if said not in SUPPORT_NOUNS and said != self.support:
            return False
        if any(fit <= Fit.NAME for fit in self.fits(noun).values()):
            return False  # a table that is an object among others
        if not self.support or said == self.support or said in _ANY_SUPPORT:
            return True
        if self.support in _FLOORS:
            return said in _FLOORS
        if self.support in _TABLES:
            return said in _TABLES
        return False


def vocabulary_of(scene: Scene) -> Vocabulary:
    """Vocabulary of a scene's labels."""
    labels = tuple((o.id, o.label) for o in scene.objects if not o.is_region)
    has_gripper = scene.gripper is not None or any(o.is_gripper for o in scene.objects)
    return vocabulary_of_labels(labels, scene.support_label.lower().strip(), has_gripper)


@lru_cache(maxsize=64)
def vocabulary_of_labels(
    labels: tuple[tuple[str, str], ...], support: str = "", has_gripper: bool = False
) -> Vocabulary:
    """Vocabulary of (id, label) pairs."""
    own: dict[str, Words] = {i: noun_key(_label_words(label)) for i, label in labels}
    nouns = set(_lexicon_nouns())
    for words in own.values():
        for start in range(len(words)):
            nouns.add(words[start:])
            nouns.add(words[: start + 1])
            nouns.add((words[start],))
    nouns.discard(())
    return Vocabulary(
        labels=tuple(own.items()),
        nouns=frozenset(nouns),
        label_nouns=frozenset(w[i:] for w in own.values() for i in range(len(w))),
        own_words=frozenset(w for words in own.values() for w in words),
        support=support,
        has_gripper=has_gripper,
    )


def noun_key(words: list[str] | Words) -> Words:
    """A noun phrase in the singular, word by word: "crackers boxes" is a cracker box."""
    return tuple(singular(word) for word in words)


def label_fit(noun: Words, label: Words) -> Fit | None:
    """How a noun phrase fits a label, None when it does not."""
    if noun == label:
        return Fit.EXACT
    if label[-len(noun) :] == noun:
        return Fit.HEAD
    mine, theirs = concepts(noun), concepts(label)
    if mine & theirs or "".join(noun) == "".join(label):
        return Fit.NAME
    for cut in range(1, min(len(noun), len(label))):
        if noun[:cut] == label[:cut] and concepts(noun[cut:]) & concepts(label[cut:]):
            return Fit.NAME  # "tomato tin" and "tomato can"
    for start in range(1, len(label)):
        if mine & concepts(label[start:]):  # "kitchen bin" and "trash can"
            return Fit.NAME
    kinds = _kinds_of(label)
    if " ".join(noun) in kinds or mine & kinds:
        return Fit.KIND
    if len(noun) == 1 and noun[0] in label[:-1] and noun[0] not in MATERIALS:
        return Fit.PART
    if len(noun) > 1 and set(noun) <= set(label):
        return Fit.PART
    for start in range(1, len(noun)):
        rest = noun[start:]
        if rest == label or concepts(rest) & theirs:
            # "wine bottle" may be what is labelled "bottle", but not what is labelled otherwise
            return Fit.SPECIFIC
    return None


@lru_cache(maxsize=4096)
def concepts(noun: Words) -> frozenset[str]:
    """Names (first of a ``SYNONYMS`` line) of the things a noun phrase may mean."""
    return _concept_table().get(noun, frozenset())


@lru_cache(maxsize=4096)
def _kinds_of(label: Words) -> frozenset[str]:
    """Kinds that a labelled thing belongs to, by its label or the label's head."""
    names = {" ".join(label[start:]) for start in range(len(label))}
    for start in range(len(label)):
        names |= concepts(label[start:])
    first = {kind for kind, members in _kind_table().items() if members & names}
    return frozenset(first | {kind for kind, members in _kind_table().items() if members & first})


@lru_cache(maxsize=1)
def _concept_table() -> dict[Words, frozenset[str]]:
    table: dict[Words, set[str]] = {}
    for line in SYNONYMS:
        names = [name.strip() for name in line.split(",")]
        for name in names:
            table.setdefault(noun_key(name.split()), set()).add(names[0])
    return {words: frozenset(found) for words, found in table.items()}


@lru_cache(maxsize=1)
def _kind_table() -> dict[str, frozenset[str]]:
    return {
        kind: frozenset(member.strip() for member in members.split(","))
        for kind, members in KINDS.items()
    }


@lru_cache(maxsize=1)
def _lexicon_nouns() -> frozenset[Words]:
    nouns = set(_concept_table())
    for kind, members in _kind_table().items():
        nouns.add(noun_key(kind.split()))
        nouns.update(noun_key(member.split()) for member in members)
    for phrase in (*NOUNS, *GROUP_NOUNS, *GRIPPER_NOUNS, *SUPPORT_NOUNS):
        nouns.add(noun_key(phrase.split()))
    return frozenset(nouns)


def _label_words(label: str) -> list[str]:
    return [w for w in label.lower().replace("-", " ").replace("_", " ").split() if w]
