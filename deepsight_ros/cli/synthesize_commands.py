"""All of ``deepsight synthesize``: each set's command in a file of its own, gathered here."""

from __future__ import annotations

from deepsight_ros.cli.synthesize import app
from deepsight_ros.cli.synthesize_captions import captions
from deepsight_ros.cli.synthesize_instructions import instructions
from deepsight_ros.cli.synthesize_nouns import nouns
from deepsight_ros.cli.synthesize_octaves import octaves
from deepsight_ros.cli.synthesize_segments import segments

__all__ = ["app"]

app.command()(captions)
app.command()(instructions)
app.command()(nouns)
app.command()(octaves)
app.command()(segments)
