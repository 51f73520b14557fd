"""Numbers in, inline SVG out: charts of the report that need no script and no other file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 190, 56, 26, 10, 10


def _frame(body: str, label: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'
    )


def _scale(low: float, high: float, start: float, end: float, value: float) -> float:
    return start + (value - low) / (high - low or 1.0) * (end - start)


def curve(
    times_s: Sequence[float],
    values: Sequence[float | None],
    label: str,
    *,
    lower: Sequence[float | None] = (),
    upper: Sequence[float | None] = (),
    held: Sequence[bool] = (),
    marks_s: Sequence[tuple[float, str]] = (),
    at_least: float | None = None,
) -> str:
    """A line over time with its band; gaps where there is no value, dots where it is held."""
    known = [v for v in (*values, *lower, *upper) if v is not None]
    if not known:
        return f"<p>{escape(label)}: no value was measured.</p>"
    low, high = min(known), max(known)
    low = low if at_least is None else min(low, at_least)
    high = high if high > low else low + 1.0
    t0, t1 = times_s[0], max(times_s[-1], times_s[0] + 1e-3)

    def x(t: float) -> float:
        return _scale(t0, t1, LEFT, WIDTH - RIGHT, t)

    def y(v: float) -> float:
        return _scale(low, high, HEIGHT - BOTTOM, TOP, v)

    parts = [_axes(t0, t1, low, high, "s", label)]
    for run in _runs([v is not None for v in lower]) if lower else []:
        forth = [f"{x(times_s[i]):.1f},{y(upper[i] or 0.0):.1f}" for i in run]
        back = [f"{x(times_s[i]):.1f},{y(lower[i] or 0.0):.1f}" for i in reversed(run)]
        parts.append(f'<polygon class="band" points="{" ".join(forth + back)}"/>')
    for run in _runs([v is not None for v in values]):
        points = " ".join(f"{x(times_s[i]):.1f},{y(values[i] or 0.0):.1f}" for i in run)
        parts.append(f'<polyline class="line" points="{points}"/>')
    for i, is_held in enumerate(held):
        value = values[i]
        if is_held and value is not None:
            at = f'cx="{x(times_s[i]):.1f}" cy="{y(value):.1f}"'
            parts.append(f'<circle class="held" {at} r="2"/>')
    for t, name in marks_s:
        parts.append(
            f'<line class="mark" x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{TOP}" '
            f'y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{x(t) + 3:.1f}" y="{TOP + 10}">{escape(name)}</text>'
        )
    return _frame("".join(parts), label)


def bars(edges: Sequence[tuple[float, int]], label: str) -> str:
    """Histogram of durations: (upper edge in seconds, count)."""
    if not edges:
        return f"<p>{escape(label)}: none.</p>"
    top = max(n for _, n in edges) or 1
    step = (WIDTH - LEFT - RIGHT) / len(edges)
    parts = []
    for i, (edge, n) in enumerate(edges):
        h = (HEIGHT - BOTTOM - TOP) * n / top
        left = LEFT + i * step
        parts.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{HEIGHT - BOTTOM - h:.1f}" '
            f'width="{max(step - 2, 1):.1f}" height="{h:.1f}"><title>up to {1e3 * edge:.3g} ms: '
            f"{n}</title></rect>"
        )
        if i % max(1, len(edges) // 10) == 0:
            parts.append(f'<text x="{left:.1f}" y="{HEIGHT - 8}">{1e3 * edge:.3g} ms</text>')
    parts.append(f'<text x="4" y="{TOP + 10}">{top}</text>')
    return _frame("".join(parts), label)


def timeline(rows: Sequence[tuple[str, Sequence[tuple[float, str]]]], end_s: float) -> str:
    """One row per question, one tick per answer, coloured by its outcome."""
    height = 22 * len(rows) + 24
    left = 300
    parts = []
    for number, (name, ticks) in enumerate(rows):
        y = 22 * number + 6
        short = name if len(name) <= 46 else name[:45] + "…"
        parts.append(f'<text x="4" y="{y + 12}">{escape(short)}</text>')
        for t, kind in ticks:
            x = _scale(0.0, max(end_s, 1e-3), left, WIDTH - RIGHT - 4, t)
            parts.append(
                f'<rect class="tick {escape(kind)}" x="{x:.1f}" y="{y}" width="3" height="16">'
                f"<title>{t:.2f} s: {escape(kind)}</title></rect>"
            )
    parts.append(f'<text x="{left}" y="{height - 6}">0 s</text>')
    parts.append(f'<text x="{WIDTH - 60}" y="{height - 6}">{end_s:.1f} s</text>')
    return _frame("".join(parts), "answers over time", height)


def _axes(t0: float, t1: float, low: float, high: float, unit: str, label: str) -> str:
    base = HEIGHT - BOTTOM
    return (
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{t0:.1f} {unit}</text>'
        f'<text x="{WIDTH - 70}" y="{HEIGHT - 8}">{t1:.1f} {unit}</text>'
        f'<text x="2" y="{TOP + 10}">{high:.3g}</text><text x="2" y="{base}">{low:.3g}</text>'
        f'<text class="title" x="{WIDTH / 2:.0f}" y="{HEIGHT - 8}">{escape(label)}</text>'
    )


def _runs(present: Sequence[bool]) -> list[list[int]]:
    """Stretches of indices that are present."""
    runs: list[list[int]] = []
    for i, here in enumerate(present):
        if here and (i == 0 or not present[i - 1]):
            runs.append([])
        if here:
            runs[-1].append(i)
    return runs
