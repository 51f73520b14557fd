"""A folder of weights in, a model on a device in evaluation mode out; errors say what to fetch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from deepsight_ros.errors import ModelFilesError


def load(kind: Any, path: str, what: str, example: str, **options: Any) -> Any:
    """``kind.from_pretrained(path)`` with errors that say what to do.

    Args:
        kind: class of transformers.
        path: folder, or a name on the model hub.
        what: what the files are for ("detector").
        example: a published checkpoint of this kind.

    Raises:
        ModelFilesError: the folder is missing, incomplete or of another kind, or the hub cannot
            be reached.
    """
    if not path:
        raise ModelFilesError(
            f"{what}: got no path, expected a folder with a checkpoint such as {example}"
        )
    is_folder = Path(path).is_dir()
    looks_local = path.startswith((".", "/", "~")) or path.count("/") != 1
    if looks_local and not is_folder:
        raise ModelFilesError(
            f"{what}: got no folder {path}; download {example} there (`hf download {example} "
            f"--local-dir {path}`, on a machine with a connection) or name another folder"
        )
    try:
        return kind.from_pretrained(path, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if is_folder:
            found = sorted(p.name for p in Path(path).iterdir())
            hint = f"the folder holds {found}; is {example} (or another of its kind) all there?"
        else:
            offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
            hint = (
                f"{'HF_HUB_OFFLINE is set' if offline else 'no hub could be reached'} and "
                f"'{path}' is not in the cache; run `hf download {path} --local-dir "
                f"models/{path.split('/')[-1]}` where there is a connection, copy the folder here "
                "and name it in the configuration"
            )
        raise ModelFilesError(
            f"{what}: cannot load {path}: {_first_line(error)}; {hint}"
        ) from error


def choose_device(device: str) -> str:
    """``auto`` becomes cuda where there is one, else cpu.

    Raises:
        ModelFilesError: cuda was asked for and is not there.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ModelFilesError(
            f"device: got '{device}', but torch sees no GPU; use device: cpu or auto"
        )
    return device


def place(model: Any, device: str) -> Any:
    """The model in evaluation mode on the device, in half precision on a GPU."""
    import torch

    model = model.eval().to(device)
    return model.to(torch.float16) if device.startswith("cuda") else model


def in_batches(inputs: list[Any], size: int, run: Any) -> list[Any]:
    """``run(batch)`` over batches of at most ``size``; halves the batch when memory runs out.

    Raises:
        ModelFilesError: a single input does not fit.
    """
    import torch

    out: list[Any] = []
    at = 0
    while at < len(inputs):
        try:
            with torch.inference_mode():
                out.extend(run(inputs[at : at + size]))
        except torch.cuda.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            if size == 1:
                raise ModelFilesError(
                    "the GPU is too small for one picture; use a smaller checkpoint or device: cpu"
                ) from error
            size = max(1, size // 2)
            continue
        at += size
    return out


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
