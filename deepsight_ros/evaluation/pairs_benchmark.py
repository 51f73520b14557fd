"""How fast pairs are made from scenes, and scenes from frames: samples in, rows of figures out.

Rates count processor time. Samples are made before the clock starts; measuring, what the view
determines, names and words are all inside it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from deepsight_ros.evaluation.synthesis_benchmark import Row
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.inputs import GivenUp
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.synthesis.pairs import PairConfig, make_pairs
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.world_source import WorldSource

PAIRS_TARGET = 20_000.0
"""Pairs/s from scenes on one core, each (type, objects) once, measuring included."""
FRAMES_TARGET = 20.0
"""RGB-D frames/s at 640x480 to a scene, on one core."""


def pair_rows(images: int, *, seed: int = 0) -> list[Row]:
    """Every pair there is of each scene, and the usual draw of 200 per picture."""
    source = WorldSource(images, seed=seed)
    samples = [source[i] for i in range(images)]
    every = PairConfig(per_image=0, balanced=False)
    make_pairs(samples[0], every, seed)  # phrasings are expanded once
    made, cpu, twice = _timed(samples, every, seed)
    rows = [
        Row(
            "pairs from scenes, every (type, objects) once",
            made / cpu,
            "pairs/s",
            PAIRS_TARGET,
            {"pairs": made, "per_image": made / images, "asked_twice": twice},
        )
    ]
    usual = PairConfig()
    made, cpu, _ = _timed(samples, usual, seed)
    detail = {"pairs": made, "ms_per_image": 1e3 * cpu / images}
    return [*rows, Row("pairs from scenes, 200 per picture", made / cpu, "pairs/s", None, detail)]


def _timed(samples: Sequence[Sample], config: PairConfig, seed: int) -> tuple[int, float, int]:
    """(pairs, processor seconds, (type, objects) that occur more than once in a scene)."""
    cpu, made, twice = 0.0, 0, 0
    for sample in samples:
        started = time.process_time()
        pairs = make_pairs(sample, config, seed)
        cpu += time.process_time() - started
        made += len(pairs)
        asked = Counter((p.type, p.object_ids) for p in pairs)
        twice += sum(times > 1 for times in asked.values())
    return made, cpu, twice


def frame_rows(frames: int, *, seed: int = 0) -> list[Row]:
    """640x480 frames with sensor noise, each perceived on its own as in a data set."""
    source = WorldSource(frames, seed=seed, width_px=640, height_px=480)
    perceiver = Perceiver(PerceptionConfig())
    cpu, found = 0.0, 0
    for index in range(frames):
        sample = source[index]
        pose = sample.scene.working_from_camera
        up = GivenUp(pose.rotation[2], UpSource.TF)
        if index == 0:
            perceiver.perceive(sample.frame, up_in_camera=up)
        perceiver = Perceiver(PerceptionConfig())  # nothing is known from the frame before
        started = time.process_time()
        scene = perceiver.perceive(sample.frame, up_in_camera=up)
        cpu += time.process_time() - started
        found += len(scene.objects)
    detail = {"ms": 1e3 * cpu / frames, "objects": found / frames}
    return [Row("RGB-D frame to scene, 640x480", frames / cpu, "frames/s", FRAMES_TARGET, detail)]
