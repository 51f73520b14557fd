"""match: a user's question to a ``Query``, or the reason why it was not understood.

In: any text and the scene's vocabulary. Out: ``Query`` or ``NotUnderstood``; nothing else, for any
text. A question is only understood when every word of it is accounted for: as part of a mention,
as a cue that the chosen type explains, or as padding. What else it says is text, never an
instruction.
"""

from __future__ import annotations

from dataclasses import replace

from deepsight_ros.questions import japanese
from deepsight_ros.questions.cues import tag_phrases
from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.lexer import Item, items_of
from deepsight_ros.questions.mentions import Mention
from deepsight_ros.questions.query import NotUnderstood, Query
from deepsight_ros.questions.rules import RULES
from deepsight_ros.questions.spelling import correct
from deepsight_ros.questions.text import (
    MAX_CHARS,
    foreign_language,
    is_japanese,
    normalise,
    sentences,
    words_of,
)
from deepsight_ros.questions.units import UNIT_WORDS
from deepsight_ros.questions.utterance import Utterance, readings
from deepsight_ros.questions.vocabulary import Vocabulary

MAX_WORDS = 120

_TOPICS: tuple[tuple[frozenset[str], str], ...] = (
    (
        spaced(
    "heavy heavier heaviest weigh weighs weight weights mass light lighter lightest "
                  "kilo kilos kilogram kilograms kg gram grams pound pounds load"
),
        "weight",
    ),
    (spaced("cost costs price prices expensive cheap cheaper worth pay dollar dollars euro"),
     "price"),
    (spaced("hot cold warm cool temperature degrees celsius fahrenheit hotter colder"),
     "temperature"),
    (spaced("weather rain sunny forecast cloudy snow"), "the weather"),
    (spaced("time oclock date day hour year month week when age old older oldest"), "time"),
    (spaced("colour color colours colors"), "colour as an answer"),
    (spaced("material wood metal plastic made"), "material"),
    (spaced("fast speed velocity slow moving"), "speed"),
    (spaced("area circumference perimeter radius"), "that size"),
    (spaced("angle tilt tilted orientation rotated rotation facing"), "orientation"),
)  # fmt: skip

_CANNOT = "I answer questions about distances, sizes, places and numbers of things; "


def match(
    question: str, vocabulary: Vocabulary, regions: tuple[str, ...] = ()
) -> Query | NotUnderstood:
    """Understand a question.

    Args:
        question: any text.
        vocabulary: words of the scene asked about.
        regions: ids of regions passed along; "it" and "this" may mean the only one, "they" all.

    Returns:
        What was asked, or why that is not known.
    """
    if len(question) > MAX_CHARS:
        return NotUnderstood(
            f"the question has {len(question)} characters; please ask in at most {MAX_CHARS}"
        )
    text = normalise(question)
    if is_japanese(text):
        return japanese.match(text, vocabulary)
    words = words_of(text)
    if not any(word[0].isalnum() or word[0] == "<" for word in words):
        other = foreign_language(text, words)
        if other:
            return _foreign(other)
        return NotUnderstood("there is no question in this")
    other = foreign_language(text, words)
    if other:
        return _foreign(other)
    words = correct(words, vocabulary.own_words)
    if len(words) > MAX_WORDS:
        return NotUnderstood(
            f"the question has {len(words)} words; please ask in at most {MAX_WORDS}"
        )
    pointed = tuple(Mention(name, tag=name, determiner="the") for name in regions)
    found = _match_sentences(sentences(words), vocabulary, pointed)
    return found or NotUnderstood(_reason(words))


def _foreign(language: str) -> NotUnderstood:
    return NotUnderstood(
        f"I understand English and Japanese; this looks like {language}"
        if language not in ("Unknown",)
        else "I understand English and Japanese"
    )


def _match_sentences(
    parts: list[list[str]], vocabulary: Vocabulary, pointed: tuple[Mention, ...]
) -> Query | NotUnderstood | None:
    """Read sentence by sentence; "it" and "them" reach back to earlier ones."""
    if len(parts) == 1:
        return _match_sentence(parts[0], vocabulary, pointed)
    unit_words, parts = _without_unit_sentences(_with_options(parts, vocabulary))
    if len(parts) == 1:
        body = [w for w in parts[0] if w not in ("?", ".", "!", ";")] if unit_words else parts[0]
        return _match_sentence([*body, *unit_words], vocabulary, pointed)
    if unit_words and parts:
        parts[-1] = [*(w for w in parts[-1] if w not in ("?", ".", "!", ";")), *unit_words]
    context: list[Mention] = list(pointed)
    found: list[Query] = []
    is_supposed = False
    statement: Query | None = None
    for words in parts:
        body, is_tag_only = _without_tag(words)
        if is_tag_only:
            if statement is not None:
                found.append(statement)
                statement = None
            continue
        query = _match_sentence(words, vocabulary, tuple(context))
        items = items_of(body, vocabulary)
        first = next(iter(readings(items, vocabulary)), None)
        if query is None:
            is_supposed = is_supposed or (first is not None and first.has("IF"))
        elif words[-1] == "?" or not (_is_statement(first) or query.type == "exists"):
            found.append(query)
        else:
            statement = query
        if first is not None:
            context.extend(m for m in first.mentions if m not in context)
    if statement is not None and not found:
        found.append(statement)
    if is_supposed:
        return NotUnderstood("I only know the scene as it is now, not how it would be")
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        if all(replace(q, unit="") == replace(found[0], unit="") for q in found):
            return found[-1]
        return NotUnderstood("these are several questions; please ask one at a time")
    joined = [word for words in parts for word in words if word not in ("?", ".", "!", ";")]
    return _match_sentence(joined, vocabulary, pointed)


