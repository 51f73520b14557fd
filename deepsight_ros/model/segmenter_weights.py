"""A segmenter on disk: a folder of config.json, model.safetensors and, where one was fitted,
judge.json. Never pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.files import write_json, write_text
from deepsight_ros.model.segmenter_net import SegmenterConfig, SegmenterNet
from deepsight_ros.perception.judging import FEATURES, Judge

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FORMAT = "deepsight-segmenter-1"
JUDGE = "judge.json"
JUDGE_FORMAT = "deepsight-judge-1"
_ARRAYS = ("mean", "scale", "inner", "inner_bias", "outer")


def save(folder: Path, network: SegmenterNet) -> None:
    """Write a checkpoint; config.json is last, so that a folder with it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    scratch = folder / f"{WEIGHTS}.tmp"
    save_file(tensors, scratch, metadata={"format": "pt"})
    scratch.replace(folder / WEIGHTS)
    write_json(folder / CONFIG, {"format": FORMAT, **asdict(network.config)})


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


def save_judge(folder: Path, judge: Judge) -> None:
    """Write the judge of masks beside the weights it was fitted with."""
    values: dict[str, object] = {"format": JUDGE_FORMAT, "features": list(FEATURES)}
    for name in _ARRAYS:
        array = np.asarray(getattr(judge, name))
        values[name] = [float(f"{v:.6g}") for v in array.ravel()]
    for name in ("outer_bias", "least", "room"):
        values[name] = float(f"{getattr(judge, name):.6g}")
    write_text(folder / JUDGE, json.dumps(values) + "\n")


def load_judge(folder: Path) -> Judge | None:
    """The judge of a folder; None where none was fitted.

    Raises:
        InvalidValueError: judge.json of another format, or for other features.
    """
    file = folder / JUDGE
    if not file.is_file():
        return None
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if values["format"] != JUDGE_FORMAT or tuple(values["features"]) != FEATURES:
            raise ValueError("another format, or other features")
        arrays = {name: np.array(values[name], np.float64) for name in _ARRAYS}
        arrays["inner"] = arrays["inner"].reshape(len(FEATURES), -1)
        numbers = {name: float(values[name]) for name in ("outer_bias", "least", "room")}
        return Judge(**arrays, **numbers)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidValueError(
            f"segmenter {folder}: {JUDGE} cannot be used ({error}); fit it again: "
            "`deepsight train segment-judge`"
        ) from error
