"""Teacher-forced numbers against free decoding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.generation import View
from deepsight_ros.model.pictures import picture
from deepsight_ros.model.reading import read_numbers
from deepsight_ros.model.text import QuestionAnswer, TextCodec

BOXES = ((30, 20, 60, 40), (5, 5, 20, 20), (60, 10, 90, 50))
ASKED = (
    QuestionAnswer("How far is <region0> from <region1>?", "They are about <num> cm apart.", 0.2),
    QuestionAnswer("How far is <region0> from <region1>?", "<num> cm", 0.5, (2, 0)),
    QuestionAnswer("Is <region0> more than 8 cm tall?", "Yes, <num> cm.", 0.1, (1,)),
)


def _dictate(model: DeepSightModel, codec: TextCodec, answer: str) -> None:
    """Make greedy decoding write ``answer`` whatever it sees, without touching hidden states."""
    ids = iter(codec.answer_ids(answer))

    def head(hidden: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(*hidden.shape[:-1], len(codec.tokenizer))
        logits[..., next(ids)] = 1.0
        return logits

    model.language.lm_head.forward = head  # type: ignore[method-assign]


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_free_decoding_with_the_same_words_gives_the_same_number(
    model: DeepSightModel, codec: TextCodec, frame: RgbdFrame, number: int
) -> None:
    seen = picture(frame, model.config.fine_px, regions_px=BOXES, boxes_px=BOXES)
    with torch.inference_mode():
        sight = model.see(seen)
        values, spreads = read_numbers(model, codec, sight, [ASKED])
        qa = ASKED[number]
        _dictate(model, codec, qa.answer)
        written = View(model, sight).write(codec, qa.question, rows=qa.regions)
    assert written.log10_value == pytest.approx(float(values[number]), abs=1e-4)
    assert written.log10_sigma == pytest.approx(float(spreads[number]), rel=1e-3)


def test_numbers_differ_between_regions(
    model: DeepSightModel, codec: TextCodec, frame: RgbdFrame
) -> None:
    seen = picture(frame, model.config.fine_px, regions_px=BOXES)
    same = [QuestionAnswer("How far is <region0>?", "<num> cm", 0.2, (r,)) for r in (0, 1, 2)]
    with torch.inference_mode():
        values, _ = read_numbers(model, codec, model.see(seen), [same])
    assert len(set(values.tolist())) == 3


def test_answers_without_a_number_are_refused(
    model: DeepSightModel, codec: TextCodec, frame: RgbdFrame
) -> None:
    seen = picture(frame, model.config.fine_px, regions_px=BOXES)
    groups: Sequence[Sequence[QuestionAnswer]] = [[QuestionAnswer("What?", "Yes.", math.nan)]]
    with pytest.raises(InvalidValueError, match="without <num>"), torch.inference_mode():
        read_numbers(model, codec, model.see(seen), groups)
