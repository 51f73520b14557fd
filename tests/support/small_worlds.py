"""A small source and annotator for tests of shards: ray-cast tabletops, a few measured pairs."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deepsight_ros.errors import SourceError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.scene.measure import measure
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.samples import Pair, Sample
from deepsight_ros.synthesis.shards.annotations import Annotations, Caption, Conversation, Turn
from deepsight_ros.synthesis.things import World
from deepsight_ros.synthesis.world import tabletop


@dataclass(frozen=True)
class SmallWorlds:
    """Tabletops of 96x72 pixels; ``broken`` indices raise, ``deadly`` kills its process once.

    Attributes:
        count: samples there are.
        broken: indices that raise ``SourceError``.
        deadly: index whose sample kills the process by SIGKILL while ``trap`` exists; the trap is
            removed first.
        trap: file, "" for none.
    """

    count: int = 40
    broken: tuple[int, ...] = ()
    deadly: int = -1
    trap: str = ""
    name: str = "small-worlds"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.count:
            raise IndexError(index)
        if index in self.broken:
            raise SourceError(f"image {index}: the file is cut short")
        if index == self.deadly and self.trap and Path(self.trap).exists():
            Path(self.trap).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        world = _world(index % 4)
        picture = render(world)
        depth = np.where(np.isfinite(picture.depth_m), picture.depth_m, np.nan)
        scene = world.truth()
        return Sample(
            f"small/{index:06d}",
            RgbdFrame(index, world.camera, depth.astype(np.float32), picture.colour),
            scene,
            scene,
            picture.instance_id.astype(np.int16),
            "tabletop",
            {scene.objects[0].id: f"a {scene.objects[0].label}"},
            {"source": self.name, "seed": index, "noise": np.float64(0.0)},
        )


@lru_cache(maxsize=4)
def _world(seed: int) -> World:
    return tabletop(seed, width_px=96, height_px=72)


def annotate(sample: Sample, seed: int) -> Annotations:
    """Two pairs of drawn objects, a caption, a conversation."""
    rng = np.random.default_rng(seed)
    scene = sample.scene
    a, b = (scene.objects[i] for i in rng.permutation(len(scene.objects))[:2])
    height = measure(scene, "height", [a.id]).value
    gap = measure(scene, "surface_distance", [a.id, b.id]).value
    pairs = (
        Pair(
            f"How tall is the {a.label}?",
            f"It is {height * 100:.1f} cm tall.",
            "height",
            (a.id,),
            value=height,
            unit="m",
            spoken_unit="cm",
            quantity="height",
        ),
        Pair(
            "Are <region0> and <region1> more than 10 cm apart?",
            "Yes." if gap > 0.1 else "No.",
            "surface_distance.compare",
            (a.id, b.id),
            (a.id, b.id),
            "yes" if gap > 0.1 else "no",
            gap > 0.1,
            threshold=0.1,
            quantity="surface_distance",
        ),
    )
    turns = (Turn("user", "What is nearest?"), Turn("assistant", f"The {a.label}."))
    return Annotations(
        pairs,
        (Caption(f"the {a.label} on the table", (0, 0, 96, 72), a.id, True),),
        (Conversation(turns, writer="catalogue"),),
    )
