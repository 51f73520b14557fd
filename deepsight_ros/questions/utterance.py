"""One reading of a sentence: a line of cues in which mentions stand as ``<0>``, ``<1>`` ...

In: items and a chunker. Out: readings, the likeliest first. Rules match regular expressions on
``Utterance.line`` and must explain every cue in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from deepsight_ros.questions.chunker import Chunker
from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.lexer import Item, Quantity
from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.modifiers import DETERMINERS
from deepsight_ros.questions.vocabulary import COLOUR_WORDS, Vocabulary

MAX_READINGS = 24
_MAX_DEVIATIONS = 3
_MENTION = re.compile(r"<(\d+)>")
_BEFORE_VALUE = {
    "REL_over": "GT",
    "REL_above": "GT",
    "MORE": "GT",
    "REL_under": "LT",
    "REL_below": "LT",
    "LESS": "LT",
    "REL_inside": "LT",
    "CMP_bigger": "GT",
    "EXACTLY": "ABOUT",
    "REL_next_to": "ABOUT",
    "past": "GT",
}


@dataclass(frozen=True)
class Utterance:
    """A reading.

    Attributes:
        tokens: cues, structure words, ``<i>``, ``<c>``, ``<q>``, ``<n>``, ``<u>``.
        mentions: what ``<i>`` stands for.
        quantities, numbers: what each ``<q>`` and ``<n>`` stands for, in order.
        units: units named without a number.
        negated: "not" was said (and dropped from the tokens).
        said: the words outside the mentions.
    """

    tokens: tuple[str, ...]
    mentions: tuple[Mention, ...]
    quantities: tuple[Quantity, ...] = ()
    numbers: tuple[float, ...] = ()
    units: tuple[str, ...] = ()
    negated: bool = False
    said: frozenset[str] = frozenset()

    @cached_property
    def line(self) -> str:
        """Tokens joined by spaces."""
        return " ".join(self.tokens)

    @cached_property
    def cues(self) -> frozenset[str]:
        """Upper-case cues of the line."""
        return frozenset(t for t in self.tokens if t[0].isupper())

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Words that mean nothing here and are in no mention."""
        return tuple(t[1:] for t in self.tokens if t[0] == "?" and len(t) > 1)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Indices of the mentions in the line, in order of appearance."""
        return tuple(int(m) for m in _MENTION.findall(self.line))

    def has(self, *cues: str) -> bool:
        """True when any of the cues is there."""
        return any(cue in self.cues for cue in cues)

    def only(self, *allowed: str) -> bool:
        """True when every cue is allowed; "REL_" allows all that start so."""
        return all(
            any(cue == a or (a.endswith("_") and cue.startswith(a)) for a in allowed)
            for cue in self.cues
        )

    def named(self, prefix: str) -> list[str]:
        """What follows a prefix in the cues: named("CMP_") -> ["taller"]."""
        out = [t[len(prefix) :] for t in self.tokens if t.startswith(prefix)]
        return list(dict.fromkeys(out))

    def search(self, pattern: str) -> re.Match[str] | None:
        """Search the line; ``@`` in the pattern stands for a mention's number as a group."""
        return _compiled(pattern).search(self.line)

    @property
    def asks_yes_no(self) -> bool:
        """A verb of asking is there: "is", "can", "would" ..."""
        return bool(self.said & _ASKING)

    @property
    def has_camera(self) -> bool:
        return "<c>" in self.tokens


_ASKING = spaced(
    "? is are am can could will would does do did may might shall should has have was were"
)
_PATTERNS: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    found = _PATTERNS.get(pattern)
    if found is None:
        found = _PATTERNS[pattern] = re.compile(
            r"(?:(?<=\s)|^)(?:" + pattern.replace("@", r"<(\d+)>") + r")(?=\s|$)"
        )
    return found


def readings(
    items: list[Item],
    vocabulary: Vocabulary,
    context: tuple[Mention, ...] = (),
    *,
    asked: bool = False,
) -> Iterator[Utterance]:
    """Readings of a sentence, likeliest first.

    Args:
        items: of the sentence.
        vocabulary: of the scene.
        context: mentions of earlier sentences, for "it" and "them".
        asked: the sentence ended in a question mark.
    """
    chunker = Chunker(items, vocabulary)
    seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for deviations in range(_MAX_DEVIATIONS + 1):
        for parts in _readings(chunker, 0, deviations):
            utterance = _assemble(parts, items, context)
            if asked:
                utterance = replace(utterance, said=utterance.said | {"?"})
            key = (utterance.tokens, tuple(m.text for m in utterance.mentions))
            if key in seen:
                continue
            seen.add(key)
            yield utterance
            if len(seen) >= MAX_READINGS:
                return


