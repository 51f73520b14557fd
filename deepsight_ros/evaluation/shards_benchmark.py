"""How fast shards are written and read, whether memory grows, what a second Ray worker gives.

A number of images in; ``synthesis_benchmark.Row`` out. Stages count processor time of this
process; ``ray_rows`` compares clocks and wants a quiet machine.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation.synthesis_benchmark import Row
from deepsight_ros.synthesis.samples import Sample, SampleSource
from deepsight_ros.synthesis.shards.annotations import Annotations
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
from deepsight_ros.synthesis.vqa import VqaAnnotator
from deepsight_ros.synthesis.world_source import WorldSource

RAY_TARGET = 1.6
"""Two cores over one."""


def shard_rows(images: int, colour_codec: str = "png") -> list[Row]:
    """Writing and reading at 320x240 with 200 pairs an image, beside what making them costs."""
    source, annotate = WorldSource(images), VqaAnnotator()
    annotate(source[0], 0)  # tables and caches
    started = time.process_time()
    samples = [source[i] for i in range(images)]
    render_s, started = time.process_time() - started, time.process_time()
    said = [annotate(s, i) for i, s in enumerate(samples)]
    pairs_s = time.process_time() - started
    cut = ShardFormat(64, colour_codec=colour_codec)
    with tempfile.TemporaryDirectory() as folder:  # packages are loaded once
        build(ShardJob(_Ready(samples[:1]), _Said(said[:1]), folder, 0, 1, cut), {})
        _read_rate(folder, None)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        manifest = build(ShardJob(_Ready(samples), _Said(said), folder, 0, images, cut), {})
        write_s = time.process_time() - started
        training = _read_rate(folder, ("depth", "pairs"))
        everything = _read_rate(folder, None)
        started = time.process_time()
        ShardSet(folder).verify()
        verify_s = time.process_time() - started
    made_s = render_s + pairs_s
    size = {
        "kB_an_image": manifest.bytes / images / 1e3,
        "pairs_an_image": manifest.pairs / images,
    }
    return [
        Row(f"shards written, colour as {colour_codec}", images / write_s, "images/s", None, size),
        Row(
            "shards: writing, of all work on an image",
            100 * write_s / (write_s + made_s),
            "%",
            None,
            {"render_ms": 1e3 * render_s / images, "pairs_ms": 1e3 * pairs_s / images},
        ),
        Row("shards read for training (depth and pairs)", training, "images/s"),
        Row("shards read, every column decoded", everything, "images/s"),
        Row("shards verified", manifest.bytes / verify_s / 1e6, "MB/s"),
    ]


def memory_rows(images: int) -> list[Row]:
    """Growth of a whole run's peak memory from ``images`` to four times as many.

    The longer run makes the same pictures four times over, so that a crowded one, which takes more
    while it is in hand, is in both.
    """
    peaks = []
    for count in (images, 4 * images):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", _PEAK, folder, str(count), str(images)],
                capture_output=True,
                text=True,
                check=True,
            )
            peaks.append(int(done.stdout.split()[-1]) / 1024)
    growth = 100 * (peaks[1] / peaks[0] - 1)
    detail = {f"MiB_at_{images}": peaks[0], f"MiB_at_{4 * images}": peaks[1]}
    return [Row("memory: growth of the peak for four times the images", growth, "%", None, detail)]


_PEAK = """
import resource, sys
from deepsight_ros.evaluation.shards_benchmark import Repeated
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
from deepsight_ros.synthesis.vqa import VqaAnnotator
from deepsight_ros.synthesis.world_source import WorldSource
folder, count, different = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
source = Repeated(WorldSource(different), count)
build(ShardJob(source, VqaAnnotator(), folder, 0, count, ShardFormat(8, 8)), {})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@dataclass(frozen=True)
class Repeated:
    """The samples of another source over and over, ``count`` in all."""

    source: SampleSource
    count: int
    name: str = "repeated"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        return self.source[index % len(self.source)]


LEAST_RAY_IMAGES = 48
"""Twelve shards: the rate counts from the first finished ones on."""


def ray_rows(images: int) -> list[Row]:
    """Images per second of two Ray workers over one process without Ray, both when running.

    Raises:
        InvalidValueError: so few images that starting and ending are all there is.
    """
    if images < LEAST_RAY_IMAGES:
        raise InvalidValueError(
            f"benchmark of Ray: got {images} images, expected at least {LEAST_RAY_IMAGES}"
        )
    one, two = (_running_rate(images, workers) for workers in (1, 2))
    detail = {"one_by_clock": one, "two_by_clock": two}
    return [Row("two Ray workers over one process", two / one, "times", RAY_TARGET, detail)]


def _running_rate(images: int, workers: int) -> float:
    """Images per second by the clock, from the first finished shards on: starting processes and
    importing packages does not grow with the run."""
    marks: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        job = ShardJob(WorldSource(images), VqaAnnotator(), folder, 0, images, ShardFormat(4))
        build(
            job,
            {},
            workers=workers,
            progress=lambda done: marks.append((time.perf_counter(), done)),
        )
    first = 4 if workers == 1 else workers  # one shard each
    done = sum(n for _, n in marks[first:])
    return done / (marks[-1][0] - marks[first - 1][0])


def _read_rate(folder: str, columns: Sequence[str] | None) -> float:
    shards = ShardSet(folder, columns)
    started = time.process_time()
    for row in shards.stream(0):
        decoded: list[object] = [row.depth_m(), row.pairs]
        if columns is None:
            decoded += [row.colour(), row.instance_id(), row.boxes_px, row.scene(), row.truth()]
    return len(shards) / (time.process_time() - started)


@dataclass(frozen=True)
class _Ready:
    """Samples in memory as a source."""

    samples: list[Sample]
    name: str = "memory"

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


class _Said:
    """Annotations in memory, in order."""

    def __init__(self, said: list[Annotations]) -> None:
        self._said: Iterator[Annotations] = iter(said)

    def __call__(self, sample: Sample, seed: int) -> Annotations:
        return next(self._said)
