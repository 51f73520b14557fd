"""Text <-> tokens: the tokenizer, numbers as ``<num>``, questions packed behind their pictures.

A number with a unit of length or volume is written ``<num>``, in questions and in answers, and
its SI value goes beside the text; counts, clock hours and names stay text. ``<region0>`` ... are
tokens of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.deepsight_model import IGNORED, PackedText
from deepsight_ros.questions.units import UNIT_WORDS, is_length, is_volume, si_factor

PAD, BOS, EOS, NUMBER = "<pad>", "<bos>", "<eos>", "<num>"
_DECISIVE = 4.0
"""Weight of an answer's first word and of the regions it names beside its other words: whether yes
or no, and which, is one word among ten."""
USER, ASSISTANT = "<user>", "<assistant>"
SPECIAL = (PAD, BOS, EOS, NUMBER, USER, ASSISTANT)
_REGION = re.compile(r"<region(\d+)>")
_SPOKEN = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")
_MEASURED = re.compile(
    r"(?<![\w.<])(?P<number>\d+(?:\.\d+)?)(?P<gap>[\s-]*)(?P<unit>"
    + "|".join(
        sorted(
            (re.escape(w) for w, u in UNIT_WORDS.items() if is_length(u) or is_volume(u)),
            key=len,
            reverse=True,
        )
    )
    + r")(?![\w])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class QuestionAnswer:
    """What the model learns from.

    Attributes:
        question: with ``<regionN>`` where a region is meant.
        answer: with at most one ``<num>``.
        value: SI value behind ``<num>``, NaN without one.
        regions: row of the picture's regions that ``<region0>``, ``<region1>`` ... of this
            question stand for; () when ``<regionN>`` is row N.
        weight: of its targets in the loss.
    """

    question: str
    answer: str
    value: float = math.nan
    regions: tuple[int, ...] = ()
    weight: float = 1.0

    def __post_init__(self) -> None:
        count = self.answer.count(NUMBER)
        if count > 1 or (count == 1) == math.isnan(self.value):
            raise InvalidValueError(
                f"question: got {count} {NUMBER} in '{self.answer}' with value {self.value}, "
                f"expected one with a value, or none with NaN"
            )


def hide_lengths(question: str) -> tuple[str, tuple[float, ...]]:
    """Write every number with a unit as ``<num>``: "more than 8 cm" -> "more than <num> cm", 0.08.

    Returns:
        The text, and the SI values in order.
    """
    values: list[float] = []

    def hide(match: re.Match[str]) -> str:
        unit = UNIT_WORDS[match["unit"].lower()]
        values.append(float(match["number"]) * si_factor(unit))
        return f"{NUMBER}{match['gap']}{match['unit']}"

    return _MEASURED.sub(hide, question), tuple(values)


def hide_number(answer: str, value: float) -> QuestionAnswer | None:
    """Write the first number of an answer as ``<num>``; None when it has none or value is no
    positive number (touching things are 0 apart: that is said in text)."""
    plain = re.sub(r"\s*\([^)]*\)", "", answer)
    if not (math.isfinite(value) and value > 0) or not _SPOKEN.search(plain):
        return None
    return QuestionAnswer("", _SPOKEN.sub(NUMBER, plain, count=1), value)


def train_tokenizer(texts: Iterable[str], size: int, regions: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE with single digits and our special tokens first (pad 0, bos 1, eos 2)."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    names = [*SPECIAL, *(f"<region{i}>" for i in range(regions))]
    special = [AddedToken(name, lstrip=True, special=True) for name in names]
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        additional_special_tokens=special[3:],  # the space before them is part of them
    )


def load_tokenizer(folder: str, regions: int) -> PreTrainedTokenizerBase:
    """A language model's own tokenizer with our special tokens added where they are missing."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    wanted = [NUMBER, USER, ASSISTANT, *(f"<region{i}>" for i in range(regions))]
    known = tokenizer.get_vocab()
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [t for t in wanted if t not in known]}
    )
    return tokenizer


@dataclass(frozen=True)
class Prompt:
    """Token ids of a question, and log10 of the SI value at its ``<num>`` tokens (else NaN)."""

    ids: tuple[int, ...]
    given: tuple[float, ...]