_Part = Item | Mention


def _readings(chunker: Chunker, at: int, deviations: int) -> Iterator[list[_Part]]:
    """Ways to read on from an item that depart from the likeliest way exactly so many times."""
    head: list[_Part] = []
    while at < len(chunker.items):
        options = chunker.mentions_at(at)
        if options:
            break
        head.append(chunker.items[at])
        at += 1
    else:
        if deviations == 0:
            yield head
        return
    choices: list[tuple[int, _Part]] = list(options)
    mention = options[0][1]
    is_plain_noun = bool(mention.noun) and not mention.colours and mention.order is None
    if chunker.is_optional(at) and not (
        is_plain_noun and chunker.items[at].word in DETERMINERS and not mention.unknown
    ):
        plain = (at + 1, chunker.items[at])
        # "the tallest" names the tallest thing only where nothing else makes sense of it
        if mention.is_one and mention.order is not None and not mention.noun:
            choices.insert(0, plain)
        else:
            choices.append(plain)
    for used, (end, part) in enumerate(choices):
        if used > deviations:
            break
        for rest in _readings(chunker, end, deviations - used):
            yield [*head, part, *rest]


def _assemble(parts: list[_Part], items: list[Item], context: tuple[Mention, ...]) -> Utterance:
    tokens: list[str] = []
    mentions: list[Mention] = []
    quantities: list[Quantity] = []
    numbers: list[float] = []
    units: list[str] = []
    pronoun_cues = _pronoun_positions(parts)
    for index, part in enumerate(parts):
        if isinstance(part, Mention):
            is_which = bool(tokens) and tokens[-1] in ("which", "what") and not part.determiner
            mentions.append(replace(part, determiner="which") if is_which else part)
            tokens.append(f"<{len(mentions) - 1}>")
            continue
        if index in pronoun_cues:
            for antecedent in _antecedents(part.word, mentions, context):
                if tokens and tokens[-1].startswith("<") and tokens[-1][1:-1].isdigit():
                    tokens.append("and")
                mentions.append(antecedent)
                tokens.append(f"<{len(mentions) - 1}>")
            if part.word in ("its", "their"):
                tokens.append("'s")
            continue
        coloured = _coloured(part, tokens)
        if coloured >= 0:  # "how many cans are silver"
            mentions[coloured] = replace(
                mentions[coloured], colours=(*mentions[coloured].colours, part.word)
            )
            tokens.pop()
            continue
        if part.quantity is not None:
            quantities.append(part.quantity)
        if part.number is not None:
            numbers.append(part.number)
        if part.unit:
            units.append(part.unit)
        tokens.extend(part.cues)
    tokens, negated = _tidy(tokens)
    kept = tuple(_inherit(mentions))
    said = frozenset(w for p in parts if isinstance(p, Item) for w in p.words)
    return Utterance(
        tuple(tokens), kept, tuple(quantities), tuple(numbers), tuple(units), negated, said
    )


def _coloured(item: Item, tokens: list[str]) -> int:
    """Index of the set a colour word behind "is" belongs to, -1 when it does not."""
    if item.word not in COLOUR_WORDS or len(tokens) < 3 or tokens[-1] != "is":
        return -1
    mention = _MENTION.fullmatch(tokens[-2])
    is_set = tokens[-3] in ("COUNT", "which", "what")
    return int(mention.group(1)) if mention and is_set else -1


_PRONOUNS = frozenset({"it", "they", "them", "its", "their", "these", "those", "both"})


def _pronoun_positions(parts: list[_Part]) -> set[int]:
    return {i for i, p in enumerate(parts) if isinstance(p, Item) and p.word in _PRONOUNS}


