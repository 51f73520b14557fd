"""Typing errors put right, cautiously: only towards words that matter, never away from a real
word.

A word is corrected when it is in no list here and exactly one known word is close enough.
"height" is one letter from "weight": what is a word already is left alone (``PROTECTED``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
    singular,
)
from deepsight_ros.questions.spelling_words import MISSPELT, PROTECTED
from deepsight_ros.questions.units import FRACTIONS, NUMBER_WORDS, SCALES, UNIT_WORDS

_PINNED_LENGTH = 3


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every word that means something to the matcher, and every word that is left alone."""
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
    return frozenset(
        nouns
        | cue_words()
        | set(UNIT_WORDS)
        | set(NUMBER_WORDS)
        | set(FRACTIONS)
        | set(SCALES)
        | PROTECTED
    )


@lru_cache(maxsize=1)
def _targets() -> tuple[str, ...]:
    return tuple(sorted(w for w in cue_words() if w.isalpha() and len(w) > _PINNED_LENGTH))


@lru_cache(maxsize=1)
def _unit_targets() -> tuple[str, ...]:
    return tuple(w for w in UNIT_WORDS if len(w) > 5)


def correct(words: list[str], own: Collection[str]) -> list[str]:
    """Words with typing errors put right.

    Args:
        words: of one question, normalised.
        own: words of the scene's labels, which a user is likely to mean.
    """
    out: list[str] = []
    for word in words:
        out.extend(_correct_one(word, own).split())
    return out


def _correct_one(word: str, own: Collection[str]) -> str:
    if word in own or not word.isalpha() or not word.isascii() or len(word) > 24:
        return word
    if word in MISSPELT and word not in own:
        return MISSPELT[word]
    known = known_words()
    if word in known or singular(word) in known or singular(word) in own:
        return word
    if len(word) < 3 or (word.endswith("ly") and word[:-2] in known):
        return word
    near_own = _nearest(word, own)
    if near_own:
        return near_own
    if len(word) <= _PINNED_LENGTH:
        return word
    return _nearest(word, _targets()) or _nearest(word, _unit_targets()) or word


def _nearest(word: str, candidates: Iterable[str]) -> str:
    """The one candidate within the allowed number of slips, or ""."""
    allowed = 1 if len(word) < 8 else 2
    best, found = allowed + 1, ""
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > allowed or len(candidate) < 3:
            continue
        # people rarely get the first letter wrong; a swap of the first two is the exception
        if candidate[0] != word[0] and candidate[:2] != word[1::-1]:
            continue
        slips = OSA.distance(word, candidate, score_cutoff=allowed)
        if len(word) <= _PINNED_LENGTH and sorted(word) != sorted(candidate):
            continue
        if slips < best:
            best, found = slips, candidate
        elif slips == best and candidate != found:
            found = _prefer(word, found, candidate)
    return found if best <= allowed else ""


def _prefer(word: str, first: str, second: str) -> str:
    """Between two equally near words: the one with the same letters, or the same ending."""
    for one, other in ((first, second), (second, first)):
        if sorted(one) == sorted(word) != sorted(other):
            return one
    for one, other in ((first, second), (second, first)):
        if _same_end(word, one) and not _same_end(word, other):
            return one
    return first if singular(second) == first else second if singular(first) == second else ""


def _same_end(word: str, candidate: str) -> bool:
    return candidate[-1:] == word[-1:] and len(candidate) >= len(word)
