"""Checkpoints: a folder of config.json, safetensors and the tokenizer. Never pickle.

    DeepSight.from_pretrained(folder) / .save_pretrained(folder)

Large models are split over files of at most ``SHARD_BYTES``, or as many as is said, listed in an
index as ``transformers`` does.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.files import write_json, write_text
from deepsight_ros.model import conformal
from deepsight_ros.model.config import DeepSightConfig
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.text import TextCodec

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
SHARD_BYTES = 15_000_000
_SCRATCH = ".saving"


def save(
    folder: Path,
    model: DeepSightModel,
    codec: TextCodec,
    *,
    dtype: torch.dtype | None = None,
    weights: Mapping[str, Tensor] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write a checkpoint, whole or not at all.

    Everything is written into a folder of its own first. Then config.json of an older checkpoint
    goes, files are renamed into place and the new config.json comes last: a kill leaves the old
    checkpoint, the new one, or a folder that ``load`` refuses, never a mixture. A calibration
    (conformal.json) that lies there belongs to the older weights and is removed.

    Args:
        folder: made when missing.
        model, codec: what to write.
        dtype: of floating-point weights on disk (float16 halves the files); None keeps theirs.
        weights: to write instead of the model's own (gathered from many processes).
        shard_bytes: most bytes of weights in a file; a tensor that is larger has one for itself.

    Raises:
        InvalidValueError: ``shard_bytes`` is not positive.
    """
    if shard_bytes < 1:
        raise InvalidValueError(f"checkpoint: got shard_bytes {shard_bytes}, expected at least 1")
    tensors = {}
    for name, tensor in (model.state_dict() if weights is None else weights).items():
        if name == "language.lm_head.weight" and model.config.language.tied:
            continue
        kept = tensor.detach().cpu()
        if dtype is not None and kept.is_floating_point():
            kept = kept.to(dtype)
        tensors[name] = kept.contiguous()
    scratch = folder / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
    scratch.mkdir(parents=True)
    _write_weights(scratch, tensors, shard_bytes)
    codec.tokenizer.save_pretrained(scratch)
    (folder / CONFIG).unlink(missing_ok=True)
    for old in (*folder.glob("model*.safetensors*"), folder / conformal.FILE):
        old.unlink(missing_ok=True)
    for file in sorted(scratch.iterdir()):
        file.replace(folder / file.name)
    scratch.rmdir()
    write_text(folder / CONFIG, model.config.to_json())


def _write_weights(folder: Path, tensors: Mapping[str, Tensor], shard_bytes: int) -> None:
    shards = _split(tensors, shard_bytes)
    if len(shards) == 1:
        save_file(shards[0], folder / WEIGHTS, metadata={"format": "pt"})
        return
    where = {}
    for number, shard in enumerate(shards, start=1):
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(shard, name)
    index = {"metadata": {"total_size": _size(tensors)}, "weight_map": where}
    write_json(folder / INDEX, index)


def load(
    folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[DeepSightModel, TextCodec]:
    """Read a checkpoint, in eval mode.

    Raises:
        SourceError: the folder or a file is missing or truncated.
        InvalidValueError: config.json of another version or with wrong values, tensors that are
            missing, left over, or of another shape.
    """
    from transformers import AutoTokenizer

    config_file = folder / CONFIG
    if not config_file.is_file():
        raise SourceError(
            f"checkpoint {folder}: got no {CONFIG}, expected a folder written by "
            "`deepsight train` (config.json, model.safetensors, tokenizer.json)"
        )
    config = DeepSightConfig.from_json(config_file.read_text(encoding="utf-8"))
    model = DeepSightModel(config)
    tensors = _read(folder)
    _check(folder, model, tensors)
    model.load_state_dict(tensors, strict=False)
    if not (folder / "tokenizer.json").is_file():
        raise SourceError(f"checkpoint {folder}: got no tokenizer.json; copy the whole folder")
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    codec = TextCodec(tokenizer, config.prompt, config.region.most)
    return model.to(device=device, dtype=dtype).eval(), codec


def _read(folder: Path) -> dict[str, Tensor]:
    index = folder / INDEX
    if index.is_file():
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    else:
        names = [WEIGHTS]
    tensors: dict[str, Tensor] = {}
    for name in names:
        path = folder / name
        if not path.is_file():
            raise SourceError(f"checkpoint {folder}: got no {name}; copy the whole folder")
        try:
            with safe_open(path, framework="pt") as file:
                tensors |= {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise SourceError(
                f"checkpoint {path}: not a whole safetensors file ({error}); copy it again"
            ) from error
    return tensors


def _check(folder: Path, model: DeepSightModel, tensors: Mapping[str, Tensor]) -> None:
    wanted = dict(model.state_dict())
    if model.config.language.tied:
        wanted.pop("language.lm_head.weight", None)
    missing = sorted(set(wanted) - set(tensors))
    extra = sorted(set(tensors) - set(wanted))
    if missing or extra:
        raise InvalidValueError(
            f"checkpoint {folder}: weights and config.json do not belong together: missing "
            f"{missing[:3]} ({len(missing)}), left over {extra[:3]} ({len(extra)})"
        )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise InvalidValueError(
                f"checkpoint {folder}: got {name} {tuple(tensor.shape)}, expected "
                f"{tuple(wanted[name].shape)} by config.json"
            )


def _split(tensors: Mapping[str, Tensor], shard_bytes: int) -> list[dict[str, Tensor]]:
    shards: list[dict[str, Tensor]] = [{}]
    room = shard_bytes
    for name, tensor in tensors.items():
        size = tensor.nbytes
        if shards[-1] and size > room:
            shards.append({})
            room = shard_bytes
        shards[-1][name] = tensor
        room -= size
    return shards


def _size(tensors: Mapping[str, Tensor]) -> int:
    return sum(t.nbytes for t in tensors.values())