def _antecedents(
    word: str, mentions: list[Mention], context: tuple[Mention, ...]
) -> tuple[Mention, ...]:
    """What a pronoun stands for: mentions of earlier sentences when this one names none."""
    if any(m.is_thing and not m.is_gripper for m in mentions):
        return ()
    things = [m for m in context if m.is_thing and not m.is_gripper]
    if not things:
        return ()
    if word in ("it", "its"):
        return (things[-1],) if len(things) == 1 else ()
    if len(things) == 1 and (things[0].is_plural or (things[0].number or 1) > 1):
        return (things[0],)
    return tuple(things) if 2 <= len(things) <= 3 else ()


def _tidy(tokens: list[str]) -> tuple[list[str], bool]:
    """Settle what depends on neighbours: comparisons with values, "in", commas, "not"."""
    out: list[str] = []
    negated = False
    tokens = _without_padding(tokens)
    skip = 0
    for i, token in enumerate(tokens):
        if skip:
            skip -= 1
            continue
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        after = tokens[i + 2] if i + 2 < len(tokens) else ""
        if token == "not":
            # "isn't the mug ...?" expects a yes; "the mug is not ..." denies
            negated = negated or any(_MENTION.fullmatch(t) for t in out)
        elif token in _BEFORE_VALUE and following in ("<q>", "<n>"):
            out.append(_BEFORE_VALUE[token])
            if token in ("REL_under", "REL_below"):
                out.append("UNDER")
            elif token == "REL_inside":
                out.append("WITHIN")
        elif (
            token in ("MORE", "LESS", "CMP_bigger", "CMP_smaller")
            and following == "than"
            and (after in ("<q>", "<n>"))
        ):
            out.append("GT" if token in ("MORE", "CMP_bigger") else "LT")
        elif token == "than" and out and out[-1] in ("GT", "LT") and following in ("<q>", "<n>"):
            continue
        elif token in ("as", "then") and out and out[-1].startswith("CMP_"):
            out.append("than")  # "taller then", "further back as"
        elif token == "AROUND" and following in ("<q>", "<n>"):
            out.append("ABOUT")
        elif token == "which" and (following, after) == ("is", "<q>"):
            skip = 1  # "the robot, which is 60 cm wide": no question
        elif (
            (token in ("ABOUT", "EXACTLY") and following not in ("<q>", "<n>"))
            or (token in ("in", "at", "on", "by", "of") and following in ("<u>", "", ","))
            or token == "then"
            or (token == "by" and following == "<q>")
        ):
            continue
        elif token == "in" and following.startswith("<") and following[1:-1].isdigit():
            out.append("REL_inside")
        elif token == "," and (not out or out[-1] == ","):
            continue
        else:
            out.append(token)
    while out and out[-1] in (",", "and", "or"):
        out.pop()
    return out, negated


def _without_padding(tokens: list[str]) -> list[str]:
    """Drop "the next" before a length, and "in front of you" where it only means what is seen."""
    is_ahead = {"FREE", "MOVE", "HIT", "DIST", "<q>"} & set(tokens)
    is_placed = any(t.startswith("REL_") for t in tokens) and not {"DIST", "CLOCK"} & set(tokens)
    centres = tokens.count("ONE_CENTRE")
    if centres == 2 or (centres and "CLOCK" in tokens):
        tokens = ["CENTRE" if token == "ONE_CENTRE" else token for token in tokens]
    out: list[str] = []
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        if token.startswith("ORD_") and following == "<q>":
            continue
        if token == "AROUND" and following in ("", ","):
            continue
        if token == "<c>" and out and out[-1] == "REL_in_front_of" and not is_ahead:
            out.pop()
            continue
        if token == "<c>" and out and out[-1] == "from" and is_placed and not is_ahead:
            out.pop()  # "..., from here": the viewer is the camera anyway
            continue
        out.append(token)
    return out


def _inherit(mentions: list[Mention]) -> list[Mention]:
    """Give "the blue one" the noun of its neighbour: "the red and the blue mug"."""
    out = list(mentions)
    for i, mention in enumerate(out):
        if not mention.is_one or mention.noun:
            continue
        before, after = out[:i][::-1], out[i + 1 :]
        says_one = mention.text.endswith(("one", "ones"))
        # "the left or the right shelf" looks ahead, "the red mug or the blue one" back
        neighbours = [*before, *after] if says_one else [*after, *before]
        for other in neighbours:
            if other.noun and other.is_thing and not other.is_gripper:
                out[i] = mention.with_noun_of(other)
                break
    return out
