"""A tiny phrase grammar: one line in, every sentence it stands for out.

``(a|b)`` is a choice, ``[a]`` may be left out, ``[a|b]`` both; they nest. ``{slot}`` is left
alone, for ``str.format``. Used by the phrasing tables and by the cue table of the matcher.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from deepsight_ros.errors import InvalidValueError

_PARTS = re.compile(r"[()\[\]|]|[^()\[\]|]+")
_SPACES = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.?!;:])")


@dataclass(frozen=True)
class Phrase:
    """Alternatives, each a sequence of literal text and nested phrases."""

    alternatives: tuple[tuple[str | Phrase, ...], ...]

    def all(self) -> Iterator[str]:
        """Every sentence, in the order written, spaces not yet tidied."""
        for sequence in self.alternatives:
            choices = [[part] if isinstance(part, str) else list(part.all()) for part in sequence]
            for chosen in product(*choices):
                yield "".join(chosen)

    def sample(self, rng: random.Random) -> str:
        """One sentence, each choice drawn evenly, spaces not yet tidied."""
        sequence = rng.choice(self.alternatives)
        return "".join(part if isinstance(part, str) else part.sample(rng) for part in sequence)


def expand(source: str) -> tuple[str, ...]:
    """Every distinct sentence of a phrase, in the order written."""
    return tuple(dict.fromkeys(tidy(text) for text in parse(source).all()))


def sample(source: str, rng: random.Random) -> str:
    """One sentence of a phrase."""
    return tidy(parse(source).sample(rng))


def spaced(text: str) -> frozenset[str]:
    """The words of a text, for tables of words."""
    return frozenset(text.split())


def paired(text: str) -> dict[str, str]:
    """ "teh=the ontop=on_top" as a table; underscores stand for spaces."""
    parts = (pair.partition("=") for pair in text.split())
    return {key: value.replace("_", " ") for key, _, value in parts}


def tidy(text: str) -> str:
    """Single spaces, none before a punctuation mark, none at the ends."""
    return _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text)).strip()


@lru_cache(maxsize=4096)
def parse(source: str) -> Phrase:
    """Parse one phrase.

    Raises:
        InvalidValueError: brackets do not pair up.
    """
    parts = _PARTS.findall(source)
    phrase, position = _alternatives(source, parts, 0, "")
    if position != len(parts):
        raise InvalidValueError(f"phrase '{source}': got an unmatched '{parts[position]}'")
    return phrase


def _alternatives(source: str, parts: list[str], at: int, closer: str) -> tuple[Phrase, int]:
    alternatives: list[tuple[str | Phrase, ...]] = []
    sequence: list[str | Phrase] = []
    while at < len(parts) and parts[at] not in ")]":
        part = parts[at]
        at += 1
        if part == "|":
            alternatives.append(tuple(sequence))
            sequence = []
        elif part in "([":
            inner, at = _alternatives(source, parts, at, ")" if part == "(" else "]")
            if part == "[":
                inner = Phrase((*inner.alternatives, ("",)))
            sequence.append(inner)
        else:
            sequence.append(part)
    if closer:
        if at >= len(parts) or parts[at] != closer:
            raise InvalidValueError(f"phrase '{source}': expected a closing '{closer}'")
        at += 1
    alternatives.append(tuple(sequence))
    return Phrase(tuple(alternatives)), at