class TextCodec:
    """Questions and answers <-> token ids, with region indices.

    Args:
        tokenizer: made by ``train_tokenizer`` or ``load_tokenizer``.
        prompt: as ``DeepSightConfig.prompt``.
        regions: how many ``<regionN>`` tokens there are.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt: str, regions: int) -> None:
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.region_of = {
            tokenizer.convert_tokens_to_ids(f"<region{i}>"): i for i in range(regions)
        }
        self.number_id = tokenizer.convert_tokens_to_ids(NUMBER)
        self.eos_id = tokenizer.eos_token_id
        self.pad_id = tokenizer.pad_token_id
        self.regions = regions
        if self.number_id is None or len(self.region_of) != regions:
            raise InvalidValueError(
                f"tokenizer: expected {NUMBER} and {regions} region tokens among its "
                "vocabulary; it was not made by this package (model.text)"
            )

    def prompt_ids(self, question: str, region_count: int) -> Prompt:
        """The question as the language model gets it.

        Raises:
            InvalidValueError: the question names a region that was not passed.
        """
        named = [int(n) for n in _REGION.findall(question)]
        if named and max(named) >= min(region_count, self.regions):
            raise InvalidValueError(
                f"question: got <region{max(named)}> with {region_count} regions (at most "
                f"{self.regions} can be named)"
            )
        text, values = hide_lengths(question.replace(NUMBER, "number"))
        ids = self._ids(self.prompt.format(question=text))
        logs = iter(math.log10(max(v, 1e-6)) for v in values)
        given = [next(logs) if i == self.number_id else math.nan for i in ids]
        return Prompt(tuple(ids), tuple(given))

    def region_indices(self, ids: Sequence[int], rows: Sequence[int] = ()) -> list[int]:
        """Row of the picture's regions per token, -1 for none; ``rows`` as in a question."""
        numbers = (self.region_of.get(i, -1) for i in ids)
        if not rows:
            return list(numbers)
        return [rows[n] if 0 <= n < len(rows) else -1 for n in numbers]

    def decode(self, ids: Sequence[int], number: str = NUMBER) -> str:
        """Text of an answer, ``number`` in the place of ``<num>``."""
        parts: list[str] = []
        run: list[int] = []
        for i in ids:
            if i == self.number_id or i in self.region_of:
                said = number if i == self.number_id else f"<region{self.region_of[i]}>"
                parts += [self._text(run), f" {said}"]
                run = []
            elif i != self.eos_id:
                run.append(i)
        text = "".join([*parts, self._text(run)])
        return " ".join(text.split())

    def about(self, ids: Sequence[int], rows: Sequence[int] = ()) -> tuple[int, int]:
        """Rows of the two regions of lowest number that a question names, -1 for none."""
        named = sorted({self.region_of[i] for i in ids if i in self.region_of})[:2]
        first, second = [*named, -1, -1][:2]
        if rows:
            first, second = (rows[n] if 0 <= n < len(rows) else -1 for n in (first, second))
        return first, second

    def pack(self, groups: Sequence[Sequence[QuestionAnswer]], region_count: int) -> PackedText:
        """Questions of several pictures, one row each."""

        def encode(qa: QuestionAnswer) -> tuple[Prompt, list[int], QuestionAnswer]:
            return self.prompt_ids(qa.question, region_count), self.answer_ids(qa.answer), qa

        rows = [[encode(qa) for qa in group] for group in groups]
        lengths = (sum(len(p.ids) + len(a) for p, a, _ in row) for row in rows)
        length = max(1, max(lengths, default=1))
        shape = (len(rows), length)
        ids = torch.full(shape, self.pad_id, dtype=torch.long)
        segment = torch.zeros(shape, dtype=torch.long)
        place = torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, IGNORED, dtype=torch.long)
        region = torch.full(shape, -1, dtype=torch.long)
        about = torch.full((*shape, 2), -1, dtype=torch.long)
        number = torch.full(shape, math.nan)
        given = torch.full(shape, math.nan)
        weight = torch.zeros(shape)
        for r, row in enumerate(rows):
            at = 0
            for s, (prompt, answer, qa) in enumerate(row, start=1):
                tokens, prompt_length = [*prompt.ids, *answer], len(prompt.ids)
                end = at + len(tokens)
                ids[r, at:end] = torch.tensor(tokens)
                segment[r, at:end] = s
                place[r, at:end] = torch.arange(len(tokens))
                region[r, at:end] = torch.tensor(self.region_indices(tokens, qa.regions))
                about[r, at:end] = torch.tensor(self.about(prompt.ids, qa.regions))
                given[r, at : at + prompt_length] = torch.tensor(prompt.given)
                labels[r, at + prompt_length - 1 : end - 1] = torch.tensor(tokens[prompt_length:])
                weight[r, at:end] = qa.weight
                decisive = [0, *(k for k, t in enumerate(answer) if t in self.region_of)]
                for k in decisive:
                    weight[r, at + prompt_length - 1 + k] = _DECISIVE * qa.weight
                if not math.isnan(qa.value):
                    spot = at + tokens.index(self.number_id, prompt_length)
                    number[r, spot] = math.log10(qa.value)
                at = end
        return PackedText(ids, segment, place, labels, region, about, given, number, weight)

    def texts(self, texts: Sequence[str], most: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask for the text tower, each text ended by <eos>."""
        rows = [[*self._ids(t)[: most - 1], self.eos_id] for t in texts]
        length = max(map(len, rows))
        ids = torch.full((len(rows), length), self.pad_id, dtype=torch.long)
        mask = torch.zeros(len(rows), length, dtype=torch.long)
        for r, row in enumerate(rows):
            ids[r, : len(row)] = torch.tensor(row)
            mask[r, : len(row)] = 1
        return ids, mask

    def answer_ids(self, answer: str) -> list[int]:
        """Ids of an answer, ended by <eos>."""
        return [*self._ids(answer), self.eos_id]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=False)) if ids else ""
