"""Records of the geometry benchmark in; a report (plain dictionaries, ready for JSON) out.

Every share carries its bootstrap interval over scenes and its count. A target is met when the
interval's lower end clears it (for coverage: when the interval meets the wanted band).
"""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import deepsight_ros.synthesis
from deepsight_ros.evaluation.geometry_benchmark import BenchmarkRun
from deepsight_ros.evaluation.records import Asked, PredicateRecord, QuantityRecord, within
from deepsight_ros.evaluation.statistics import (
    BANDS,
    Share,
    best_constant,
    blind_choices,
    blind_guesses,
    hardened,
    in_band,
    share,
)

R = TypeVar("R", bound=Asked)
Json = dict[str, Any]

RANGES_M = (0.0, 0.8, 1.4, 2.2, 3.5, 8.0)
MODES = ("box", "mask", "words")
COVERAGE_BAND = (0.92, 0.98)
LEAST_RATIO_M = 0.02
"""Bands of value / truth are taken for truths from 2 cm up."""
BLIND_LIMITS = {"[50,200]%": 0.40, "+-25%": 0.15}
"""Stratified questions: neither a constant nor a text-only guesser may score more in a band."""
WORDS_FACTOR = 0.9
"""By words at least 90 % of what is wanted by region."""


def geometry_report(run: BenchmarkRun, *, seed: int, seconds: float) -> Json:
    """The whole report.

    Args:
        run: records.
        seed: of the run, to repeat it.
        seconds: it took.
    """
    modes = [m for m in MODES if any(r.mode == m for r in run.quantities)]
    return {
        "benchmark": "geometry",
        "scenes": run.scenes,
        "seed": seed,
        "seconds": round(seconds, 1),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "generator_sha256": generator_hash(),
        "perceive_ms": _spread([1e3 * s for s in run.perceive_s]),
        "targets": targets(run, modes),
        "quantities": {m: _by_type(run.quantities, m, quantity_scores) for m in modes},
        "predicates": {m: _by_type(run.predicates, m, predicate_scores) for m in modes},
        "ranges": {m: _by_range(run, m) for m in modes},
        "splits": _splits(run),
        "segmentation": segmentation_scores(run),
        "misses": misses(run),
    }


