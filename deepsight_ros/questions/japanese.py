"""The Japanese phrasing table: the common question types, understood and answered in Japanese.

In: a normalised question with kana in it. Out: the same ``Query`` as English gives, with language
"ja"; and answers in words. What is not in these tables is UNSUPPORTED, said in Japanese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from deepsight_ros.questions import japanese_words as words
from deepsight_ros.questions.lexicon import GRIPPER_NOUNS
from deepsight_ros.questions.mentions import Mention, Order
from deepsight_ros.questions.query import Condition, NotUnderstood, Query
from deepsight_ros.questions.speaking import speak as speak_english
from deepsight_ros.questions.types import Form, QuestionType, Solved
from deepsight_ros.questions.units import is_volume, si_factor
from deepsight_ros.questions.vocabulary import Vocabulary, noun_key
from deepsight_ros.scene.measurement import Measurement

LANGUAGE = "ja"
NO_GRAVITY = "上下がわからないため答えられません"
_NOT_UNDERSTOOD = "距離、大きさ、位置、個数の質問にお答えします。この質問はわかりませんでした"

Numbers = tuple[tuple[float, str], ...]


def match(text: str, vocabulary: Vocabulary) -> Query | NotUnderstood:
    """Understand a Japanese question (normalised text)."""
    line, mentions, values = _abstract(text, vocabulary)
    for pattern, build in _rules():
        found = pattern.fullmatch(line)
        if found is None:
            continue
        query = build(found, mentions, values)
        if query is not None:
            return replace(query, language=LANGUAGE)
    return NotUnderstood(_NOT_UNDERSTOOD, LANGUAGE)


# -- from text to a line with <0>, <1> ... for things and #0 ... for values ---------------------

_POLITE = re.compile(
    r"[\s、。，．,.！!？?「」『』・]|^(?:すみません|あの|ねえ|教えて(?:ください)?|では)|"
    r"(?:を)?(?:教えて|測って|答えて)(?:ください|下さい|くれますか|もらえますか)?$|(?:おおよそ|だいたい|約|およそ)"
)
_KATAKANA = re.compile(r"[ァ-ヴー]{2,}")
_NUMBER = r"(\d+(?:\.\d+)?)"


def _abstract(text: str, vocabulary: Vocabulary) -> tuple[str, list[Mention], Numbers]:
    line = _POLITE.sub("", text)
    line = _POLITE.sub("", line)
    values: list[tuple[float, str]] = []

    def keep_value(found: re.Match[str]) -> str:
        values.append((float(found.group(1)), _unit_names()[found.group(2)]))
        return f"#{len(values) - 1}"

    units = "|".join(sorted(_unit_names(), key=len, reverse=True))
    line = re.sub(_NUMBER + f"({units})", keep_value, line)
    mentions: list[Mention] = []

    def keep(found: re.Match[str]) -> str:
        mention = _mention(found, vocabulary)
        mentions.append(mention)
        return f"<{len(mentions) - 1}>"

    line = _mention_pattern().sub(keep, line)

    def keep_unknown(found: re.Match[str]) -> str:
        if found.group(0) in _unit_names() or found.group(0) == "カメラ":
            return found.group(0)
        mentions.append(Mention(found.group(0), unknown=(found.group(0),), determiner="the"))
        return f"<{len(mentions) - 1}>"

    return _KATAKANA.sub(keep_unknown, line), mentions, tuple(values)


@lru_cache(maxsize=1)
def _unit_names() -> dict[str, str]:
    return {name: unit for unit, names in words.UNITS.items() for name in names.split()}


@lru_cache(maxsize=1)
def _nouns() -> dict[str, str]:
    return {name: noun for noun, names in words.NOUNS.items() for name in names.split()}


def _forms(table: Mapping[str, str]) -> dict[str, str]:
    return {form: key for key, forms in table.items() for form in forms.split()}


def _any_of(forms: Mapping[str, str]) -> str:
    return "|".join(re.escape(f) for f in sorted(forms, key=len, reverse=True))


@lru_cache(maxsize=1)
def _mention_pattern() -> re.Pattern[str]:
    colours, sizes, places = _forms(words.COLOURS), _forms(words.SIZES), _forms(words.PLACES)
    best = _any_of(_forms(words.COMPARATIVES))
    return re.compile(
        rf"(?:(?:一番|いちばん|最も)(?P<best>{best}))?"
        rf"(?P<place>{_any_of(places)})?(?P<size>{_any_of(sizes)})?(?P<colour>{_any_of(colours)})?"
        rf"(?P<noun>{_any_of(_nouns())})|<(?P<tag>region\d+)>"
    )


def _mention(found: re.Match[str], vocabulary: Vocabulary) -> Mention:
    if found.group("tag"):
        return Mention(found.group("tag"), tag=found.group("tag"), determiner="the")
    english = _nouns()[found.group("noun")]
    noun = noun_key(english.split())
    colour, size, place = found.group("colour"), found.group("size"), found.group("place")
    best = found.group("best")
    return Mention(
        text=found.group(0),
        noun=noun,
        is_group=english == "object",
        colours=(_forms(words.COLOURS)[colour],) if colour else (),
        sizes=(_forms(words.SIZES)[size],) if size else (),
        place=_forms(words.PLACES)[place] if place else "",
        order=Order(_forms(words.COMPARATIVES)[best]) if best else None,
        determiner="the",
        is_support=vocabulary.names_support(noun),
        is_gripper=english in GRIPPER_NOUNS,
    )


# -- rules --------------------------------------------------------------------------------------

Found = re.Match[str]
Mentions = list[Mention]
Builder = Callable[[Found, Mentions, Numbers], Query | None]

_END = r"(?:です|でしょう|だ|なの)?か?(?:な|ね|の)?"
_AMOUNT = (
    r"(?:どのくらい|どれくらい|どれぐらい|どのぐらい|いくら|いくつ|何(?P<unit>[ァ-ヴーa-z]+)?)"
)
_HOW_MUCH = _AMOUNT + _END
_EXISTS = r"(?:あり|い)?(?:ます|る|ある|いる)?か?"
_IN_UNIT = r"(?:は)?(?P<in_unit>[ァ-ヴーa-z]+)?(?:で)?"


def _unit(found: Found) -> str:
    said = found.groupdict()
    return _unit_names().get(said.get("unit") or said.get("in_unit") or "", "")


def _things(found: Found, mentions: Mentions, *names: str) -> tuple[Mention, ...]:
    return tuple(mentions[int(found.group(name))] for name in names)


def _value(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    quantity = _forms(words.SIZES_MEASURED)[found.group("size")]
    return Query(quantity, _things(found, mentions, "a"), unit=_unit(found))


def _distance(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("surface_distance", _things(found, mentions, "a", "b"), unit=_unit(found))


def _range(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("range", _things(found, mentions, "a"), unit=_unit(found))


def _choice(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    predicate = _forms(words.COMPARATIVES)[found.group("more")]
    anchor = mentions[int(found.group("c"))] if found.groupdict().get("c") else None
    if anchor is not None and predicate not in ("closer", "farther"):
        return None
    return Query(f"{predicate}.choice", _things(found, mentions, "a", "b"), anchor=anchor)


def _side_choice(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    predicate = _forms(words.RELATIONS)[found.group("place")]
    return Query(f"{predicate}.choice", _things(found, mentions, "a", "b"))


def _compared(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    predicate = _forms(words.COMPARATIVES)[found.group("more")]
    return Query(f"{predicate}.yesno", _things(found, mentions, "a", "b"))


def _relation(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    predicate = _forms(words.RELATIONS)[found.group("place")]
    pair = _things(found, mentions, "a", "b")
    if pair[1].is_support and predicate != "on":
        return None
    return Query(f"{predicate}.yesno", pair)


def _between(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("between.yesno", _things(found, mentions, "a", "b", "c"))


def _against_value(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    threshold, unit = values[int(found.group("v"))]
    quantity = _forms(words.SIZES_MEASURED)[found.group("size")]
    if is_volume(unit) != (quantity == "volume"):
        return None
    said = found.group("relation")
    how = {"以上": "at_least", "以下": "at_most", "未満": "less_than"}.get(said, "more_than")
    return Query(
        f"{quantity}.compare",
        _things(found, mentions, "a"),
        relation=how,
        threshold=threshold * si_factor(unit),
        unit=unit,
    )


def _count(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("count", group=replace(mentions[int(found.group("a"))], is_plural=True))


def _exists(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("exists", group=mentions[int(found.group("a"))])


def _extreme(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    mention = mentions[int(found.group("a"))]
    if mention.order is None:
        return None
    group = replace(mention, order=None)
    return Query(
        f"{mention.order.predicate}.superlative",
        group=None if group.is_bare_group else replace(group, is_plural=True),
    )


def _where(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("where", _things(found, mentions, "a"))


def _listing(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    predicate = _forms(words.RELATIONS)[found.group("place")]
    anchor = mentions[int(found.group("b"))]
    if anchor.is_support and predicate != "on":
        return None
    group = Mention("物", noun=("object",), is_group=True)
    return Query("list", group=group, condition=Condition(predicate, (anchor,)))


def _supporter(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    return Query("supporter", _things(found, mentions, "a"))


def _free_space(found: Found, mentions: Mentions, values: Numbers) -> Query | None:
    mention = mentions[int(found.group("a"))]
    return Query("free_space", (mention,), unit=_unit(found)) if mention.is_gripper else None


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[re.Pattern[str], Builder], ...]:
    size, more = _any_of(_forms(words.SIZES_MEASURED)), _any_of(_forms(words.COMPARATIVES))
    place = _any_of(_forms(words.RELATIONS))
    a, b, c = r"<(?P<a>\d+)>", r"<(?P<b>\d+)>", r"<(?P<c>\d+)>"
    both = rf"{a}と{b}(?:と)?"
    which = r"(?:では|で|の)?(?:どちらのほう|どちらの方|どちら|どっちのほう|どっち)が"
    apart = r"(?:離れて(?:い)?(?:ます|る)|遠い|先(?:です|にあります)?)"
    gap = r"(?:距離|間隔|隙間|すき間|すきま|間)"
    table: tuple[tuple[str, Builder], ...] = (
        (rf"{a}の(?P<size>{size})(?:は{_HOW_MUCH}|{_IN_UNIT})?", _value),
        (rf"{a}は(?P<size>{size})(?:が)?{_HOW_MUCH}", _value),
        (rf"{both}の(?:間)?(?:の)?{gap}(?:は{_HOW_MUCH}|{_IN_UNIT})?", _distance),
        (rf"{a}から{b}まで(?:の)?(?:距離)?(?:は)?(?:{_HOW_MUCH}|{_IN_UNIT})?", _distance),
        (rf"{both}は{_AMOUNT}{apart}か?", _distance),
        (
            rf"(?:カメラから|ここから)?{a}まで(?:の)?(?:距離)?(?:は)?(?:{_HOW_MUCH}|{_IN_UNIT})?"
            r"(?:あります|ある)?か?",
            _range,
        ),
        (rf"{a}は(?:カメラから)?{_AMOUNT}{apart}(?:です)?か?", _range),
        (rf"{both}{which}{c}に(?P<more>{more}){_END}", _choice),
        (rf"{both}{which}(?:カメラに|手前に)?(?P<more>{more}){_END}", _choice),
        (rf"(?:どちら|どっち)が(?P<more>{more}){_END}{both}", _choice),
        (
            rf"{both}{which}(?P<place>左|右|手前|奥)(?:側)?(?:に)?(?:あり|い)?(?:ます|る|ある)?{_END}",
            _side_choice,
        ),
        (rf"{a}は{b}より(?:も)?(?P<more>{more}){_END}", _compared),
        (rf"{a}は{b}の(?P<place>{place})に(?:載って|乗って|のって|置いて)?{_EXISTS}", _relation),
        (rf"{a}は{b}と{c}の間に{_EXISTS}", _between),
        (
            rf"{a}の(?P<size>{size})は#(?P<v>\d+)"
            rf"(?P<relation>以上|以下|未満|より大きい|を超え(?:ます|る)|より高い){_END}",
            _against_value,
        ),
        (rf"{a}は(?:何個|いくつ|何本|何枚|何台|何冊|何匹|何人){_EXISTS}", _count),
        (rf"{a}の(?:数|個数)(?:は{_HOW_MUCH})?", _count),
        (rf"(?:何個|いくつ|何本)の{a}が{_EXISTS}", _count),
        (rf"{a}は(?:あり|い)ますか", _exists),
        (rf"{a}は(?:ある|いる)(?:の)?か?", _exists),
        (rf"{a}は(?:何|どれ|なん){_END}", _extreme),
        (rf"{a}はどこ(?:に(?:あります|ある|います|いる)|です)?か?", _where),
        (rf"{b}の(?P<place>{place})に(?:は)?(?:何|なに)が{_EXISTS}", _listing),
        (rf"{a}は(?:何|なに)の上に{_EXISTS}", _supporter),
        (
            rf"{a}は(?:前に|前方に)?{_AMOUNT}(?:前に)?(?:動け|進め|前進でき)(?:ます|る)か?",
            _free_space,
        ),
    )
    return tuple((re.compile(pattern), build) for pattern, build in table)


# -- words --------------------------------------------------------------------------------------


def not_found(name: str) -> str:
    """NOT_FOUND in words."""
    return f"{name}は見当たりません"


def ambiguous(name: str, candidates: list[str]) -> str:
    """AMBIGUOUS in words."""
    return f"{name}は{'、'.join(candidates)}のどれですか"


def speak(
    query: Query, solved: Solved, slots: Mapping[str, str], entry: QuestionType, units: str
) -> str:
    """An answer in Japanese.

    Args:
        query: what was asked, with the words it was asked in.
        solved: what was found.
        slots: names in words, as for English.
        entry: catalogue entry.
        units: "metric" or "imperial", for the default unit.
    """
    names = [m.text for m in query.things]
    subject = "と".join(names[:2])
    value = speak_value(solved.measurements[0], query.unit, units) if solved.measurements else ""
    if entry.name in _VALUE_WORDS and solved.outcome == "value":
        return _VALUE_WORDS[entry.name].format(a=subject, value=value)
    if entry.name == "count":
        return f"{slots['number']}個あります。"
    if entry.name == "exists":
        return (
            "いいえ、ありません。"
            if solved.outcome == "no"
            else f"はい、{slots['number']}個あります。"
        )
    if solved.outcome in ("yes", "no"):
        word = "はい" if solved.outcome == "yes" else "いいえ"
        is_number = entry.form is Form.COMPARE and value
        return f"{word}、{value}です。" if is_number else f"{word}。"
    if solved.outcome == "same":
        return "ほぼ同じです。"
    if solved.outcome == "none":
        return "何もありません。"
    if solved.outcome == "support":
        return f"{name_of(slots['support'], '')}の上です。"
    chosen = slots.get("winner", "") if entry.form in (Form.CHOICE, Form.SUPERLATIVE) else ""
    return f"{chosen or slots.get('list', '') or value}です。"


def name_of(label: str, colour: str) -> str:
    """A label in Japanese, with its colour; a label without a translation stays as it is."""
    noun = words.NOUNS.get(label.lower(), label or "物体").split(" ")[0]
    return words.COLOURS.get(colour, "").split(" ")[0] + noun


_VALUE_WORDS: dict[str, str] = {
    "height": "{a}の高さは{value}です。",
    "width": "{a}の幅は{value}です。",
    "depth": "{a}の奥行きは{value}です。",
    "length": "{a}の長さは{value}です。",
    "breadth": "{a}の短辺は{value}です。",
    "thickness": "{a}の厚さは{value}です。",
    "diameter": "{a}の直径は{value}です。",
    "volume": "{a}の体積は{value}です。",
    "surface_distance": "{a}の間は{value}です。",
    "range": "{a}までの距離は{value}です。",
    "where": "{a}は{value}先にあります。",
    "free_space": "前方に{value}の空きがあります。",
}


def speak_value(measurement: Measurement, asked: str, units: str) -> str:
    """A measurement in Japanese: 約34センチ(33〜35センチ)."""
    text = speak_english(measurement, asked, units)
    text = (
        text.replace("about ", "約").replace("at least ", "少なくとも").replace("at most ", "最大")
    )
    for english, unit in (
        ("cubic metres", "m3"),
        ("cubic metre", "m3"),
        ("millilitres", "mL"),
        ("millilitre", "mL"),
        ("litres", "L"),
        ("litre", "L"),
        ("inches", "in"),
        ("inch", "in"),
        ("feet", "ft"),
        ("foot", "ft"),
        ("mm", "mm"),
        ("cm", "cm"),
        ("o'clock", "clock"),
        ("m", "m"),
    ):
        if re.search(rf"(?<=\d) {re.escape(english)}(?![a-z])", text):
            return re.sub(
                rf"(?<=\d) {re.escape(english)}(?![a-z])", words.SPOKEN_UNITS[unit], text
            ).replace("-", "〜")
    return text
