"""Where the real frames lie; tests that need them skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("DEEPSIGHT_DATA", default))
    if not path.is_dir():
        pytest.skip(f"real frames are not at {path} (set DEEPSIGHT_DATA)")
    return path
