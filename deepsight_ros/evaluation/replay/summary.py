"""answers.jsonl and rewards.jsonl in, summary.json out: scores, statuses, rewards, in numbers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from deepsight_ros.evaluation.replay.looking import Looker
from deepsight_ros.evaluation.replay.run import State
from deepsight_ros.evaluation.statistics import BANDS, share

BLOCK_S = 5.0
"""Answers of one stretch of this length are not independent: they are resampled together."""

Json = dict[str, Any]


def lines_of(path: Path) -> Iterator[Json]:
    """Lines of a JSON-lines file; none where it does not exist."""
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


def summarise(out: Path, state: State, looker: Looker, task: str = "") -> Json:
    """The content of summary.json; the same for the same recording and settings."""
    kinds: dict[str, _Kind] = defaultdict(_Kind)
    questions: dict[str, _Kind] = {}
    last_s = 0.0
    for line in lines_of(out / "answers.jsonl"):
        kinds[line["type"] or "not understood"].add(line)
        questions.setdefault(line["question"], _Kind()).add(line)
        last_s = max(last_s, line["t_s"])
    report = looker.source.report
    summary: Json = {
        "recording": Path(looker.source.name).name,
        "settings": state.settings,
        "complete": state.complete,
        "frames": state.frames,
        "source": {
            "notes": report.notes,
            "skipped": report.skipped_count,
            "first_skipped": [f"{s.where}: {s.reason}" for s in report.skipped[:5]],
            "unpaired_depth": report.unpaired_depth,
            "unpaired_colour": report.unpaired_colour,
            "frames_without_transform": dict(sorted(looker.missing.items())),
        },
        "recorded": _agreement(out),
        "types": {name: kinds[name].as_json() for name in sorted(kinds)},
        "questions": {name: kind.as_json() for name, kind in questions.items()},
    }
    everything = _Kind()
    for line in lines_of(out / "answers.jsonl"):
        everything.add(line)
    summary["all"] = everything.as_json()
    rewards = _rewards(out)
    if rewards is not None:
        summary["rewards"] = {"task": task, **rewards}
    return summary


def _agreement(out: Path) -> Json | None:
    """How many recorded answers were asked again, and how many agree; None where none was."""
    lines = [line for line in lines_of(out / "answers.jsonl") if "agrees" in line]
    if not lines:
        return None
    agree = [line["agrees"] for line in lines]
    blocks = [int(line["t_s"] / BLOCK_S) for line in lines]
    return {"asked_again": len(lines), "agree": share(agree, blocks).as_json()}


class _Kind:
    """Answers of one kind, counted."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.hits: list[bool] = []
        self.blocks: list[int] = []
        self.ratios: list[float] = []
        self.ratio_blocks: list[int] = []
        self.covered: list[bool] = []
        self.covered_blocks: list[int] = []

    def add(self, line: Json) -> None:
        self.statuses[line["status"]] += 1
        if "right" not in line:
            return
        block = int(line["t_s"] / BLOCK_S)
        self.hits.append(line["right"])
        self.blocks.append(block)
        if line["ratio"] is not None:
            self.ratios.append(line["ratio"])
            self.ratio_blocks.append(block)
        if line["covered"] is not None:
            self.covered.append(line["covered"])
            self.covered_blocks.append(block)

    def as_json(self) -> Json:
        out: Json = {
            "asked": sum(self.statuses.values()),
            "statuses": dict(sorted(self.statuses.items())),
        }
        if self.hits:
            out["right"] = share(self.hits, self.blocks).as_json()
        if self.ratios:
            values = np.array(self.ratios)
            out["bands"] = {
                name: share(list((values >= low) & (values <= high)), self.ratio_blocks).as_json()
                for name, (low, high) in BANDS.items()
            }
        if self.covered:
            out["interval_covers"] = share(self.covered, self.covered_blocks).as_json()
        return out


def _rewards(out: Path) -> Json | None:
    """Figures of every episode; None without rewards."""
    episodes: dict[str, Json] = {}
    for line in lines_of(out / "rewards.jsonl"):
        about = episodes.setdefault(
            line["episode_id"],
            {"frames": 0, "measured": 0, "held": 0, "not_valid": 0, "success_at_s": None},
        )
        about["frames"] += 1
        kind = "not_valid" if not line["valid"] else "held" if line["held"] else "measured"
        about[kind] += 1
        if line["success"] and about["success_at_s"] is None:
            about["success_at_s"] = line["t_s"]
        if line["valid"]:
            about.setdefault("first_distance_m", line["distance_m"])
            about["last_distance_m"] = line["distance_m"]
            about["last_progress"] = line["progress"]
    return {"episodes": episodes} if episodes else None