def _match_sentence(
    words: list[str], vocabulary: Vocabulary, context: tuple[Mention, ...]
) -> Query | None:
    body, _ = _without_tag(words)
    if not body:
        return None
    items = items_of(body, vocabulary)
    return read(items, vocabulary, context, asked="?" in words)


def _with_options(parts: list[list[str]], vocabulary: Vocabulary) -> list[list[str]]:
    """ "What is farther, the barrel? the trolley?": things asked on their own are options."""
    out = [parts[0]]
    for words in parts[1:]:
        body, _ = _without_tag(words)
        reading = next(iter(readings(items_of(body, vocabulary), vocabulary)), None)
        is_thing = reading is not None and set(reading.tokens) <= {"<0>", "<1>", "or", "and", ","}
        if is_thing and body and "?" in out[-1]:
            out[-1] = [*(w for w in out[-1] if w not in ("?", ".")), ",", *body, "?"]
        else:
            out.append(words)
    return out


def _without_unit_sentences(parts: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """ "How wide is it? Millimetres please.": a unit on its own belongs to the question."""
    units: list[str] = []
    kept: list[list[str]] = []
    for words in parts:
        named = [w for w in words if w in UNIT_WORDS]
        rest = [w for w in words if w not in UNIT_WORDS and w not in _UNIT_PADDING]
        if kept and len(named) == 1 and not rest:
            units = ["in", *named]
        else:
            kept.append(words)
    return units, kept


_UNIT_PADDING = spaced("? . ! ; , in please pls answer give me the use units and thanks")


def read(
    items: list[Item],
    vocabulary: Vocabulary,
    context: tuple[Mention, ...] = (),
    *,
    asked: bool = False,
) -> Query | None:
    """The first reading of a sentence that a rule explains completely."""
    for utterance in readings(items, vocabulary, context, asked=asked):
        if utterance.unknown or not utterance.tokens:
            continue
        if any(m.determiner == "which" and m.unknown and not m.noun for m in utterance.mentions):
            continue
        for rule in RULES:
            query = rule(utterance)
            if query is not None:
                return query
    return None


def _without_tag(words: list[str]) -> tuple[list[str], bool]:
    """Take "..., right?" off the end. Also says whether nothing else was there."""
    body = list(words)
    while body and body[-1] in ("?", ".", "!", ";", ","):
        body.pop()
    tags = tag_phrases()
    for _ in range(2):
        for length in range(min(9, len(body)), 0, -1):
            tail = tuple(body[-length:])
            if tail not in tags:
                continue
            rest = body[:-length]
            # "is it" or "no" inside a question is no tag; after a comma or as all there is, it is
            if (
                rest
                and rest[-1] not in (",",)
                and length < 2
                and tail[0] not in ("right", "correct")
            ):
                continue
            if rest and rest[-1] != "," and tail[0] == "right" and not _may_end(rest):
                continue
            if (
                rest
                and rest[-1] != ","
                and tail[0] in ("is", "are", "does", "do", "can")
                and (length < 3 or rest[0] in ("is", "are", "does", "do", "which", "what", "how"))
            ):
                continue
            body = rest
            while body and body[-1] in (",", "?", ".", "!"):
                body.pop()
            break
        else:
            break
    return body, not body


def _may_end(rest: list[str]) -> bool:
    """ "... the mug right?" against "... on the right": only the latter needs the word."""
    return rest[0] not in _STARTS and rest[-1] not in (
        "the", "to", "on", "far", "or", "and", "left", "at", "most", "from", "more",
    )  # fmt: skip


_STARTS = spaced(
    "which what who where how is are does do can could would will has have isn't name find"
)


def _is_statement(utterance: Utterance | None) -> bool:
    if utterance is None or not utterance.tokens:
        return False
    first = utterance.tokens[0]
    return first.startswith("<") and first[1:-1].isdigit()


def _reason(words: list[str]) -> str:
    """Why a question was not understood, as far as its words tell."""
    said = set(words)
    for topic, name in _TOPICS:
        hit = said & topic
        if hit:
            return f"{_CANNOT}{name} is not among them"
    return f"{_CANNOT}I did not understand this one"
