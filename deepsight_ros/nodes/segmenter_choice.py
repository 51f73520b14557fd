"""Parameters in, the segmenter of this machine out, with the line that diagnostics say of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from deepsight_ros.model.segmenter import Choice, choose
from deepsight_ros.nodes.diagnostics import OK, Report
from deepsight_ros.nodes.resources import share_directory
from deepsight_ros.nodes.settings import VisionSettings

SHIPPED = "deepsight-segmenter"


def segmenter_folder(model: str) -> Path | None:
    """Folder that the parameter ``segmenter_model`` means; None where nothing ships."""
    if model not in ("", "auto"):
        return Path(model).expanduser()
    folder = share_directory() / "models" / SHIPPED
    return folder if (folder / "config.json").is_file() else None


def chosen(settings: VisionSettings) -> Choice:
    """The segmenter of the parameters; measured once per process.

    Raises:
        SourceError: ``learned`` was asked for and cannot be loaded.
    """
    return _measured(
        settings.segmenter,
        segmenter_folder(settings.segmenter_model),
        settings.segmenter_budget_s,
        settings.segmenter_device,
        settings.segmenter_threads,
    )


@lru_cache(maxsize=4)
def _measured(
    kind: str, folder: Path | None, budget_s: float, device: str, threads: int
) -> Choice:
    return choose(kind, folder, budget_s=budget_s, device=device, threads=threads)


def segmenter_report(choice: Choice) -> Report:
    """Which segmenter runs and why."""
    values: dict[str, object] = {"segmenter": choice.kind, "reason": choice.reason}
    if choice.frame_s is not None:
        values["frame_with_learned_s"] = choice.frame_s
    return Report("segmenter", OK, f"{choice.kind}: {choice.reason}", values)
