"""The recipes of CLIP + Vicuna on a tiny CLIP and a tiny Llama: same stages, other sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.training.recipe import Recipe
from deepsight_ros.training.start import starting_model
from deepsight_ros.training.trainer import train

SIZES = {
    "encoding": "xyz",
    "rgb": False,
    "prompt": "USER: {question} ASSISTANT:",
    "tower": {"size_px": [28, 42], "patch_px": 14, "width": 32, "layers": 3, "heads": 2,
              "mlp": 64, "select_layer": -2},
    "box": {"maps_px": 7, "channels": 8},
    "region": {"fine": 1, "crop_px": 8, "channels": 4, "most": 4},
    "align": {"layers": 0},
}  # fmt: skip


@pytest.fixture
def clip(tmp_path: Path) -> str:
    torch.manual_seed(1)
    config = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2,
        image_size=42, patch_size=14,
    )  # fmt: skip
    CLIPVisionModel(config).save_pretrained(tmp_path / "clip")
    return str(tmp_path / "clip")


@pytest.fixture
def llm(tmp_path: Path) -> str:
    """A Llama with a tokenizer that knows none of our tokens, as Vicuna's."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<unk>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["How far is it? It is far away."], trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    ).save_pretrained(tmp_path / "llm")
    torch.manual_seed(2)
    config = LlamaConfig(
        vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=2048,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path / "llm")
    return str(tmp_path / "llm")


def test_both_stages_run_and_move_what_they_should(
    shards: Path, clip: str, llm: str, tmp_path: Path
) -> None:
    small = {"batch": 2, "accumulate": 2, "steps": 2, "keep_dtype": "float32"}
    align = Recipe.read("clip-vicuna-align", clip=clip, llm=llm, model=SIZES, **small)
    assert (align.optimiser.lr, align.optimiser.warm_up, align.precision) == (1e-3, 0.03, "bf16")
    shares = {"numbers": 0.5, "pairs": 0.5}  # the test's shards have no captions
    align = Recipe.from_mapping({**vars(align), "shares": shares})
    model, codec = starting_model(align, [shards])
    loaded = CLIPVisionModel.from_pretrained(clip)
    assert model.depth_tower is not None
    filters = model.depth_tower.patch_embedding.weight.sum(1)
    assert torch.allclose(filters, loaded.embeddings.patch_embedding.weight.sum(1), atol=1e-5)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    train(align, model, codec, [shards], tmp_path / "align")
    after = model.state_dict()
    moved = {k.split(".")[0] for k in before if not torch.equal(before[k], after[k])}
    assert "depth_projector" in moved and not moved & {"language", "depth_tower"}

    start = str(tmp_path / "align" / "checkpoint")
    tune = Recipe.read("clip-vicuna-tune", start=start, **small)
    assert tune.optimiser.lr == 2e-5 and tune.batch * tune.accumulate == 4
    model, codec = starting_model(tune, [shards])
    before = {k: v.clone() for k, v in model.state_dict().items()}
    train(tune, model, codec, [shards], tmp_path / "tune")
    after = model.state_dict()
    moved = {k.split(".")[0] for k in before if not torch.equal(before[k], after[k])}
    assert {"depth_projector", "language"} <= moved and "depth_tower" not in moved
    ready = DeepSight.from_pretrained(tmp_path / "tune" / "checkpoint")
    assert ready.codec.prompt.startswith("USER:") and not ready.model.config.rgb


def test_batches_are_those_of_llava() -> None:
    align, tune = Recipe.read("clip-vicuna-align"), Recipe.read("clip-vicuna-tune")
    assert (align.batch * align.accumulate, tune.batch * tune.accumulate) == (256, 128)
    assert align.train == ("projector",) and tune.train == ("projector", "language")


def test_adapters_are_put_into_a_checkpoint_gone_on_from(
    shards: Path, recipe: Recipe, tmp_path: Path
) -> None:
    pytest.importorskip("peft", reason="LoRA needs peft")
    DeepSight(*starting_model(recipe, [shards])).save_pretrained(tmp_path / "start")
    chosen = Recipe.from_mapping({**vars(recipe), "start": str(tmp_path / "start"),
                                  "lora_rank": 2})  # fmt: skip
    model, _ = starting_model(chosen, [shards])
    assert any("lora" in name for name, _ in model.named_parameters())
