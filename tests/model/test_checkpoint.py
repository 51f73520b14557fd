"""Checkpoints: what is saved comes back; what is broken says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model import checkpoint
from deepsight_ros.model.conformal import Conformal
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.pretrained import load_language, put_clip, resampled
from deepsight_ros.model.text import TextCodec, load_tokenizer


@pytest.fixture
def folder(model: DeepSightModel, codec: TextCodec, tmp_path: Path) -> Path:
    checkpoint.save(tmp_path, model, codec)
    return tmp_path


def test_round_trip(model: DeepSightModel, codec: TextCodec, folder: Path, frame: RgbdFrame):
    calibrated = Conformal({"both": 2.0}, {"both": 500})
    calibrated.save(folder)
    loaded = DeepSight.from_pretrained(folder)
    assert loaded.conformal == calibrated
    assert loaded.model.config == model.config
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.model.state_dict()[name]), name
    boxes = [(30, 20, 60, 40)]
    question = "How far is <region0>?"
    before = DeepSight(model, codec).look(frame, regions_px=boxes).write(question, 5)
    assert loaded.look(frame, regions_px=boxes).write(question, 5).ids == before.ids


def test_large_checkpoints_are_split(model: DeepSightModel, codec: TextCodec, tmp_path: Path):
    checkpoint.save(tmp_path, model, codec, dtype=torch.float16, shard_bytes=100_000)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) > 2
    header_bytes = 8_000
    assert max(f.stat().st_size for f in files) < 100_000 + header_bytes
    with pytest.raises(InvalidValueError, match="shard_bytes 0"):
        checkpoint.save(tmp_path, model, codec, shard_bytes=0)
    loaded, _ = checkpoint.load(tmp_path)
    for name, tensor in model.state_dict().items():
        assert torch.allclose(tensor, loaded.state_dict()[name], atol=2e-3), name
    files[0].unlink()
    with pytest.raises(SourceError, match="copy the whole folder"):
        checkpoint.load(tmp_path)


def test_an_older_checkpoint_leaves_nothing_behind(
    model: DeepSightModel, codec: TextCodec, tmp_path: Path
):
    checkpoint.save(tmp_path, model, codec, shard_bytes=60_000)
    Conformal({"both": 2.0}, {"both": 500}).save(tmp_path)
    checkpoint.save(tmp_path, model, codec)
    names = {f.name for f in tmp_path.iterdir()}
    assert [n for n in sorted(names) if n.startswith("model")] == [checkpoint.WEIGHTS]
    assert "conformal.json" not in names and not [n for n in names if n.startswith(".")]
    assert DeepSight.from_pretrained(tmp_path).conformal == Conformal()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_kill_while_saving_leaves_no_mixture(
    model: DeepSightModel,
    codec: TextCodec,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
):
    """Before anything is renamed the old one is whole; later there is none to be misread."""
    old = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    renames, replace = [], Path.replace

    def killed(self: Path, target: Path) -> Path:
        renames.append(target)
        if len(renames) == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    def killed_writing(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if at == 0:
            patch.setattr(checkpoint, "save_file", killed_writing)
        elif at == 1:
            patch.setattr(Path, "replace", killed)
        else:
            patch.setattr(checkpoint, "write_text", killed_writing)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(folder, model, codec)
    if at == 0:
        found = checkpoint.load(folder)[0].state_dict()
        assert all(torch.equal(found[k], v) for k, v in old.items())
    else:
        with pytest.raises(SourceError, match=r"got no config\.json"):
            checkpoint.load(folder)
    checkpoint.save(folder, model, codec)
    found = checkpoint.load(folder)[0].state_dict()
    assert all(torch.equal(found[k], v) for k, v in model.state_dict().items())
    assert not (folder / ".saving").exists()


def test_no_pickle_is_written(folder: Path):
    assert {p.suffix for p in folder.iterdir()} <= {".json", ".safetensors"}


@pytest.mark.parametrize(
    ("name", "error"), [("config.json", "config.json"), ("tokenizer.json", "tokenizer.json")]
)
def test_a_missing_file_is_named(folder: Path, name: str, error: str):
    (folder / name).unlink()
    with pytest.raises(SourceError, match=error):
        checkpoint.load(folder)


def test_truncated_weights(folder: Path):
    file = folder / checkpoint.WEIGHTS
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(SourceError, match="not a whole safetensors file"):
        checkpoint.load(folder)


def _edit(folder: Path, **changes: object) -> None:
    file = folder / checkpoint.CONFIG
    values = json.loads(file.read_text())
    file.write_text(json.dumps({**values, **changes}))


def test_another_version(folder: Path):
    _edit(folder, format_version=99)
    with pytest.raises(InvalidValueError, match="got format_version 99"):
        checkpoint.load(folder)


def test_another_shape(folder: Path):
    values = json.loads((folder / checkpoint.CONFIG).read_text())
    _edit(folder, align={**values["align"], "dimension": 8})
    with pytest.raises(InvalidValueError, match=r"expected .* by config\.json"):
        checkpoint.load(folder)


def test_other_parts(folder: Path):
    _edit(folder, rgb=False)
    with pytest.raises(InvalidValueError, match="left over"):
        checkpoint.load(folder)


def test_unknown_entries(folder: Path):
    _edit(folder, colour="blue")
    with pytest.raises(InvalidValueError, match="unknown entries"):
        checkpoint.load(folder)


def test_clip_tower_is_loaded_and_gives_clips_features(model: DeepSightModel, tmp_path: Path):
    torch.manual_seed(3)
    clip = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            image_size=48, patch_size=16,
        )
    ).eval()  # fmt: skip
    clip.save_pretrained(tmp_path)
    put_clip(model, str(tmp_path))
    tower = model.rgb_tower
    assert tower is not None
    pixels = torch.rand(1, 3, 48, 48)
    wide = pixels[:, :, :32]
    ours, _ = tower(wide)
    with torch.no_grad():
        theirs = clip(wide, interpolate_pos_encoding=True).last_hidden_state[:, 1:]
    assert torch.allclose(ours, theirs, atol=1e-5)
    square = clip.embeddings.position_embedding.weight
    assert torch.equal(resampled(square, (3, 3)), square)
    depth = model.depth_tower
    assert depth is not None
    grey = depth.patch_embedding(torch.ones(1, 6, 16, 16))
    with torch.no_grad():
        clip_grey = clip.embeddings.patch_embedding(torch.ones(1, 3, 16, 16))
    assert torch.allclose(grey, clip_grey, atol=1e-5)


def test_a_clip_of_another_shape_is_refused(model: DeepSightModel, tmp_path: Path):
    CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=16, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
            image_size=48, patch_size=16,
        )
    ).save_pretrained(tmp_path)  # fmt: skip
    with pytest.raises(InvalidValueError, match="got width, layers, patch"):
        put_clip(model, str(tmp_path))
    with pytest.raises(SourceError, match="download it and pass its path"):
        put_clip(model, str(tmp_path / "nowhere"))


def test_a_language_model_gets_room_for_our_tokens(
    codec: TextCodec, tmp_path: Path, frame: RgbdFrame
):
    size = len(codec.tokenizer)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size - 6, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, tie_word_embeddings=False,
        )
    ).save_pretrained(tmp_path)  # fmt: skip
    codec.tokenizer.save_pretrained(tmp_path)
    tokenizer = load_tokenizer(str(tmp_path), codec.regions)
    language, shape = load_language(str(tmp_path), len(tokenizer))
    assert shape.vocabulary == len(tokenizer) and not shape.tied
    from tests.model.conftest import small_config

    model = DeepSightModel(small_config(language=shape), language)
    made = TextCodec(tokenizer, model.config.prompt, codec.regions)
    checkpoint.save(tmp_path / "out", model, made)
    again = DeepSight.from_pretrained(tmp_path / "out")
    assert again.look(frame).ask("What room is this?", most_tokens=3).text != ""


def test_a_llama_of_another_kind_comes_back_as_it_was(
    codec: TextCodec, tmp_path: Path, frame: RgbdFrame
):
    """Grouped queries, wide heads, another epsilon, theta and scaling: logits and words equal."""
    from tests.model.conftest import small_config

    torch.manual_seed(4)
    scaling = {
        "rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
    }  # fmt: skip
    made = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(codec.tokenizer), hidden_size=32, intermediate_size=64,
            num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
            rms_norm_eps=1e-2, rope_parameters=scaling, max_position_embeddings=512,
            attention_bias=True, mlp_bias=True, hidden_act="gelu", tie_word_embeddings=True,
        )
    ).eval()  # fmt: skip
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3).add_(0.01 * torch.randn_like(parameter))
    made.save_pretrained(tmp_path / "llm")
    language, shape = load_language(str(tmp_path / "llm"), len(codec.tokenizer))
    assert (shape.key_value_heads, shape.heads, shape.tied) == (2, 4, True)
    model = DeepSightModel(small_config(language=shape), language).eval()
    checkpoint.save(tmp_path / "one", model, codec)
    once, _ = checkpoint.load(tmp_path / "one")
    checkpoint.save(tmp_path / "two", once, codec)
    twice, _ = checkpoint.load(tmp_path / "two")
    assert twice.config == model.config
    ids = torch.arange(3, 43)[None]
    with torch.no_grad():
        wanted = made(input_ids=ids).logits
        for loaded in (once, twice):
            assert torch.equal(loaded.language(input_ids=ids).logits, wanted)

        # the picture's keys are kept from question to question: as `generate` from the start
        boxes = [(30, 20, 60, 40)]
        view = DeepSight(twice, codec).look(frame, regions_px=boxes)
        view.write("What room is this?", 4)
        written = view.write("How far is <region0>?", 6).ids
        prompt = codec.prompt_ids("How far is <region0>?", 1)
        embedded = twice.embed(
            torch.tensor([prompt.ids]),
            torch.tensor([codec.region_indices(prompt.ids, ())]),
            torch.tensor([codec.about(prompt.ids, ())])[:, None].expand(-1, len(prompt.ids), -1),
            torch.tensor([prompt.given]),
            view.sight,
        )
        behind = torch.cat([view.sight.tokens, embedded], dim=1)
        plain = twice.language.generate(
            inputs_embeds=behind, attention_mask=torch.ones(behind.shape[:2]), max_new_tokens=6,
            do_sample=False,
        )[0].tolist()  # fmt: skip
    ended = plain.index(codec.eos_id) if codec.eos_id in plain else len(plain)
    special = next((n for n, t in enumerate(written) if _is_region(codec, t)), len(written))
    assert written[: special + 1] == tuple(plain[: min(ended, special + 1)])


def _is_region(codec: TextCodec, token: int) -> bool:
    """``generate`` does not know that a written region token is followed by its vector."""
    return codec.region_indices([token], ())[0] >= 0


def test_checkpoints_older_than_an_entry_keep_its_default(folder: Path, model: DeepSightModel):
    values = json.loads((folder / checkpoint.CONFIG).read_text())
    older = ("vocabulary", "width", "layers", "heads", "mlp", "positions", "tied")
    _edit(folder, language={k: values["language"][k] for k in older})
    loaded, _ = checkpoint.load(folder)
    assert loaded.config == model.config
    with pytest.raises(InvalidValueError, match="divisor of heads"):
        _edit(folder, language={**values["language"], "key_value_heads": 3})
        checkpoint.load(folder)
