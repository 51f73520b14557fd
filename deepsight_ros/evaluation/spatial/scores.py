"""Replies in, scores out: accuracy, bands, skill over blind, coverage; per type and per range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from deepsight_ros.evaluation.spatial.questions import (
    GENERAL,
    QUALITATIVE,
    QUANTITATIVE,
    SpatialQuestion,
)
from deepsight_ros.evaluation.spatial.subjects import Blind, Reply, claim_of, number_of
from deepsight_ros.evaluation.statistics import BANDS, best_constant, in_band, share

CAPS = {"[50,200]%": 0.40, "+-25%": 0.15}
"""Most that the best constant and blind may score on stratified numbers (docs/semantics.md)."""
RANGES_M = (0.0, 0.8, 1.5, 3.0, 5.0, float("inf"))


def subject_scores(
    replies: Sequence[Reply], questions: Sequence[SpatialQuestion], blind: Blind
) -> dict[str, Any]:
    """Everything about one subject; shares come with 95 % intervals over views."""
    numbered = _pick(replies, questions, QUANTITATIVE)
    worded = _pick(replies, questions, QUALITATIVE)
    spoken = _pick(replies, questions, GENERAL)
    return {
        QUANTITATIVE: numeric_scores(numbered, blind),
        QUALITATIVE: _accuracy(worded),
        GENERAL: _accuracy(spoken),
        "per_type": _split(replies, questions, lambda q: q.type),
        "per_range": _split(replies, questions, range_of),
    }


Asked = tuple[Reply, SpatialQuestion]


def _pick(
    replies: Sequence[Reply], questions: Sequence[SpatialQuestion], group: str
) -> list[Asked]:
    return [(r, q) for r, q in zip(replies, questions, strict=True) if q.group == group]


def numeric_scores(asked: Sequence[Asked], blind: Blind) -> dict[str, Any]:
    """Bands of all questions (no number is a miss), skill over blind, coverage of intervals.

    Skill is 1 - E|log value/truth| / E|log blind/truth|; where no number is given, the blind guess
    stands in for it, which earns nothing.
    """
    if not asked:
        return {"count": 0}
    views = [q.view for _, q in asked]
    truths = np.array([float(q.truth) for _, q in asked])
    values = np.array([number_of(r) for r, _ in asked])
    guesses = np.array([blind.number(q) for _, q in asked])
    given = np.isfinite(values) & (values > 0)
    said = np.where(given, values, -1.0)
    spent = np.abs(np.log(np.where(given, values, guesses) / truths)).mean()
    skill = 1.0 - spent / np.abs(np.log(guesses / truths)).mean()
    lower = np.array([r.lower for r, _ in asked])
    upper = np.array([r.upper for r, _ in asked])
    held = given & np.isfinite(lower) & np.isfinite(upper)
    covered = (lower <= truths) & (truths <= upper)
    widths = (upper - lower)[held] / values[held]
    return {
        "count": len(asked),
        "gives_number": share(given.tolist(), views).as_json(),
        "bands": {
            name: share(in_band(said, truths, band).tolist(), views).as_json()
            for name, band in BANDS.items()
        },
        "median_error_percent": _rounded(
            100 * np.median(np.abs(values[given] / truths[given] - 1)) if given.any() else np.nan
        ),
        "log_error_skill_over_blind": _rounded(skill),
        "coverage": share(covered[held].tolist(), np.array(views)[held].tolist()).as_json(),
        "median_width_over_value": _rounded(np.median(widths) if len(widths) else np.nan),
    }


def baselines(questions: Sequence[SpatialQuestion], blind: Blind) -> dict[str, Any]:
    """Best constant and blind guesser on the same questions; do they stay under the caps?"""
    numbers = [q for q in questions if q.group == QUANTITATIVE]
    truths = np.array([float(q.truth) for q in numbers])
    guesses = np.array([blind.number(q) for q in numbers])
    rows: dict[str, dict[str, float | None]] = {"best constant": {}, "blind": {}}
    for name, band in BANDS.items():
        rows["best constant"][name] = _rounded(
            best_constant(truths, lambda v, t, band=band: in_band(v, t, band))
        )
        hits = in_band(guesses, truths, band)
        rows["blind"][name] = _rounded(float(hits.mean()) if len(hits) else np.nan)
    words: dict[str, float | None] = {}
    for group in (QUALITATIVE, GENERAL):
        hits_of = [blind.claim(q) == q.truth for q in questions if q.group == group]
        words[group] = _rounded(float(np.mean(hits_of)) if hits_of else np.nan)
    worst = {
        band: max((row[band] or 0.0) for row in rows.values()) <= cap for band, cap in CAPS.items()
    }
    return {"bands": rows, "blind_accuracy": words, "caps": CAPS, "within_caps": worst}


def range_of(question: SpatialQuestion) -> str:
    """ "0.8-1.5 m", "" for questions about nothing in particular."""
    for low, high in pairwise(RANGES_M):
        if low <= question.range_m < high:
            return f"{low:g}-{high:g} m" if np.isfinite(high) else f"over {low:g} m"
    return ""


def is_right(reply: Reply, question: SpatialQuestion) -> bool:
    """Words: the claim is the truth. Numbers: within 25 %."""
    if question.group == QUANTITATIVE:
        value, truth = number_of(reply), float(question.truth)
        return bool(np.isfinite(value)) and abs(value / truth - 1) <= 0.25
    return claim_of(reply, question) == question.truth


def _accuracy(asked: Sequence[Asked]) -> dict[str, Any]:
    hits = [is_right(r, q) for r, q in asked]
    return share(hits, [q.view for _, q in asked]).as_json()


def _split(
    replies: Sequence[Reply],
    questions: Sequence[SpatialQuestion],
    key: Callable[[SpatialQuestion], str],
) -> dict[str, Any]:
    """Share right (numbers: within 25 %) per value of ``key``, numbers and words apart."""
    cells: dict[tuple[str, str], list[Asked]] = {}
    for reply, question in zip(replies, questions, strict=True):
        name = key(question)
        if name:
            cells.setdefault((name, question.group), []).append((reply, question))
    out: dict[str, Any] = {}
    for (name, group), asked in sorted(cells.items()):
        out.setdefault(name, {})[group] = _accuracy(asked)
    return out


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
