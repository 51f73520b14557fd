"""A segmenter on disk: a folder of config.json and model.safetensors. Never pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.model.segmenter_net import SegmenterConfig, SegmenterNet

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FORMAT = "deepsight-segmenter-1"


def save(folder: Path, network: SegmenterNet) -> None:
    """Write a checkpoint; config.json is last, so that a folder with it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    scratch = folder / f"{WEIGHTS}.tmp"
    save_file(tensors, scratch, metadata={"format": "pt"})
    scratch.replace(folder / WEIGHTS)
    text = json.dumps({"format": FORMAT, **asdict(network.config)}, indent=1) + "\n"
    scratch = folder / f"{CONFIG}.tmp"
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(folder / CONFIG)


def load(folder: Path, device: torch.device | str = "cpu") -> SegmenterNet:
    """Read a checkpoint, in eval mode.

    Raises:
        SourceError: the folder or a file is missing or damaged.
        InvalidValueError: config.json of another format, tensors that do not belong to it.
    """
    file = folder / CONFIG
    if not file.is_file():
        raise SourceError(
            f"segmenter {folder}: got no {CONFIG}, expected a folder written by "
            "`deepsight train segment` (config.json, model.safetensors)"
        )
    values = json.loads(file.read_text(encoding="utf-8"))
    if values.pop("format", None) != FORMAT:
        raise InvalidValueError(f"segmenter {folder}: expected config.json of format {FORMAT}")
    network = SegmenterNet(SegmenterConfig.from_mapping(values))
    try:
        tensors = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise SourceError(
            f"segmenter {folder}: {WEIGHTS} is missing or damaged ({error}); copy the folder again"
        ) from error
    wanted = network.state_dict()
    wrong = sorted(set(tensors) ^ set(wanted)) or sorted(
        k for k in wanted if wanted[k].shape != tensors[k].shape
    )
    if wrong:
        raise InvalidValueError(
            f"segmenter {folder}: weights and config.json do not belong together, first at "
            f"'{wrong[0]}'"
        )
    network.load_state_dict(tensors)
    return network.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
