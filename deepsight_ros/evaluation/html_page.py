"""What the benchmark pages share: one self-contained HTML file of tables, plots and pictures.

Parts (HTML text) and a report in, a file out; pictures travel inside it.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.files import write_text

Box = tuple[int, int, int, int]

_FAR_M = 6.0
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; color: #1c2430 }
table { border-collapse: collapse } td, th { padding: .3em .8em; text-align: right; border-bottom: 1px solid #dde3ea }
td:first-child, th:first-child { text-align: left }
.bar { background: #d7e4f3; height: .55em; margin-top: .15em } .bar i { display: block; height: 100%; background: #2f6db3 }
.cases { display: flex; flex-wrap: wrap; gap: 1em } figure { margin: 0; width: 17em } img { width: 100% }
figcaption { font-size: 13px } .wrong { color: #b3261e } .right { color: #1b6e3c }
svg { width: 24em; background: #f7f9fb } svg text { font: 11px system-ui, sans-serif; fill: #55606d }
"""  # noqa: E501


def write(path: Path, title: str, parts: Sequence[str], report: Mapping[str, Any]) -> None:
    """Write a page atomically, the report behind a fold at its end."""
    text = escape(json.dumps(report, indent=1))
    page = [
        f"<!doctype html><meta charset='utf-8'><title>{escape(title)}</title>",
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>",
        *parts,
        f"<details><summary>JSON</summary><pre>{text}</pre></details>",
    ]
    write_text(path, "\n".join(page))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells of ``rows`` are "<td>...</td>" or plain text."""
    first = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = (
        "".join(c if c.startswith("<td") else f"<td>{escape(c)}</td>" for c in row) for row in rows
    )
    lines = "".join(f"<tr>{cells}</tr>" for cells in body)
    return f"<table><tr>{first}</tr>{lines}</table>"


def share_cell(value: Mapping[str, Any]) -> str:
    """A share with its interval and a bar, in per cent; empty when nothing was counted."""
    if value.get("value") is None:
        return "<td></td>"
    share, low, high = (100 * value[k] for k in ("value", "lower", "upper"))
    bar = f"<div class='bar'><i style='width:{share:.1f}%'></i></div>"
    return f"<td>{share:.1f} [{low:.1f}, {high:.1f}]{bar}</td>"


def figure(
    image: NDArray[np.uint8], question: str, said: str, *, right: bool, truth: str = ""
) -> str:
    """A picture (BGR) with what was asked, said, and where it is wrong what is true."""
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not ok:
        raise RuntimeError("page: OpenCV could not encode a picture")
    source = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
    answer = f"<span class='{'right' if right else 'wrong'}'>{escape(said)}</span>"
    words = f"{escape(question)}<br>{answer}{f', truth {escape(truth)}' if truth else ''}"
    return f"<figure><img alt='view' src='{source}'><figcaption>{words}</figcaption></figure>"


def depth_picture(
    depth_m: NDArray[np.float32], regions_px: Sequence[Box] = ()
) -> NDArray[np.uint8]:
    """(H, W, 3) BGR: near is light, holes are black, regions are numbered boxes."""
    near = 255 * (1 - np.clip(np.nan_to_num(depth_m, nan=_FAR_M), 0, _FAR_M) / _FAR_M)
    picture: NDArray[np.uint8] = cv2.applyColorMap(near.astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    picture[~np.isfinite(depth_m)] = 0
    return boxed(picture, regions_px)


def boxed(picture: NDArray[np.uint8], regions_px: Sequence[Box]) -> NDArray[np.uint8]:
    """The picture with numbered boxes drawn into it."""
    for n, (x0, y0, x1, y1) in enumerate(regions_px):
        colour = ((60, 60, 230), (60, 200, 240), (230, 160, 60))[n % 3]
        cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, 1)
        at = (x0 + 2, y0 + 11)
        cv2.putText(picture, str(n), at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1)
    return picture


def scatter(truths: Sequence[float], values: Sequence[float], title: str) -> str:
    """Said against true on logarithmic axes (metres), the diagonal and the factor-2 lines."""
    known = [(t, v) for t, v in zip(truths, values, strict=True) if t > 0 and v > 0]
    if not known:
        return f"<p>{escape(title)}: no number was given.</p>"
    logs = np.log10(np.array(known))
    low, high = float(logs.min()), float(logs.max()) + 1e-6
    side, edge = 320.0, 34.0

    def at(log: float) -> float:
        return edge + (log - low) / (high - low) * (side - edge - 8)

    def line(shift: float, style: str) -> str:
        x0, x1 = low + max(0.0, -shift), high - max(0.0, shift)
        ends = f"x1='{at(x0):.1f}' y1='{side - at(x0 + shift):.1f}' x2='{at(x1):.1f}'"
        return f"<line {ends} y2='{side - at(x1 + shift):.1f}' stroke='#9aa7b5' {style}/>"

    factor = math.log10(2)
    parts = [
        line(0.0, ""),
        line(factor, "stroke-dasharray='4'"),
        line(-factor, "stroke-dasharray='4'"),
    ]
    parts += [
        f"<circle cx='{at(t):.1f}' cy='{side - at(v):.1f}' r='1.6' fill='#2f6db3' "
        "fill-opacity='.45'/>"
        for t, v in logs.tolist()
    ]
    for decade in range(math.ceil(low), math.floor(high) + 1):
        label = f"{10.0**decade:g} m"
        parts.append(f"<text x='{at(decade):.1f}' y='{side - 6}'>{label}</text>")
        parts.append(f"<text x='2' y='{side - at(decade):.1f}'>{label}</text>")
    parts.append(f"<text x='{edge}' y='14'>{escape(title)}: said (up) against true</text>")
    return f"<svg viewBox='0 0 {side:.0f} {side:.0f}' role='img'>{''.join(parts)}</svg>"