def generator_hash() -> str:
    """SHA-256 over the sources that make worlds, noise, questions and truth."""
    synthesis = Path(deepsight_ros.synthesis.__file__).parent
    here = Path(__file__).parent
    names = ("geometry_questions", "simulated_scenes")
    digest = hashlib.sha256()
    for path in [*sorted(synthesis.glob("*.py")), *(here / f"{n}.py" for n in names)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _spread(values: Sequence[float]) -> Json:
    if not values:
        return {}
    median, high = np.percentile(values, [50, 95])
    return {"median": round(float(median), 2), "p95": round(float(high), 2)}


def _share(records: Sequence[R], hit: Callable[[R], bool]) -> Share:
    return share([hit(r) for r in records], [r.scene for r in records])


def _by_type(
    records: Sequence[R], mode: str, score: Callable[[Sequence[R]], Json]
) -> dict[str, Json]:
    mine = [r for r in records if r.mode == mode]
    return {t: score([r for r in mine if r.type == t]) for t in sorted({r.type for r in mine})}


def quantity_scores(records: Sequence[QuantityRecord]) -> Json:
    """Scores of numeric questions: accuracy and bands of determined ones, honesty of the rest.

    Accuracy counts answered questions; the share answered stands beside it.
    """
    known = [r for r in records if r.determined]
    answered = [r for r in known if r.answered]
    unknown = [r for r in records if not r.determined]
    lengths = [r for r in answered if r.type != "direction"]
    widths = [r.upper - r.lower for r in answered if math.isfinite(r.upper - r.lower)]
    errors = np.array([abs(r.value - r.truth) for r in lengths])
    ratios = [r for r in answered if has_ratio(r)]
    values = np.array([r.value for r in ratios])
    truths = np.array([r.truth for r in ratios])
    scenes = [r.scene for r in ratios]
    return {
        "asked": len(records),
        "determined": len(known),
        "answered": _share(known, lambda r: r.answered).as_json(),
        "within_10%_or_1cm": _share(answered, lambda r: r.within).as_json(),
        "bands": {
            name: share(list(in_band(values, truths, band)), scenes).as_json()
            for name, band in BANDS.items()
        },
        "median_error": round(float(np.median(errors)), 5) if len(errors) else None,
        "p95_error": round(float(np.percentile(errors, 95)), 5) if len(errors) else None,
        "coverage": _share(answered, lambda r: r.covered).as_json(),
        "median_interval_width": round(float(np.median(widths)), 5) if widths else None,
        "undetermined": len(unknown),
        "undetermined_answered": _share(unknown, lambda r: r.answered).as_json(),
        "undetermined_right": _share(
            [r for r in unknown if r.answered], lambda r: r.covered
        ).as_json(),
        "baselines": _numeric_baselines(known),
    }


def has_ratio(record: QuantityRecord) -> bool:
    """Whether value / truth says anything: no bearing, no gap of nearly nothing.

    Touching things are 0 m apart, and no answer but 0 is within 200 % of that; such questions are
    judged by the centimetre alone.
    """
    if record.type == "direction":
        return False
    return record.type == "volume" or record.truth >= LEAST_RATIO_M


def _numeric_baselines(records: Sequence[QuantityRecord]) -> Json:
    """Best constant and text-only guesser, on all determined questions and on the stratified."""
    out: Json = {}
    single = len({r.type for r in records}) == 1
    if not records or records[0].type == "direction" or not single:
        return out
    kind = records[0].type
    records = [r for r in records if has_ratio(r)]
    truths = np.array([r.truth for r in records])
    limits = [(BANDS[band], most) for band, most in BLIND_LIMITS.items()]
    keep = hardened(truths, [r.key for r in records], [r.scene for r in records], limits)
    for name, chosen in (("all", np.ones(len(truths), dtype=bool)), ("stratified", keep)):
        mine = truths[chosen]
        rows = [r for r, c in zip(records, chosen, strict=True) if c]
        blind = blind_guesses(mine, [r.key for r in rows], [r.scene for r in rows])
        answered = [r for r in rows if r.answered]
        out[name] = {
            "count": len(rows),
            "constant": {
                "within_10%_or_1cm": _round(best_constant(mine, lambda v, t: within(kind, v, t))),
                **{
                    n: _round(best_constant(mine, lambda v, t, b=b: in_band(v, t, b)))  # type: ignore[misc]
                    for n, b in BANDS.items()
                },
            },
            "blind": {
                "within_10%_or_1cm": _round(float(within(kind, blind, mine).mean())),
                **{n: _round(float(in_band(blind, mine, b).mean())) for n, b in BANDS.items()},
            },
            "measured": {
                "within_10%_or_1cm": _share(answered, lambda r: r.within).as_json(),
                **{
                    n: share(
                        list(
                            in_band(
                                np.array([r.value for r in answered]),
                                np.array([r.truth for r in answered]),
                                b,
                            )
                        ),
                        [r.scene for r in answered],
                    ).as_json()
                    for n, b in BANDS.items()
                },
            },
        }
    return out


def _round(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def predicate_scores(records: Sequence[PredicateRecord]) -> Json:
    """Scores of yes/no questions; ``right`` counts answered determined ones."""
    known = [r for r in records if r.determined]
    unknown = [r for r in records if not r.determined]
    answered = [r for r in known if r.answered]
    truths = [r.truth for r in known]
    majority = max((truths.count(t) for t in set(truths)), default=0)
    blind = blind_choices(truths, [r.key for r in known], [r.scene for r in known])
    return {
        "asked": len(records),
        "determined": len(known),
        "answered": _share(known, lambda r: r.answered).as_json(),
        "right": _share(answered, lambda r: r.right).as_json(),
        "hedged": _share(known, lambda r: r.status == "OK" and r.hedged).as_json(),
        "undetermined": len(unknown),
        "undetermined_not_wrong": _share(
            unknown, lambda r: not r.answered or r.outcome in (r.truth, "same")
        ).as_json(),
        "yes": _round(truths.count("true") / len(truths)) if truths else None,
        "majority": _round(majority / len(truths)) if truths else None,
        "blind": _round(float(np.mean([b == t for b, t in zip(blind, truths, strict=True)])))
        if truths
        else None,
        "chance": 0.5,
    }


def _by_range(run: BenchmarkRun, mode: str) -> dict[str, Json]:
    out = {}
    for low, high in pairwise(RANGES_M):
        numbers = [r for r in run.quantities if r.mode == mode and low <= r.range_m < high]
        choices = [r for r in run.predicates if r.mode == mode and low <= r.range_m < high]
        out[f"{low:g}-{high:g} m"] = {
            "quantities": quantity_scores(numbers),
            "predicates": predicate_scores(choices),
        }
    return out


def _splits(run: BenchmarkRun) -> Json:
    """By world, sensor family and source of up; objects named by box."""
    out: Json = {}
    numbers = [r for r in run.quantities if r.mode == "box"]
    choices = [r for r in run.predicates if r.mode == "box"]
    for name in ("world", "sensor", "up"):
        values = sorted({getattr(r, name) for r in numbers})
        out[name] = {
            v: {
                "quantities": quantity_scores([r for r in numbers if getattr(r, name) == v]),
                "predicates": predicate_scores([r for r in choices if getattr(r, name) == v]),
            }
            for v in values
        }
    return out


def segmentation_scores(run: BenchmarkRun) -> Json:
    """Recall per kind and precision at IoU 0.5, tabletops and rooms apart."""
    out: Json = {}
    for world in sorted({r.world for r in run.segmentation}):
        mine = [r for r in run.segmentation if r.world == world]
        kinds = sorted({r.kind for r in mine} - {"found"})
        found = [r for r in mine if r.kind == "found"]
        crowded = [r for r in mine if r.kind in ("touching", "stacked")]
        out[world] = {
            "recall": {
                k: share(
                    [r.hit for r in mine if r.kind == k], [r.scene for r in mine if r.kind == k]
                ).as_json()
                for k in kinds
            },
            "recall_touching_and_stacked": share(
                [r.hit for r in crowded], [r.scene for r in crowded]
            ).as_json(),
            "precision": share([r.hit for r in found], [r.scene for r in found]).as_json(),
        }
    return out


def misses(run: BenchmarkRun, per_type: int = 5) -> list[Json]:
    """The largest misses of determined questions named by box, to look into one by one."""
    out: list[Json] = []
    wrong = [r for r in run.quantities if r.mode == "box" and r.determined and r.answered]
    for kind in sorted({r.type for r in wrong}):
        mine = [r for r in wrong if r.type == kind and not r.within]
        mine.sort(key=lambda r: -abs(math.log(max(r.value, 1e-6) / max(r.truth, 1e-6))))
        out += [
            {
                "type": kind,
                "scene": r.scene,
                "ids": list(r.ids),
                "key": r.key,
                "truth": round(r.truth, 5),
                "value": round(r.value, 5),
            }
            for r in mine[:per_type]
        ]
    for p in run.predicates:
        if p.mode == "box" and p.determined and p.answered and not p.right:
            out.append(
                {
                    "type": p.type,
                    "scene": p.scene,
                    "ids": list(p.ids),
                    "key": p.key,
                    "truth": p.truth,
                    "value": p.outcome,
                }
            )
    return out


def targets(run: BenchmarkRun, modes: Iterable[str]) -> list[Json]:
    """What the project promises on simulated scenes, with what was measured."""
    rows: list[Json] = []
    for mode in modes:
        factor = WORDS_FACTOR if mode == "words" else 1.0
        numbers = [r for r in run.quantities if r.mode == mode]
        choices = [r for r in run.predicates if r.mode == mode]
        known = [r for r in numbers if r.determined]
        answered = [r for r in known if r.answered]
        ratios = [r for r in answered if has_ratio(r)]
        outcomes = [r for r in choices if r.determined]
        unknown = [r for r in numbers if not r.determined and r.answered]
        both: list[Asked] = [*known, *outcomes]
        hits = [*(r.answered for r in known), *(r.answered for r in outcomes)]
        rows += [
            _target(
                f"{mode}: determined quantities within 10 % or 1 cm",
                0.95 * factor,
                _share(answered, lambda r: r.within),
            ),
            _target(
                f"{mode}: determined quantities within [50,200] %",
                0.995 * factor,
                _share(ratios, lambda r: 0.5 * r.truth <= r.value <= 2 * r.truth),
            ),
            _target(
                f"{mode}: determined predicates right",
                0.98 * factor,
                _share([r for r in outcomes if r.answered], lambda r: r.right),
            ),
            _target(
                f"{mode}: determined questions answered",
                0.95 * factor,
                share(hits, [r.scene for r in both]),
            ),
            _target(
                f"{mode}: undetermined quantities right (interval or bound)",
                0.90 * factor,
                _share(unknown, lambda r: r.covered),
            ),
        ]
        if mode != "words":
            rows.append(_coverage_target(mode, answered))
    tables = [r for r in run.segmentation if r.world == "tabletop"]
    for name, wanted, kinds in (
        ("segments: recall of isolated objects more than half visible", 0.95, ("isolated",)),
        ("segments: recall of touching and stacked objects", 0.75, ("touching", "stacked")),
        ("segments: precision", 0.90, ("found",)),
    ):
        mine = [r for r in tables if r.kind in kinds]
        rows.append(_target(name, wanted, share([r.hit for r in mine], [r.scene for r in mine])))
    return rows


def _target(name: str, wanted: float, measured: Share) -> Json:
    return {
        "name": name,
        "target": round(wanted, 4),
        "measured": measured.as_json(),
        "met": bool(measured.count and measured.lower >= wanted),
    }


def _coverage_target(mode: str, answered: Sequence[QuantityRecord]) -> Json:
    """Coverage per type must lie in the band: met when every type's interval reaches it."""
    low, high = COVERAGE_BAND
    outside = []
    for kind in sorted({r.type for r in answered}):
        found = _share([r for r in answered if r.type == kind], lambda r: r.covered)
        if found.upper < low or found.lower > high:
            outside.append(kind)
    return {
        "name": f"{mode}: 95 % intervals cover the truth in 92-98 % per type",
        "target": list(COVERAGE_BAND),
        "measured": _share(answered, lambda r: r.covered).as_json(),
        "types_outside": outside,
        "met": not outside and bool(answered),
    }
