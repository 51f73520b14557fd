"""Where the package's own files are: in a checkout, a colcon install or a virtual environment."""

from __future__ import annotations

import sys
from pathlib import Path

from deepsight_ros.errors import SourceError


def share_directory() -> Path:
    """Folder that holds ``config/`` and ``launch/``.

    A linked install leads back to the checkout, so that there is one copy of every file.
    """
    tried = [Path(__file__).resolve().parents[2], *_ament_shares()]
    tried.append(Path(sys.prefix) / "share" / "deepsight_ros")
    for folder in tried:
        if (folder / "config" / "deepsight.yaml").is_file():
            return folder
    raise SourceError(
        f"config/deepsight.yaml: looked in {', '.join(map(str, tried))}; run the package from its "
        "checkout (make setup) or build it with colcon and source install/setup.bash"
    )


def config_file(name: str) -> Path:
    """Path of a file under ``config/``, e.g. ``cameras/realsense.yaml``."""
    path = share_directory() / "config" / name
    if not path.is_file():
        there = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        raise SourceError(f"{path}: no such file; {path.parent} holds {', '.join(there)}")
    return path


def _ament_shares() -> list[Path]:
    """Share folder of a sourced workspace, if any."""
    try:
        from ament_index_python.packages import get_package_share_directory
    except ImportError:
        return []
    try:
        return [Path(get_package_share_directory("deepsight_ros"))]
    except (LookupError, OSError):  # not in a sourced workspace, or none is sourced
        return []
