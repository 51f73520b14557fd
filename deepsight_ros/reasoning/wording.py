"""Words of a task: politeness off, lengths out, names of things in a form the catalogue takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deepsight_ros.questions.units import METRES, UNIT_WORDS, read_number

MAX_CHARS = 2000
_LENGTH_WORDS = {w for w, unit in UNIT_WORDS.items() if unit in METRES} | {"in"}
_POLITE = re.compile(
    r"^(?:(?:please|ok|okay|hey|hi|hello|robot|now|so|and|well)[ ,]+|"
    r"(?:can|could|would|will) you (?:please )?(?:tell me|say|check|find out|work out|determine|"
    r"see|figure out)[ ,]+|"
    r"(?:tell me|say|check|find out|work out|determine|figure out|i wonder|i want to know|"
    r"i would like to know|i'd like to know|do you know|do you think|let me know)[ ,]+|"
    r"(?:whether|if)\s+(?=(?:the|a|an|i|we|there|it|my|all|both|these|three|two)\b))"
)
_ARTICLE = re.compile(r"^(?:a|an|my|your|our|this|that|these|those|another|some|its|his|her)\s+")
_DETERMINED = re.compile(r"^(?:the|<|o\d+\b|region\d+\b|it\b|both\b|all\b)")
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}


@dataclass(frozen=True)
class Wording:
    """A task made ready for patterns.

    Attributes:
        text: lower case, without politeness; the k-th length stands as ``#k``.
        lengths_m: those lengths.
    """

    text: str
    lengths_m: tuple[float, ...]


def wording(task: str) -> Wording:
    """Lower case, lengths as ``#0``, ``#1`` ..., brackets and politeness taken off."""
    text = task[:MAX_CHARS].lower().replace("’", "'")
    text = re.sub(r"(?<=[a-z0-9])-(?=[a-z])", " ", text)
    text = re.sub(r"(\d)\s*(mm|cm|dm|m|in|ft|\"|')(?![a-z0-9])", r"\1 \2", text)
    text = re.sub(r"[()\[\]{};:\"]", " ", text.replace('"', " in "))
    text = re.sub(r"[.!?,]+(?=\s|$)", lambda m: " , " if m[0] == "," else " ", text)
    words = text.replace("#", " ").split()
    out: list[str] = []
    lengths: list[float] = []
    at = 0
    while at < len(words):
        numeral = read_number(words, at)
        after = at + numeral.length if numeral else at
        if numeral and words[after : after + 2] == ["of", "a"]:  # "half of a metre"
            after += 2
        elif numeral and words[after : after + 1] == ["a"]:  # "half a metre"
            after += 1
        if numeral and after < len(words) and words[after] in _LENGTH_WORDS:
            out.append(f"#{len(lengths)}")
            lengths.append(numeral.value * METRES[UNIT_WORDS.get(words[after], "in")])
            at = after + 1
            continue
        out.append(words[at])
        at += 1
    text = re.sub(r"\ban? (?=#)", "", " ".join(out)).strip(" ,")
    while True:
        shorter = _POLITE.sub("", text)
        if shorter == text:
            break
        if text.startswith(("whether", "if")):
            shorter = _as_question(shorter)
        text = shorter
    text = re.sub(r"\s*,?\s*(?:please|thanks|thank you)$", "", text)
    text = re.sub(
        r"^(?:is|would) it (?:be )?(?:safe|possible|ok|fine|feasible)(?: for)? ", "can ", text
    )
    text = re.sub(
        r"^can (.+?) to (?=(?:pass|drive|go|fit|grasp|grip|pick|reach|move)\b)", r"can \1 ", text
    )
    text = re.sub(
        r"^can (?:to )?(drive|move|pass|get|go) (?:with )?((?:the |an? )?[^,]*?robot) between",
        r"can \2 \1 between",
        text,
    )
    text = re.sub(r"^can to ", "can the robot ", text)
    return Wording(text.strip(" ,"), tuple(lengths))


def _as_question(text: str) -> str:
    """ "the box could go there" -> "could the box go there"."""
    text = re.sub(
        r"^(.+?) (could|can|would|will|should|might|may|is|are|do|does) (.+)$", r"\2 \1 \3", text
    )
    text = re.sub(r"^((?:the|a|an|my|o\d+) .+?) fits (.+)$", r"does \1 fit \2", text)
    return re.sub(r"^((?:the|all|these) .+?) (fit|form|stand) (.+)$", r"do \1 \2 \3", text)


def thing(words: str) -> str:
    """A name as the catalogue takes it: "the red box", "o3", "<region0>"."""
    name = re.sub(r"\s+", " ", words).strip(" ,")
    name = re.sub(r"^(?:just |only |even |still )+", "", name)
    name = _ARTICLE.sub("the ", name)
    return name if _DETERMINED.match(name) else f"the {name}"


def several(words: str) -> tuple[str, ...]:
    """ "the mug, the bowl and the can" -> three names; a plural stays one."""
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", words.strip(" ,"))
    return tuple(p for p in parts if p)


def counted(words: str) -> tuple[int | None, str]:
    """ "the three red cans" -> (3, "red cans"); None where no number is said."""
    name = re.sub(r"^(?:all of |all |both |both of )", "", words.strip(" ,"))
    name = re.sub(r"^(?:the|these|those|my|your|all|all the)\s+", "", name)
    first, _, rest = name.partition(" ")
    if first in NUMBERS and rest:
        return NUMBERS[first], rest
    if first.isdigit() and rest:
        return int(first), rest
    if words.startswith("both"):
        return 2, name
    return None, name
