"""Cue table: what the words of a question say about its meaning, apart from the things it names.

The phrase tables (``cue_relations``, ``cue_phrases``) list phrases in ``grammar`` notation,
separated by ";", under the cue they stand for. The matcher sees only cues, mentions and a few
structure words. Upper-case cues carry meaning and must be explained by the type that is chosen;
the empty cue "" is politeness and padding and is dropped. A word in no table is unknown, and a
question with unknown words outside its mentions is not answered.
"""

from __future__ import annotations

from functools import lru_cache

from deepsight_ros.questions.cue_phrases import (
    CAMERA,
    FILLERS,
    OTHERS,
    SUBJECTS_OF_VIEW,
    TAGS,
    VIEWS,
)
from deepsight_ros.questions.cue_relations import (
    COMPARATIVES,
    DIMENSIONS,
    PLACES,
    RELATIONS,
    SUPERLATIVES,
)
from deepsight_ros.questions.grammar import expand

Table = dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]


@lru_cache(maxsize=1)
def cue_table() -> Table:
    """Phrases by first word, longest first: (words, cues they become)."""
    flat: dict[tuple[str, ...], tuple[str, ...]] = {}
    for source, out in SUBJECTS_OF_VIEW:
        _add(flat, source, out)
    _add(flat, VIEWS, "")
    for prefix, entries in (
        ("SUP_", SUPERLATIVES),
        ("CMP_", COMPARATIVES),
        ("REL_", RELATIONS),
        ("PLACE_", PLACES),
        ("DIM_", DIMENSIONS),
        ("", OTHERS),
    ):
        for name, phrases in entries.items():
            _add(flat, phrases, prefix + name)
    _add(flat, FILLERS, "")
    _add(flat, CAMERA, "<c>")
    table: Table = {}
    for words, cues in flat.items():
        table.setdefault(words[0], []).append((words, cues))
    for rows in table.values():
        rows.sort(key=lambda row: -len(row[0]))
    return table


def _add(table: dict[tuple[str, ...], tuple[str, ...]], phrases: str, cue: str) -> None:
    """Enter phrases; one that is there already keeps its cue."""
    out = tuple(cue.split())
    for text in _listed(phrases):
        table.setdefault(tuple(text.split()), out)


def _listed(phrases: str) -> list[str]:
    sources = (" ".join(source.split()) for source in phrases.split(";"))
    return [text for source in sources if source for text in expand(source) if text]


@lru_cache(maxsize=1)
def tag_phrases() -> frozenset[tuple[str, ...]]:
    """Word sequences that may end a statement and make it a question."""
    return frozenset(tuple(text.split()) for text in _listed(TAGS))


@lru_cache(maxsize=1)
def cue_words() -> frozenset[str]:
    """Every word of the cue table."""
    words = {word for rows in cue_table().values() for row in rows for word in row[0]}
    words.update(word for tag in tag_phrases() for word in tag)
    return frozenset(words | {"is", "are", "do", "does", "how", "what", "from", "in", "of", "can"})
