"""Numbers read with teacher forcing: pictures and answers that are known in, the model's own out.

The answer's words are given and the number head is read where ``<num>`` stands, for many packed
questions in one pass. The head looks at the question and the words before the number only, so it
says what free decoding with the same words says (tests/model/test_reading.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.deepsight_model import DeepSightModel, Sight
from deepsight_ros.model.text import QuestionAnswer, TextCodec


@torch.inference_mode()
def read_numbers(
    model: DeepSightModel,
    codec: TextCodec,
    sight: Sight,
    groups: Sequence[Sequence[QuestionAnswer]],
) -> tuple[Tensor, Tensor]:
    """What the number head says of each numeric question.

    Args:
        model: in eval mode.
        codec: of the model.
        sight: of as many pictures as there are groups.
        groups: numeric questions per picture.

    Returns:
        log10 of the SI value and its standard deviation, both (N,) float32 on the CPU; pictures in
        order, questions of a picture in order.

    Raises:
        InvalidValueError: the model has no number head, or an answer has no ``<num>``.
    """
    if model.numbers is None:
        raise InvalidValueError("model: this checkpoint writes numbers as text (number_bins is 0)")
    if any(qa.value != qa.value for group in groups for qa in group):
        raise InvalidValueError("reading: got an answer without <num>, expected numeric ones only")
    text = codec.pack(groups, sight.regions.shape[1]).to(model.device)
    at = ~text.number.isnan()
    logs = model.lengths(text.about, sight)
    mean, spread = model.numbers(model.states(sight, text)[at], None if logs is None else logs[at])
    return mean.float().cpu(), spread.float().cpu()
