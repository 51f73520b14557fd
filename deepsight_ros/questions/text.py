"""Text of a question to words and sentences. In: any Unicode text. Out: lower-case ASCII-ish
words.

Everything here is linear in the length of the text, and ``MAX_CHARS`` bounds that length.
"""

from __future__ import annotations

import re
import unicodedata

from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.units import CUBIC, UNIT_WORDS

MAX_CHARS = 2000
"""Longer questions are refused unread: nobody asks for a distance in more words than this."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe0e\ufe0f]")
_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "‛": "'", "`": "'", "´": "'", "ʼ": "'", "′": "'", "“": '"', "”": '"',
        "„": '"', "″": '"', "«": '"', "»": '"', "–": "-", "—": ";", "‑": "-", "‐": "-", "−": "-",
        "…": ".", "→": " to ", "↔": " to ", "×": " x ", "⁄": "/", "？": "?", "！": "!", "，": ",",
        "。": ".", "¿": " ", "¡": " ", "½": " 1/2 ", "¼": " 1/4 ", "¾": " 3/4 ", "≥": ">=",
        "≤": "<=", "&": " and ", "+": " and ", "³": "3", "²": "2",
    }
)  # fmt: skip

_CONTRACTIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(o|of)[' ]?clock\b", "oclock"),
        (r"\bwon'?t\b", "will not"),
        (r"\bcan'?t\b|\bcannot\b", "can not"),
        (r"\b(is|are|was|were|do|does|did|has|have|could|would|should|must)n'?t\b", r"\1 not"),
        (r"\bain'?t\b", "is not"),
        (r"\bi'?m\b", "i am"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"\btheyre\b", "they are"),
        (r"\b(i|you|we|they)'?ve\b", r"\1 have"),
        (r"\b(i|you|we|they|he|she|it|that|there|what|who|how)'(ll|d)\b", r"\1 would"),
        (r"\b(what|where|which|who|how|that|there|here)'?s\b", r"\1 is"),
        (r"\b(it|he|she)'s\b", r"\1 is"),
        (r"\blet'?s\b", "let us"),
        (r"\bwhatever is\b", "the thing that is"),
        (r"\b(gonna|wanna|gotta)\b", "want to"),
        (r"\bw/o\b", "without"),
        (r"\bw/", "with "),
        (r"\bc2c\b", "centre to centre"),
        (r"\bvs\.", "vs"),
        (r"\bno\.?\s+of\b", "number of"),
        (r"\b(approx|appr|ca|max|min|dist|diam|no)\.", r"\1"),
        (r"\b(cm|mm|in|ft|yd|m)\.(?=\s*\w)", r"\1"),
    )
)

_TOKEN = re.compile(
    r"<[a-z0-9_./:-]{1,40}>"  # a region tag
    r"|\d+(?:[.,]\d+)?|\.\d+"
    r"|'s\b"
    r"|[^\W\d_]+(?:\d+)?"  # a word, an id such as o12
    r"|>=|<=|[?!.;:,'\"()/<>=~%°-]"
)
_SENTENCE_END = frozenset("?!.;")
_JAPANESE = re.compile("[\u3040-\u30ff]")


def normalise(text: str) -> str:
    """Lower case, compatibility forms, plain quotes and dashes, contractions written out."""
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    text = _INVISIBLE.sub("", text).lower().translate(_PLAIN)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text


def words_of(text: str) -> list[str]:
    """Words, numbers and marks of a normalised text; hyphens between words become spaces."""
    text = re.sub(r"(?<=[^\W_])-(?=[^\W_])", " ", text)
    text = text.replace(" - ", " , ")
    words: list[str] = []
    for token in _TOKEN.findall(text):
        if token == "-":
            continue
        if token.startswith(".") and len(token) > 1:
            token = "0" + token
        if words and words[-1] == "cubic" and UNIT_WORDS.get(token) in CUBIC:
            words[-1] = CUBIC[UNIT_WORDS[token]]
            continue
        words.append(token)
    return words


def sentences(words: list[str]) -> list[list[str]]:
    """Split words at sentence ends and newlines; the end mark stays with its sentence."""
    out: list[list[str]] = [[]]
    for word in words:
        if word in _SENTENCE_END:
            if out[-1]:
                out[-1].append(word)
                out.append([])
        else:
            out[-1].append(word)
    return [sentence for sentence in out if sentence]


def is_japanese(text: str) -> bool:
    """True when the text contains kana: Chinese and Japanese share the rest of the script."""
    return _JAPANESE.search(text) is not None


_LANGUAGES: dict[str, frozenset[str]] = {
    "French": spaced(
        "le la les un une des du est sont quelle quel combien entre et ou dans sur sous de au aux "
        "à où plus que qui il elle ce cette mon ma distance hauteur largeur tasse boîte"
    ),
    "German": spaced(
        "der die das den dem ein eine einen ist sind wie weit hoch groß zwischen und oder auf "
        "unter "
        "neben vor hinter welche welcher welches von zum zur wo breit lang tasse dose"
    ),
    "Spanish": spaced(
        "el la los las un una es son está están qué cuál cuánto cuánta entre y o en sobre de del "
        "dónde más que hay altura ancho taza caja lejos izquierda derecha cuan tan alto"
    ),
    "Italian": spaced(
        "il lo la gli le un una è sono quanto quale tra fra e o su sotto di del della dove "
        "più che "
        "alto larga tazza scatola distanza dista sinistra destra"
    ),
    "Portuguese": spaced(
        "o a os as um uma é são está qual quanto entre e ou em sobre de do da onde mais que "
        "altura "
        "largura xícara caixa longe esquerda direita"
    ),
    "Dutch": spaced(
        "de het een is zijn hoe ver hoog breed tussen en of op onder naast van waar welke groot "
        "lang mok doos links rechts"
    ),
}
_ENGLISH = spaced(
    "the is are of to how what which where and or between from in on than it does do can far tall "
    "a an that there many much wide long high left right"
)


def foreign_language(text: str, words: list[str]) -> str:
    """Name of the language when a text is plainly not English, else ""."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return ""
    if sum(ord(c) < 0x250 for c in letters) < 0.6 * len(letters):
        return _script(letters)
    english = sum(word in _ENGLISH for word in words)
    hits = {name: sum(word in known for word in words) for name, known in _LANGUAGES.items()}
    best = max(hits, key=lambda name: hits[name])
    count = sum(word.isalpha() for word in words)
    if hits[best] >= 2 and hits[best] > english and hits[best] * 4 >= count:
        return best
    return ""


def _script(letters: list[str]) -> str:
    names: dict[str, int] = {}
    for letter in letters[:200]:
        script = unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0]
        names[script] = names.get(script, 0) + 1
    best = max(names, key=lambda name: names[name])
    return {"CJK": "Chinese", "HANGUL": "Korean"}.get(best, best.capitalize())
