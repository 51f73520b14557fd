"""Typing errors put right, cautiously: only towards words that matter, never away from a real
word.

A word is corrected when it is in no list here and exactly one known word is close enough.
"height" is one letter from "weight": what is a word already is left alone (``PROTECTED``).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from deepsight_ros.questions.cues import cue_words
from deepsight_ros.questions.lexicon import (
    GRIPPER_NOUNS,
    GROUP_NOUNS,
    IRREGULAR_PLURALS,
    KINDS,
    NOUNS,
    SUPPORT_NOUNS,
    SYNONYMS,
    plural_of,
    singular,
)
from deepsight_ros.questions.spelling_words import MISSPELT, PROTECTED
from deepsight_ros.questions.units import FRACTIONS, NUMBER_WORDS, SCALES, UNIT_WORDS
from deepsight_ros.questions.vocabulary import COLOUR_WORDS

_PINNED_LENGTH = 3
_LEAST_NOUN = 5


@lru_cache(maxsize=1)
def _nouns() -> frozenset[str]:
    """Every word of the lexicon."""
    nouns: set[str] = set()
    for line in SYNONYMS:
        nouns.update(line.replace(",", " ").split())
    for kind, members in KINDS.items():
        nouns.update(kind.split())
        nouns.update(members.replace(",", " ").split())
    for phrase in (*NOUNS, *GROUP_NOUNS, *GRIPPER_NOUNS, *SUPPORT_NOUNS):
        nouns.update(phrase.split())
    nouns.update(IRREGULAR_PLURALS)
    nouns.update(IRREGULAR_PLURALS.values())
    return frozenset(nouns)


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every word that means something to the matcher, and every word that is left alone."""
    return frozenset(
        _nouns()
        | COLOUR_WORDS.keys()
        | cue_words()
        | set(UNIT_WORDS)
        | set(NUMBER_WORDS)
        | set(FRACTIONS)
        | set(SCALES)
        | PROTECTED
    )


Index = dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def _targets() -> Index:
    return _by_letter(w for w in cue_words() if w.isalpha() and len(w) > _PINNED_LENGTH)


@lru_cache(maxsize=1)
def _unit_targets() -> Index:
    return _by_letter(w for w in UNIT_WORDS if len(w) > 5)


@lru_cache(maxsize=64)
def _own_targets(own: frozenset[str]) -> Index:
    near = own | COLOUR_WORDS.keys() | GROUP_NOUNS | {w for p in GRIPPER_NOUNS for w in p.split()}
    near |= {plural_of(word) for word in near}
    return _by_letter(w for w in near if len(w) >= _PINNED_LENGTH)


@lru_cache(maxsize=1)
def _noun_targets() -> Index:
    singulars = {w for w in _nouns() if len(w) >= _LEAST_NOUN}
    return _by_letter(singulars | {plural_of(word) for word in singulars})


def _by_letter(candidates: Iterable[str]) -> Index:
    """By first letter: people rarely get that wrong, except by swapping it with the second."""
    index: dict[str, list[str]] = {}
    for word in sorted(candidates):
        index.setdefault(word[0], []).append(word)
    return {letter: tuple(words) for letter, words in index.items()}


def correct(words: list[str], own: frozenset[str]) -> list[str]:
    """Words with typing errors put right.

    Args:
        words: of one question, normalised.
        own: words of the scene's labels, which a user is likely to mean.
    """
    out: list[str] = []
    for word in words:
        out.extend(_correct_one(word, own).split())
    return out


@lru_cache(maxsize=8192)
def _correct_one(word: str, own: frozenset[str]) -> str:
    if word in own or not word.isalpha() or not word.isascii() or len(word) > 24:
        return word
    if word in MISSPELT:
        return MISSPELT[word]
    known = known_words()
    if word in known or singular(word) in known or singular(word) in own:
        return word
    if len(word) < 3 or (word.endswith("ly") and word[:-2] in known):
        return word
    near_own = _nearest(word, _own_targets(own))
    if near_own:
        return near_own
    if len(word) <= _PINNED_LENGTH:
        return word
    cue = _nearest(word, _targets()) or _nearest(word, _unit_targets())
    if cue or len(word) < _LEAST_NOUN:
        return cue or word
    return _nearest(word, _noun_targets(), allowed=1) or word


def _nearest(word: str, index: Index, allowed: int | None = None) -> str:
    """The one candidate within the allowed number of slips, or ""."""
    if allowed is None:
        allowed = 1 if len(word) < 8 else 2
    is_short = len(word) <= _PINNED_LENGTH
    best, found = allowed, list[str]()
    swapped = (c for c in index.get(word[1], ()) if c[:2] == word[1::-1])
    for candidate in (*index.get(word[0], ()), *swapped):
        if abs(len(candidate) - len(word)) > best:
            continue
        if is_short and sorted(word) != sorted(candidate):
            continue
        slips = OSA.distance(word, candidate, score_cutoff=best)
        if slips < best:
            best, found = slips, [candidate]
        elif slips == best:
            found.append(candidate)
    return found[0] if len(found) == 1 else _prefer(word, found)


def _prefer(word: str, found: list[str]) -> str:
    """Between equally near words: the one with the same letters, or the same ending, or none."""
    for better in (
        [c for c in found if sorted(c) == sorted(word)],
        [c for c in found if c[-1] == word[-1] and len(c) >= len(word)],
        [c for c in found if singular(c) == c],
    ):
        if len(better) == 1:
            return better[0]
    return ""
