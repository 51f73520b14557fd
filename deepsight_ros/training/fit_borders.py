"""Fit the border judges of perception/merging.py on simulated tabletops.

    python -m deepsight_ros.training.fit_borders --worlds 300

In: train-split worlds of the simulator, a third of whose things are swapped for random
assemblies (hollow, L-shaped, stepped, knobbed things of one colour), so that an inward bend is no
proof of two things; textures painted on, so that a colour edge is none either. Out:
perception/border_judge.json. Seeds 0 .. worlds - 1 are fitted, the next fifth are held out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from deepsight_ros.perception.borders import chroma, measure_borders
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.fragments import fragments
from deepsight_ros.perception.merging import JUDGE_FILE, features
from deepsight_ros.perception.segmentation import dense, foreground_of
from deepsight_ros.perception.structure import look_around
from deepsight_ros.perception.view import make_view, step_for
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.shapes import Part, Parts, box, cylinder
from deepsight_ros.synthesis.things import Thing, World
from deepsight_ros.synthesis.world import tabletop

Array = NDArray[np.float64]
Rng = np.random.Generator

FAMILIES = ("structured_light", "stereo", "time_of_flight")
HIDDEN = 12
PURE = 0.7
"""A fragment teaches only when this share of it shows one thing."""


@dataclass(frozen=True, eq=False)
class Borders:
    """Training rows: features (N, F), whether they part two things (N,), weights (N,)."""

    feature: Array
    parts: NDArray[np.bool_]
    weight: Array

    @classmethod
    def joined(cls, rows: list[Borders]) -> Borders:
        return cls(
            np.concatenate([r.feature for r in rows]),
            np.concatenate([r.parts for r in rows]),
            np.concatenate([r.weight for r in rows]),
        )


def assembly(rng: Rng) -> Parts:
    """A thing of several parts that meet at inward bends: hollow, angled, stepped or knobbed."""
    kind = rng.choice(["tray", "ring", "angle", "steps", "knob", "handle"])
    x, y, z = rng.uniform(0.06, 0.24), rng.uniform(0.06, 0.2), rng.uniform(0.03, 0.14)
    wall = rng.uniform(0.006, 0.02)
    if kind == "tray":
        return (
            box(x, y, wall),
            *(box(wall, y, z, (s * (x - wall) / 2, 0, 0)) for s in (-1, 1)),
            *(box(x, wall, z, (0, s * (y - wall) / 2, 0)) for s in (-1, 1)),
        )
    if kind == "ring":
        count = int(rng.integers(5, 11))
        radius = x / 2
        side = 2 * radius * np.tan(np.pi / count)
        return (
            cylinder(2 * radius, rng.uniform(0.005, 0.4 * z)),
            *(
                box(wall, side, z, (radius * np.cos(a), radius * np.sin(a), 0), float(a))
                for a in 2 * np.pi * np.arange(count) / count
            ),
        )
    if kind == "angle":
        thick = rng.uniform(0.02, 0.06)
        arms = [box(x, thick, z)]
        for end in rng.choice([-1, 0, 1], size=int(rng.integers(1, 3)), replace=False):
            length = rng.uniform(0.04, 0.12)
            arms.append(
                box(
                    thick,
                    length,
                    z * rng.uniform(0.5, 1.2),
                    (end * (x - thick) / 2, length / 2, 0),
                )
            )
        return tuple(arms)
    if kind == "steps":
        parts: list[Part] = []
        level, width = 0.0, x
        for _ in range(int(rng.integers(2, 5))):
            height = rng.uniform(0.02, 0.08)
            parts.append(
                cylinder(width, height, (0, 0, level), rng.uniform(0.7, 1.0))
                if rng.random() < 0.6
                else box(width, width * 0.8, height, (0, 0, level), 0.0, rng.uniform(0.7, 1.0))
            )
            level += height
            width *= rng.uniform(0.4, 1.3)
        return tuple(parts)
    body = cylinder(0.7 * x, 1.4 * z) if rng.random() < 0.5 else box(x, y, z)
    reach = 0.35 * x if body.kind == "cylinder" else 0.5 * x
    if kind == "knob":
        top = body.size_m[2]
        size = rng.uniform(0.2, 0.6) * min(x, y)
        return body, cylinder(size, rng.uniform(0.015, 0.06), (0, 0, top), rng.uniform(0.6, 1.0))
    length = rng.uniform(0.03, 0.1)
    thick = rng.uniform(0.01, 0.025)
    return body, box(
        length, thick, thick * rng.uniform(1, 3), (reach + length / 2 - 0.005, 0, 0.4 * z)
    )


def with_assemblies(world: World, rng: Rng, share: float) -> World:
    """The world with some things that carry nothing and stand on the support swapped."""
    carrying = {t.rests_on for t in world.things}
    things: list[Thing] = []
    for thing in world.things:
        free = not thing.rests_on and thing.id not in carrying and not thing.is_gripper
        swap = free and rng.random() < share
        things.append(replace(thing, parts=assembly(rng)) if swap else thing)
    return replace(world, things=tuple(things))


def paint(
    colour: NDArray[np.uint8], ids: NDArray[np.int16], rng: Rng, share: float = 0.6
) -> NDArray[np.uint8]:
    """A rendering with labels, letters, bands, blobs or caps on its things, and camera noise."""
    out = colour.astype(np.float32)
    for thing in range(1, int(ids.max()) + 1):
        mask = (ids == thing).astype(np.uint8)
        x, y, w, h = cv2.boundingRect(mask)
        if w == 0 or rng.random() > share:
            continue
        window = (slice(y, y + h), slice(x, x + w))
        layer = _pattern(w, h, rng)
        light = out[window].mean(axis=-1)
        usual = max(float(np.median(light[mask[window] > 0])), 1.0)
        for tone in range(1, 4):
            at = (layer == tone) & (mask[window] > 0)
            tint = rng.integers(10, 250, 3).astype(np.float32)
            out[window][at] = tint * (light[at] / usual)[:, None]
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.0))
    out *= rng.uniform(0.85, 1.15, 3) * rng.uniform(0.6, 1.1)
    out *= np.linspace(-1, 1, out.shape[1])[None, :, None] * rng.uniform(-0.15, 0.15) + 1
    out += rng.normal(0, rng.uniform(1, 6), out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def _pattern(w: int, h: int, rng: Rng) -> NDArray[np.uint8]:
    """(h, w) uint8: 0 = bare, 1-3 = tones."""
    layer = np.zeros((h, w), np.uint8)
    style = rng.choice(["label", "letters", "band", "blobs", "cap"])
    if style in ("label", "letters"):
        if style == "label":
            middle = (float(rng.uniform(0.2, 0.8) * w), float(rng.uniform(0.2, 0.8) * h))
            size = (float(rng.uniform(0.3, 0.8) * w), float(rng.uniform(0.2, 0.7) * h))
            corners = cv2.boxPoints((middle, size, float(rng.uniform(-15, 15))))
            cv2.fillPoly(layer, [corners.astype(np.int32)], 1)
        for _ in range(int(rng.integers(0 if style == "label" else 1, 5))):
            word = "".join(chr(c) for c in rng.integers(65, 91, 6))
            at = (int(rng.uniform(0, 0.4) * w), int(rng.uniform(0.2, 1) * h))
            scale = max(w, 12) / rng.uniform(90, 160)
            cv2.putText(layer, word, at, 0, scale, int(rng.integers(2, 4)), 1 + int(w > 60))
    elif style == "band":
        top = int(rng.uniform(0, 0.8) * h)
        layer[top : top + max(2, int(rng.uniform(0.05, 0.3) * h))] = 1
    elif style == "blobs":
        for _ in range(int(rng.integers(2, 9))):
            at = (int(rng.uniform(0, 1) * w), int(rng.uniform(0, 1) * h))
            axes = tuple(max(1, int(rng.uniform(0.03, 0.2) * s)) for s in (w, h))
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(layer, at, axes, turn, 0, 360, int(rng.integers(1, 4)), -1)
    else:
        layer[: int(rng.uniform(0.1, 0.3) * h)] = 1
    return layer


def borders_of(seed: int, config: PerceptionConfig, coloured: bool) -> Borders:
    """Border rows of one world: of its fragments, and of fragments that were joined in part."""
    rng = np.random.default_rng([seed, 11])
    world = tabletop(seed, "hard" if seed % 4 == 3 else "standard", split="train")
    world = with_assemblies(world, rng, 0.35)
    picture = render(world)
    sensor = DepthSensor(FAMILIES[seed % 3], seed, "calibration")
    frame = sensor.frame(picture, world.camera)
    if rng.random() < 0.5:
        frame = replace(frame, colour=paint(picture.colour, picture.instance_id, rng))
    if not coloured:
        frame = replace(frame, colour=None)
    step = step_for(frame.camera.width_px, config.working_width_px)
    view = make_view(frame, step, config.max_range_m)
    finding, walls = look_around(view, config)
    foreground = foreground_of(view, finding, walls, config).foreground
    hues = None if view.colour is None else chroma(view.colour)
    labels = dense(fragments(view, foreground, hues))
    truth = np.maximum(picture.instance_id[::step, ::step], 0).astype(np.int64)
    rows: list[Borders] = []
    for _ in range(3):
        count = int(labels.max()) + 1
        shown = np.zeros((count, int(truth.max()) + 1))
        np.add.at(shown, (labels.ravel(), truth.ravel()), 1.0)
        main, purity = shown.argmax(axis=1), shown.max(axis=1) / np.maximum(shown.sum(axis=1), 1)
        found = measure_borders(labels, view, hues)
        a, b = found.pairs.T
        if not len(a):
            break
        colour = None if found.colour is None else found.colour[found.pairs]
        feature = features(
            found.sums, found.pixels[found.pairs], found.perimeter[found.pairs], colour
        )
        good = (main[a] > 0) & (main[b] > 0) & (purity[a] > PURE) & (purity[b] > PURE)
        weight = np.sqrt(np.minimum(np.minimum(found.pixels[a], found.pixels[b]), 600.0))
        rows.append(Borders(feature[good], (main[a] != main[b])[good], weight[good]))
        join = (main[a] == main[b]) & (rng.random(len(a)) < 0.5)
        graph = coo_matrix((np.ones(int(join.sum())), (a[join], b[join])), shape=(count, count))
        labels = dense(connected_components(graph, directed=False)[1][labels].astype(np.int32))
    return Borders.joined(rows)


def fit(data: Borders, seed: int = 0, ridge: float = 2e-4) -> dict[str, Array]:
    """Weights of a network with one hidden layer, by weighted logistic loss."""
    mean, scale = data.feature.mean(axis=0), data.feature.std(axis=0) + 1e-6
    x = (data.feature - mean) / scale
    y = data.parts.astype(np.float64)
    weight = data.weight / data.weight.mean() / len(y)
    inputs = x.shape[1]
    cuts = np.cumsum([inputs * HIDDEN, HIDDEN, HIDDEN])
    start = np.random.default_rng(seed).normal(0, 0.4, int(cuts[-1]) + 1)

    def loss(p: Array) -> tuple[float, Array]:
        w, b, v, c = np.split(p, cuts)
        w = w.reshape(inputs, HIDDEN)
        hidden = np.tanh(x @ w + b)
        m = np.clip(hidden @ v + c, -50, 50)
        slope = weight * (1 / (1 + np.exp(-m)) - y)
        back = np.outer(slope, v) * (1 - hidden * hidden)
        value = float((weight * (np.logaddexp(0, m) - y * m)).sum() + ridge * p @ p)
        gradient = [(x.T @ back).ravel(), back.sum(axis=0), hidden.T @ slope, [slope.sum()]]
        return value, np.concatenate(gradient) + 2 * ridge * p

    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    w, b, v, c = np.split(best, cuts)
    hidden = w.reshape(inputs, HIDDEN) / scale[:, None]
    return {"hidden": hidden, "hidden_bias": b - mean @ hidden, "out": v, "bias": c[0]}


def report(name: str, judge: dict[str, Array], data: Borders) -> str:
    """One line: how the judge does on rows it was not fitted on."""
    hidden = np.tanh(data.feature @ judge["hidden"] + judge["hidden_bias"])
    logit = hidden @ judge["out"] + judge["bias"]
    weight = data.weight / data.weight.sum()
    right = float((weight * ((logit > 0) == data.parts)).sum())
    loss = float((weight * np.logaddexp(0, np.where(data.parts, -logit, logit))).sum())
    return f"{name}: {len(logit)} borders held out, loss {loss:.4f}, right {right:.3f}"


def main(
    worlds: Annotated[int, typer.Option(min=10, help="Simulated worlds to fit on.")] = 300,
    out: Annotated[Path, typer.Option(help="Where to write the weights.")] = JUDGE_FILE,
) -> None:
    """Fit both judges and write them."""
    config = PerceptionConfig()
    judges: dict[str, dict[str, list[float] | float]] = {}
    for name, coloured in (("colour", True), ("depth", False)):
        seeds = range(worlds + worlds // 5)
        rows = [borders_of(s, config, coloured) for s in track(seeds, f"{name}: worlds")]
        judge = fit(Borders.joined(rows[:worlds]))
        typer.echo(report(name, judge, Borders.joined(rows[worlds:])))
        judges[name] = {key: np.round(value, 5).tolist() for key, value in judge.items()}
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(judges), encoding="utf-8")
    partial.replace(out)
    typer.echo(f"written: {out}")


if __name__ == "__main__":
    typer.run(main)
