"""What the model's two benchmarks share: views' size, how a model may see, models by their names,
and digests that tell whether two runs asked the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.training.calibration import modalities_of

WIDTH_PX, HEIGHT_PX = 256, 192
"""Of the world's views."""

_SEES = {"depth": (True, False), "colour": (False, True), "both": (True, True)}


def ways_to_see(model: DeepSight) -> dict[str, tuple[bool, bool]]:
    """Modality -> (use depth, use colour), as far as the model can."""
    return {name: _SEES[name] for name in modalities_of(model)}


def load_models(folders: Sequence[Path], device: str) -> dict[str, DeepSight]:
    """Checkpoints by name: the folder's, its run's where that is "checkpoint".

    Raises:
        SourceError, InvalidValueError: no checkpoint, or two of one name.
    """
    out: dict[str, DeepSight] = {}
    for folder in folders:
        path = folder.resolve()
        name = path.parent.name if path.name == "checkpoint" else path.name
        if name in out:
            raise InvalidValueError(
                f"models: got two named '{name}', expected different names; rename one's folder"
            )
        out[name] = DeepSight.from_pretrained(folder, device=device)
    return out


def digest(lines: Iterable[str]) -> str:
    """Of what was asked, in order, with its truth: equal for runs that can be compared."""
    made = hashlib.sha256()
    for line in lines:
        made.update(line.encode("utf-8") + b"\n")
    return made.hexdigest()[:12]
