"""Reward lines and a few pictures in; one PNG of reward over time with its key frames, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepsight_ros.evaluation.replay.looking import Look
from deepsight_ros.evaluation.replay.pictures import picture

KEY_FRAMES = 5


@dataclass
class KeyFrames:
    """Pictures evenly spread over a run of unknown length: at most twice ``KEY_FRAMES`` are kept,
    every other one is dropped when that many are reached.

    Attributes:
        kept: (seconds, JPEG).
    """

    kept: list[tuple[float, bytes]] = field(default_factory=list)
    _every: int = 1
    _count: int = 0

    def offer(self, look: Look, object_ids: tuple[str, ...], reward: float | None) -> None:
        """Keep this frame if it is its turn."""
        if self._count % self._every == 0:
            if len(self.kept) == 2 * KEY_FRAMES:
                self.kept = self.kept[::2]
                self._every *= 2
            words = "" if reward is None else f", reward {reward:.3f}"
            caption = f"t = {look.t_s:.2f} s{words}"
            self.kept.append(
                (look.t_s, picture(look.frame, look.scene, object_ids, None, caption))
            )
        self._count += 1

    def chosen(self) -> list[tuple[float, bytes]]:
        """``KEY_FRAMES`` of them, or all where there are fewer."""
        if len(self.kept) <= KEY_FRAMES:
            return self.kept
        index = np.linspace(0, len(self.kept) - 1, KEY_FRAMES).round().astype(int)
        return [self.kept[i] for i in index]


def plot_rewards(lines: Sequence[dict[str, Any]], keys: KeyFrames, task: str, path: Path) -> None:
    """Write the PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = keys.chosen()
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, max(len(chosen), 1), height_ratios=(1.2, 1, 1))
    for column, (_, data) in enumerate(chosen):
        axes = figure.add_subplot(grid[0, column])
        axes.imshow(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1])
        axes.set_axis_off()

    def values(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([np.nan if r[name] is None else r[name] for r in lines], dtype=float)

    t_s, held = values("t_s"), np.array([r["held"] for r in lines], dtype=bool)
    upper = figure.add_subplot(grid[1, :])
    upper.plot(t_s, values("reward"), label="reward")
    upper.plot(t_s, values("progress"), label="progress")
    upper.plot(t_s[held], values("reward")[held], ".", color="tab:orange", label="held")
    done = np.array([r["success"] for r in lines], dtype=bool)
    upper.fill_between(t_s, *upper.get_ylim(), where=done, alpha=0.12, label="success")
    upper.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    upper.set_title(task)
    lower = figure.add_subplot(grid[2, :], sharex=upper)
    lower.fill_between(t_s, values("lower_m"), values("upper_m"), alpha=0.25, label="95 %")
    lower.plot(t_s, values("distance_m"), label="distance")
    lower.set_xlabel("time in the recording, s")
    lower.set_ylabel("m")
    lower.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for t, _ in chosen:
        upper.axvline(t, color="grey", linewidth=0.6)
        lower.axvline(t, color="grey", linewidth=0.6)
    figure.savefig(path, dpi=100)
