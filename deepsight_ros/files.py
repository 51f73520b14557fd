"""Small files written whole or not at all: a path and text or JSON values in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write a file atomically and durably; its folder is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with scratch.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.replace(path)


def write_json(path: Path, content: Any, *, sort_keys: bool = False) -> None:
    """As ``write_text``, one key per line, keys in the order given unless sorted."""
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=sort_keys)
    write_text(path, text + "\n")
