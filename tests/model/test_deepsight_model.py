"""The whole model: packed and single questions agree, modalities, decoding, alignment."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model.conformal import Conformal, Residual, fit
from deepsight_ros.model.deepsight_model import IGNORED, DeepSightModel
from deepsight_ros.model.generation import View
from deepsight_ros.model.pictures import Pictures, collate, picture
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.reading import read_numbers
from deepsight_ros.model.text import QuestionAnswer, TextCodec

BOXES = [(30, 20, 60, 40), (5, 30, 25, 60)]
QUESTIONS = [
    QuestionAnswer("How far is <region0> from <region1>?", "About <num> cm.", 0.3, (0, 1)),
    QuestionAnswer("Is <region0> more than 8 cm tall?", "Yes.", regions=(1,)),
    QuestionAnswer("What room is this?", "Kitchen."),
]


@pytest.fixture
def pictures(frame: RgbdFrame, model: DeepSightModel) -> Pictures:
    return picture(frame, model.config.fine_px, boxes_px=BOXES, regions_px=BOXES)


def test_a_question_loses_nothing_by_being_packed(
    model: DeepSightModel, codec: TextCodec, pictures: Pictures
):
    with torch.inference_mode():
        sight = model.see(pictures)
        together = model(sight, codec.pack([QUESTIONS], 2))
        alone = [model(sight, codec.pack([[q]], 2)) for q in QUESTIONS]
    weights = []
    for question in QUESTIONS:
        packed = codec.pack([[question]], 2)
        weights.append(float(packed.weight[packed.labels != IGNORED].sum()))
    mean = sum(float(a["text"]) * w for a, w in zip(alone, weights, strict=True)) / sum(weights)
    assert float(together["text"]) == pytest.approx(mean, rel=1e-4)
    assert float(together["number"]) == pytest.approx(float(alone[0]["number"]), rel=1e-4)


def test_padding_of_a_batch_changes_nothing(
    model: DeepSightModel, codec: TextCodec, frame: RgbdFrame, pictures: Pictures
):
    bare = picture(frame, model.config.fine_px)
    with torch.inference_mode():
        both = model.see(collate([pictures, bare]))
        one = model.see(bare)
    assert torch.allclose(both.tokens[1], one.tokens[0], atol=1e-5)


def test_hidden_modalities_change_nothing(model: DeepSightModel, pictures: Pictures):
    torch.manual_seed(0)
    blind = pictures.only(colour=False)
    other = Pictures(**{**vars(blind), "colour": torch.randint_like(blind.colour, 255)})
    with torch.inference_mode():
        assert torch.equal(model.see(blind).tokens, model.see(other).tokens)
        assert not torch.equal(model.see(blind).tokens, model.see(pictures).tokens)
        flat = pictures.only(depth=False)
        warped = Pictures(**{**vars(flat), "depth_m": flat.depth_m * 2})
        assert torch.equal(model.see(flat).regions, model.see(warped).regions)
    with pytest.raises(InvalidValueError, match="neither depth nor colour"):
        model.see(pictures.only(depth=False, colour=False))


def test_decoding_with_a_cache_is_decoding_without(
    model: DeepSightModel, codec: TextCodec, pictures: Pictures
):
    question = "How far is <region0> from <region1>?"
    with torch.inference_mode():
        sight = model.see(pictures)
        view = View(model, sight)
        first = view.write(codec, question, most_tokens=6)
        again = view.write(codec, question, most_tokens=6)
        other = view.write(codec, "What room is this?", most_tokens=6)
        third = view.write(codec, question, most_tokens=6)
        assert first.ids == again.ids == third.ids
        assert other.ids != () and first.first_token_s > 0
        ids: list[int] = []
        prompt = codec.prompt_ids(question, 2)
        for _ in range(len(first.ids)):
            tokens = torch.tensor([[*prompt.ids, *ids]])
            region = torch.tensor([codec.region_indices(tokens[0].tolist())])
            region = torch.where(region >= 2, -1, region)
            about = torch.tensor(codec.about(prompt.ids)).expand(1, tokens.shape[1], 2)
            given = torch.tensor([[*prompt.given, *[math.nan] * len(ids)]])
            asked = model.embed(tokens, region, about, given, sight)
            hidden = torch.cat([sight.tokens, asked], dim=1)
            logits = model.language(inputs_embeds=hidden).logits[0, -1]
            ids.append(int(logits.argmax()))
        assert tuple(ids) == first.ids


def test_relations_start_at_nothing_and_then_tell_pairs_apart(
    model: DeepSightModel, codec: TextCodec, pictures: Pictures
):
    question = QuestionAnswer("How far is <region0> from <region1>?", "They are <num> cm.", 0.5)
    turned = replace(question, regions=(1, 0))

    def states() -> torch.Tensor:
        with torch.inference_mode():
            return model.states(model.see(pictures), codec.pack([[question, turned]], 2))

    assert model.relations is not None
    before = states()
    torch.nn.init.normal_(model.relations.last.weight, std=0.5)
    after = states()
    packed = codec.pack([[question, turned]], 2)
    asked = packed.region[0] >= 0
    assert packed.about[0][asked].tolist() == [[0, 1], [0, 1], [1, 0], [1, 0]]
    second = int(asked.nonzero()[1])
    torch.testing.assert_close(before[:, :second], after[:, :second])
    assert not torch.allclose(before[:, second], after[:, second])
    with torch.inference_mode():  # asked one at a time, with a cache, the same is decoded
        sight = model.see(pictures)
        alone = View(model, sight).write(codec, question.question, rows=(1, 0), most_tokens=1)
        packed = codec.pack([[turned]], 2)
        out = model.language.lm_head(model.states(sight, packed)[0])
    prompt = codec.prompt_ids(question.question, 2)
    assert int(out[len(prompt.ids) - 1].argmax()) == alone.ids[0]


def test_a_number_is_a_length_of_its_regions_where_the_head_says_so(
    model: DeepSightModel, codec: TextCodec, pictures: Pictures
):
    question = QuestionAnswer("How far is <region0> from <region1>?", "They are <num> cm.", 0.5)
    assert model.numbers is not None and model.numbers.lengths is not None
    chosen = 18  # distance of the middles
    with torch.no_grad():
        model.numbers.lengths.weight.zero_()
        model.numbers.lengths.bias.zero_()
        model.numbers.lengths.bias[chosen] = 50.0
        sight = model.see(pictures)
        value, _ = read_numbers(model, codec, sight, [[question]])
        wanted = model.lengths(torch.tensor([[[0, 1]]]), sight)
        assert wanted is not None
        torch.testing.assert_close(value[0], wanted[0, 0, chosen])
        one_missing = model.numbers(torch.zeros(1, model.config.language.width), None)[0]
    assert one_missing.isfinite().all()  # no lengths at all: the bins answer


def test_stop_ends_an_answer_unfinished(
    model: DeepSightModel, codec: TextCodec, pictures: Pictures
):
    with torch.inference_mode():
        view = View(model, model.see(pictures))
        calls = iter([False, False, True])
        written = view.write(codec, "What room is this?", stop=lambda: next(calls))
    assert not written.finished and len(written.ids) == 2


def test_scores_of_options_are_likelihoods_of_answers(
    model: DeepSightModel, codec: TextCodec, pictures: Pictures
):
    options = ["Kitchen.", "Yes.", "They are about <num> cm apart."]
    with torch.inference_mode():
        sight = model.see(pictures)
        scores = View(model, sight).score(codec, "What room is this?", options)
        for option, score in zip(options[:2], scores.tolist(), strict=False):
            packed = codec.pack([[QuestionAnswer("What room is this?", option)]], 2)
            packed = replace(packed, weight=torch.ones_like(packed.weight))
            loss = float(model(sight, packed)["text"])
            assert score == pytest.approx(-loss * len(codec.answer_ids(option)), rel=1e-3)


def test_texts_align_with_pictures_they_were_trained_with(
    model: DeepSightModel, codec: TextCodec, frame: RgbdFrame
):
    torch.manual_seed(0)
    near = picture(frame, model.config.fine_px)
    far = Pictures(**{**vars(near), "depth_m": near.depth_m * 2 + 1})
    batch = collate([near, far])
    ids, mask = codec.texts(["Kitchen.", "Bedroom."], model.config.align.positions)
    model.train()
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(40):
        loss = model.contrast(model.see(batch), ids, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    seen = DeepSight(model, codec).look_at(near)
    assert seen.match(["Kitchen.", "Bedroom."]).argmax() == 0
    assert DeepSight(model, codec).look_at(far).match(["Kitchen.", "Bedroom."]).argmax() == 1


def test_the_model_learns_numbers_from_depth(
    model: DeepSightModel, codec: TextCodec, frame: RgbdFrame
):
    """Two pictures that differ in scale alone get two numbers."""
    torch.manual_seed(0)
    near = picture(frame, model.config.fine_px, regions_px=BOXES)
    far = Pictures(**{**vars(near), "depth_m": near.depth_m * 2})
    batch = collate([near, far])
    groups = [
        [QuestionAnswer("How far is <region0>?", "About <num> cm.", value, (0,))]
        for value in (0.8, 1.6)
    ]
    model.train()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(120):
        losses = model(model.see(batch), codec.pack(groups, 2))
        optimiser.zero_grad()
        losses["loss"].backward()
        optimiser.step()
    answers = [
        DeepSight(model, codec).look_at(p).ask("How far is <region0>?") for p in (near, far)
    ]
    assert answers[0].value == pytest.approx(0.8, rel=0.1)
    assert answers[1].value == pytest.approx(1.6, rel=0.1)
    assert answers[0].unit == "m" and "cm" in answers[0].text
    assert math.isnan(answers[0].lower)  # nothing was calibrated


def test_conformal_intervals_cover_what_they_promise():
    generator = torch.Generator().manual_seed(0)

    def residuals(count: int) -> list[Residual]:
        value = torch.rand(count, generator=generator) * 2 - 1.5
        spread = torch.rand(count, generator=generator) * 0.05 + 0.01
        noise = torch.randn(count, generator=generator) * spread * 2.3
        rows = zip(value.tolist(), spread.tolist(), (value + noise).tolist(), strict=True)
        return [Residual("depth", v, s, t) for v, s, t in rows]

    fitted = fit(residuals(4000))
    held_out = residuals(4000)
    inside = [
        low <= 10**r.log10_truth <= high
        for r in held_out
        for low, high in [fitted.interval("depth", r.log10_value, r.log10_spread)]
    ]
    assert 0.93 <= sum(inside) / len(inside) <= 0.97
    assert math.isnan(Conformal().interval("depth", 0.0, 0.1)[0])
    with pytest.raises(InvalidValueError, match="use more scenes"):
        fit(residuals(20))
