"""Recorded RGB-D in, RgbdFrame out: folders of images and bags behind one iterator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepsight_ros.errors import SourceError
from deepsight_ros.sources.base import RgbdSource, Skipped, SourceReport
from deepsight_ros.sources.folder import FolderSource

__all__ = ["FolderSource", "RgbdSource", "Skipped", "SourceReport", "is_bag", "open_source"]


def is_bag(path: str | Path) -> bool:
    """Whether a path looks like a bag: by its ending, or a rosbag2 folder by its metadata."""
    path = Path(path)
    return path.suffix in (".bag", ".mcap", ".db3") or (path / "metadata.yaml").is_file()


def open_source(path: str | Path, **options: Any) -> RgbdSource:
    """A bag or a folder of images.

    Args:
        path: what to read.
        options: those of BagSource or FolderSource.

    Raises:
        SourceError: nothing there, or not readable as RGB-D.
        CalibrationError: a camera or a transform between two is missing.
    """
    if not Path(path).exists():
        raise SourceError(f"{path}: got nothing there, expected a bag or a folder of images")
    if is_bag(path):
        from deepsight_ros.sources.bag import BagSource  # its library takes 0.3 s

        return BagSource(path, **options)
    return FolderSource(path, **options)
