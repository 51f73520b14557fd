"""How fast the data engine is: stages timed one by one in; rows of figures beside targets out.

Rates count processor time of this process, so that other work on the machine disturbs them less;
the rate by the clock stands beside them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from deepsight_ros.synthesis.raster import rasterise
from deepsight_ros.synthesis.scenery import Scenery, scenery
from deepsight_ros.synthesis.things import World
from deepsight_ros.synthesis.world_source import WorldSource

WORLD_TARGET = 25.0
"""Images/s on one core at 320x240, building the world, noise and truth included."""
SETTLED_WORLDS = 900
"""Worlds after which most instances of shape families (48 of each) have been made once."""
GPU_TARGET = 2000.0
"""Images/s on a GPU."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured.
        value: how much.
        unit: of what ("images/s").
        target: at least this much is wanted, None: no target.
        detail: anything else, as numbers by name.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    detail: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """``met``, ``missed`` or nothing."""
        return "" if self.target is None else "met" if self.value >= self.target else "missed"


Progress = Callable[[int], None]


def world_rows(
    images: int,
    *,
    width_px: int = 320,
    height_px: int = 240,
    split: str = "train",
    seed: int = 0,
    settled: int = SETTLED_WORLDS,
    progress: Progress = lambda done: None,
) -> list[Row]:
    """Whole samples of every default kind, then the stages of one after the other.

    Instances of shape families are numbered and remembered, so that the first pictures of a
    process cost more: a second row is measured on other pictures after ``settled`` more worlds.
    """
    source = WorldSource(
        3 * images, split=split, seed=seed, width_px=width_px, height_px=height_px
    )
    for index in range(min(2 * len(source.kinds), images)):  # fields and tables are made once
        _ = source[2 * images + index]
    name = f"world images with truth and noise, {width_px}x{height_px}"
    target = WORLD_TARGET if (width_px, height_px) == (320, 240) else None
    rows = [_timed(f"{name}, the first of a process", source, range(images), target, progress)]
    if settled:
        more = WorldSource(settled, split=split, seed=seed + 1)
        for index in range(settled):
            _ = more.world(index)
        later = range(images, 2 * images)
        rows.append(_timed(f"{name}, after {settled} worlds", source, later, target, progress))
    rows.append(_undisturbed(source, min(images, 4 * len(source.kinds))))
    return rows + _stages(source, min(images, 10 * len(source.kinds)))


def _timed(
    name: str, source: WorldSource, indices: range, target: float | None, progress: Progress
) -> Row:
    cpu, clock = time.process_time(), time.perf_counter()
    for done, index in enumerate(indices, start=1):
        _ = source[index]
        progress(done)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    images = len(indices)
    return Row(name, images / cpu, "images/s", target, {"by_clock": images / clock})


def _undisturbed(source: WorldSource, images: int, repeats: int = 5) -> Row:
    """What the same code does where nothing else wants the core: each image made again and again,
    its least time kept."""
    least = np.full(images, np.inf)
    for _ in range(repeats):
        for index in range(images):
            start = time.process_time()
            _ = source[index]
            least[index] = min(least[index], time.process_time() - start)
    name = f"the same, each of {images} images made {repeats} times, the least time kept"
    return Row(name, float(images / least.sum()), "images/s")


def _stages(source: WorldSource, images: int) -> list[Row]:
    spent: dict[str, list[float]] = {"build": [], "draw": [], "truth": []}
    by_kind: dict[str, list[float]] = {}
    for index in range(images):
        marks = [time.process_time()]
        world = source.world(index)
        marks.append(time.process_time())
        rasterise(scenery(world), world.camera, world.world_from_camera)
        marks.append(time.process_time())
        world.truth()
        marks.append(time.process_time())
        for stage, cost in zip(spent, np.diff(marks), strict=True):
            spent[stage].append(float(cost))
        by_kind.setdefault(world.kind, []).append(marks[2] - marks[0])
    rows = [Row(f"world: {k}", 1e3 * float(np.mean(v)), "ms") for k, v in spent.items()]
    kinds = {k: round(1e3 * float(np.mean(v)), 1) for k, v in by_kind.items()}
    return [
        *rows,
        Row("world: build and draw by kind", max(kinds.values()), "ms, worst", None, kinds),
    ]


def device_rows(
    device: str,
    *,
    worlds: int = 64,
    rounds: int = 20,
    width_px: int = 320,
    height_px: int = 240,
    split: str = "train",
    seed: int = 0,
) -> list[Row]:
    """Rendering and noise on a torch device, each world seen from new places every round.

    Building worlds is the processor's work and not in these figures; a bank of worlds is built
    once and looked at again and again.
    """
    import torch

    from deepsight_ros.synthesis.render_torch import batch_of, render_batch, views_of
    from deepsight_ros.synthesis.sensor_torch import SensorBatch, measure_batch

    source = WorldSource(worlds, split=split, seed=seed, width_px=width_px, height_px=height_px)
    made = [source.world(index) for index in range(worlds)]
    drawn = [scenery(w) for w in made]
    generator = torch.Generator(device=device).manual_seed(seed)
    poses = [w.world_from_camera for w in made]
    scenes = batch_of(drawn, device, poses=poses, multiple=64)
    views = views_of([w.camera for w in made], poses, device)

    def one() -> None:
        sensors = SensorBatch.draw(worlds, generator, spread=1.0)
        pictures = render_batch(scenes, views)
        measure_batch(pictures.depth, views.intrinsics[:, 0], sensors, generator)

    def settled() -> float:
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        return time.perf_counter()

    one()  # compiles
    start = settled()
    for _ in range(rounds):
        one()
    seconds = settled() - start
    worst = max(_difference_m(made, drawn, scenes, views, count=8))
    return [
        Row(
            f"rendering with colour and noise on {device}, {width_px}x{height_px}",
            worlds * rounds / seconds,
            "images/s",
            GPU_TARGET if device.startswith("cuda") else None,
            {"worst_depth_difference_mm": 1e3 * worst},
        )
    ]


def _difference_m(
    worlds: list[World], drawn: list[Scenery], scenes: Any, views: Any, count: int
) -> Iterable[float]:
    """Largest difference of depth to the numpy renderer where both see the same thing."""
    from deepsight_ros.synthesis.render_torch import render_batch

    pictures = render_batch(scenes, views)
    for k in range(min(count, len(worlds))):
        own = rasterise(drawn[k], worlds[k].camera, worlds[k].world_from_camera, colour=False)
        same = pictures.instance[k].cpu().numpy() == own.instance_id
        apart = np.abs(pictures.depth[k].cpu().numpy() - own.depth_m)
        yield float(np.nanmax(np.where(same, apart, 0.0)))


def as_report(rows: Iterable[Row]) -> dict[str, Any]:
    """JSON values of the rows."""
    content = [{**asdict(row), "verdict": row.verdict} for row in rows]
    return {"benchmark": "synthesis", "rows": content}


def as_table(rows: Iterable[Row]) -> str:
    """One line a row: name, value, unit, target, verdict, detail."""
    lines = []
    for row in rows:
        target = "" if row.target is None else f" (wanted {row.target:g}, {row.verdict})"
        detail = ", ".join(f"{k} {v:.3g}" for k, v in row.detail.items())
        lines.append(
            f"{row.name}: {row.value:.1f} {row.unit}{target}{'; ' if detail else ''}{detail}"
        )
    return "\n".join(lines)
