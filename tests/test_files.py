"""Files are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepsight_ros.files import write_json, write_text


def test_a_file_is_written_whole_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    write_json(path, {"b": 1, "a": "größer"})
    assert path.read_text(encoding="utf-8") == '{\n "b": 1,\n "a": "größer"\n}\n'
    write_json(path, {"b": 1, "a": 2}, sort_keys=True)
    assert list(json.loads(path.read_text(encoding="utf-8"))) == ["a", "b"]
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_what_cannot_be_written_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "before\n")
    with pytest.raises(TypeError):
        write_json(path, {"x": object()})
    assert path.read_text(encoding="utf-8") == "before\n"
