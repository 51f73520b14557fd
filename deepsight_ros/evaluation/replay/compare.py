"""Two summary.json in; what got better or worse, and whether the second may pass, out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepsight_ros.errors import SourceError

Json = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One figure of both runs.

    Attributes:
        name: what it is about.
        before, after: shares, 0-1.
        is_worse: after lies below before by more than allowed.
    """

    name: str
    before: float
    after: float
    is_worse: bool

    def as_text(self) -> str:
        word = "worse" if self.is_worse else "better" if self.after > self.before else "same"
        if not self.is_worse and self.after < self.before:
            word = "slightly worse, within the tolerance"
        return f"{self.name}: {100 * self.before:.1f} % -> {100 * self.after:.1f} % ({word})"


def load_summary(path: Path) -> Json:
    """A summary.json, or the folder that holds one.

    Raises:
        SourceError: it is missing or no summary.
    """
    path = path / "summary.json" if path.is_dir() else path
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["all"]["asked"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: got no summary of a replay ({error!r}), expected the summary.json that "
            "`deepsight replay` writes"
        ) from error
    return dict(content)


def compare(before: Json, after: Json, tolerance: float = 0.0) -> list[Change]:
    """Shares of right answers, of answers at all, and of intervals that cover, where both runs
    have them; a figure that the second run lacks altogether counts as 0.

    Args:
        tolerance: how much a share may fall.
    """
    changes = []
    kinds = [("all", before["all"], after["all"])]
    kinds += [(n, k, after["types"].get(n, {})) for n, k in before["types"].items()]
    for name, old, new in kinds:
        for figure, title in (("right", "right"), ("interval_covers", "interval covers")):
            if figure in old and old[figure]["value"] is not None:
                value = (new.get(figure) or {}).get("value") or 0.0
                changes.append(_change(f"{name}, {title}", old[figure]["value"], value, tolerance))
        if old["asked"]:
            was = old["statuses"].get("OK", 0) / old["asked"]
            now = new.get("statuses", {}).get("OK", 0) / max(new.get("asked", 0), 1)
            changes.append(_change(f"{name}, answered", was, now, tolerance))
    if before["complete"] and not after["complete"]:
        changes.append(Change("complete", 1.0, 0.0, True))
    for episode, old in before.get("rewards", {}).get("episodes", {}).items():
        new = after.get("rewards", {}).get("episodes", {}).get(episode, {})
        was = old["measured"] / max(old["frames"], 1)
        now = new.get("measured", 0) / max(new.get("frames", 0), 1)
        changes.append(_change(f"episode {episode}, frames measured", was, now, tolerance))
    return changes


def _change(name: str, before: float, after: float, tolerance: float) -> Change:
    return Change(name, before, after, after < before - tolerance - 1e-9)
