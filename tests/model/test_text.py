"""Text and tokens: numbers hidden, regions kept, packed questions that do not see each other."""

from __future__ import annotations

import math

import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.deepsight_model import IGNORED, packed_mask
from deepsight_ros.model.text import QuestionAnswer, TextCodec, hide_lengths, hide_number


def test_lengths_of_a_question_become_numbers():
    text, values = hide_lengths("Is it more than 8 cm or 1.5m tall, with 2 boxes at 3 o'clock?")
    assert text == "Is it more than <num> cm or <num>m tall, with 2 boxes at 3 o'clock?"
    assert values == pytest.approx((0.08, 1.5))


@pytest.mark.parametrize(
    ("answer", "value", "hidden"),
    [
        ("About 34 cm (33-35 cm).", 0.34, "About <num> cm."),
        ("It is 1.25 m away.", 1.25, "It is <num> m away."),
        ("They touch.", 0.0, None),
        ("They are apart.", 0.3, None),
    ],
)
def test_the_number_of_an_answer_is_hidden(answer: str, value: float, hidden: str | None):
    made = hide_number(answer, value)
    assert (made.answer if made else None) == hidden
    if made:
        assert made.value == value


def test_a_number_needs_a_value_and_a_value_a_number():
    with pytest.raises(InvalidValueError, match="<num>"):
        QuestionAnswer("?", "About <num> cm.")
    with pytest.raises(InvalidValueError, match="<num>"):
        QuestionAnswer("?", "No idea.", 0.3)


def test_round_trip_of_words_regions_and_numbers(codec: TextCodec):
    ids = codec.answer_ids("<region1> is about <num> cm from <region0>.")
    assert ids[-1] == codec.eos_id
    assert codec.decode(ids, "34") == "<region1> is about 34 cm from <region0>."


def test_a_question_that_names_a_region_it_was_not_given_is_refused(codec: TextCodec):
    with pytest.raises(InvalidValueError, match="<region2> with 2 regions"):
        codec.prompt_ids("How far is <region2>?", 2)


def test_what_a_user_types_as_a_token_is_text(codec: TextCodec):
    prompt = codec.prompt_ids("what is <num>?", 0)
    assert codec.number_id not in prompt.ids


def test_packing(codec: TextCodec):
    groups = [
        [
            QuestionAnswer("How far is <region0> from <region1>?", "About <num> cm.", 0.3, (2, 0)),
            QuestionAnswer("Is it more than 8 cm?", "Yes."),
        ],
        [QuestionAnswer("What room is this?", "Kitchen.")],
    ]
    packed = codec.pack(groups, 3)
    assert packed.segment[0].unique().tolist()[-1] == 2
    first = packed.segment[0] == 1
    assert packed.region[0][first & (packed.region[0] >= 0)].tolist() == [2, 0]
    at = ~packed.number[0].isnan()
    assert at.sum() == 1 and packed.number[0][at].item() == pytest.approx(math.log10(0.3))
    assert packed.ids[0][at].item() == codec.number_id
    second = packed.segment[0] == 2
    told = packed.given[0][second]
    assert told[~told.isnan()].tolist() == pytest.approx([math.log10(0.08)])
    # every label is the next token of the same question, and the last one ends it
    row, segment = packed.ids[0], packed.segment[0]
    learnt = (packed.labels[0] != IGNORED).nonzero().ravel()
    for i in learnt.tolist():
        assert packed.labels[0][i] == row[i + 1] and segment[i] == segment[i + 1]
    for question in (1, 2):
        targets = packed.labels[0][segment == question]
        assert int(targets[targets != IGNORED][-1]) == codec.eos_id


def test_no_question_sees_another():
    segment = torch.tensor([[1, 1, 2, 2, 0]])
    may = packed_mask(segment, 2)[0, 0]
    assert may[2:4, :2].all() and may[4:6, :2].all()  # both see the picture
    assert not may[4:6, 2:4].any() and not may[2:4, 4:6].any()
    assert not may[0, 1] and may[1, 0]  # causal
    assert not may[:6, 6].any() and may[6, 6]  # padding is seen by itself alone
