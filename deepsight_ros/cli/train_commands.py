"""All of ``deepsight train``: the language model's stages and the segmenter, gathered here."""

from __future__ import annotations

from deepsight_ros.cli.train import app
from deepsight_ros.cli.train_segment import segment
from deepsight_ros.cli.train_segment_judge import segment_judge

__all__ = ["app"]

app.command()(segment)
app.command("segment-judge")(segment_judge)
