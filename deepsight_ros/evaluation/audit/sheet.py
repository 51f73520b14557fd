"""Contact sheet: pictures with boxes and pairs, and what the audit holds against them, as HTML.

Rows with findings come first. The page is one file: pictures are inside it, nothing is loaded.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.evaluation.audit.auditor import AuditReport
from deepsight_ros.evaluation.audit.verdict import Finding
from deepsight_ros.evaluation.audit.view import View
from deepsight_ros.files import write_text

_SHOWN_PAIRS = 14
_HUES = 12
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:24px;background:#f6f6f4;color:#222}
h1{font-size:20px;margin:0 0 4px} .row{background:#fff;border:1px solid #ddd;border-radius:6px;
margin:16px 0;padding:12px;display:flex;gap:16px;flex-wrap:wrap} .row.bad{border-color:#c33}
.pics{display:flex;flex-direction:column;gap:8px} svg{display:block;border-radius:4px}
.pairs{flex:1;min-width:380px} h2{font:600 13px ui-monospace,monospace;margin:0 0 6px;color:#555}
table{border-collapse:collapse;width:100%} td{padding:3px 8px 3px 0;vertical-align:top;
border-top:1px solid #eee} td.t{color:#777;font:12px ui-monospace,monospace;white-space:nowrap}
.no{color:#b00020} .yes{color:#2a7a2a} .why{color:#b00020;font-size:12px}
"""


class ContactSheet:
    """Collects rows while an audit runs.

    Args:
        pictures: how many to show.
        rows: how many the audit will look at, to spread the clean ones evenly.
    """

    def __init__(self, pictures: int, rows: int) -> None:
        self._pictures = pictures
        self._every = max(rows // max(pictures, 1), 1)
        self._seen = 0
        self._bad: list[str] = []
        self._clean: list[str] = []

    def add(
        self,
        fields: Mapping[str, Any],
        view: View | None,
        of_row: list[Finding],
        of_pairs: list[list[Finding]],
    ) -> None:
        """Take a row if there is room for it (``auditor.RowHook``)."""
        is_bad = bool(of_row) or any(of_pairs)
        due = self._seen % self._every == 0
        self._seen += 1
        room = len(self._bad) < self._pictures if is_bad else due
        if room and view is not None:
            (self._bad if is_bad else self._clean).append(_row(fields, view, of_row, of_pairs))

    def write(self, path: Path, report: AuditReport) -> None:
        """Write the page, rows with findings first."""
        chosen = [*self._bad[: self._pictures // 2 or 1], *self._clean, *self._bad]
        shown = list(dict.fromkeys(chosen))[: self._pictures]
        head = (
            f"<h1>Audit: {report.pairs} pairs of {report.rows} pictures, "
            f"{100 * report.validity:.2f} % valid</h1>"
            f"<div>{len(shown)} pictures shown, those with findings first</div>"
        )
        page = (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Audit</title>"
            f"<style>{_STYLE}</style><body>{head}{''.join(shown)}</body></html>\n"
        )
        write_text(path, page)


def _row(
    fields: Mapping[str, Any],
    view: View,
    of_row: list[Finding],
    of_pairs: list[list[Finding]],
) -> str:
    pairs = list(zip(fields["pairs"], of_pairs, strict=False))
    wrong = [p for p in pairs if p[1]]
    right = [p for p in pairs if not p[1]]
    every = max(len(right) // _SHOWN_PAIRS, 1)  # pairs come by type: show some of each
    shown = [*wrong, *right[::every]][:_SHOWN_PAIRS]
    lines = "".join(_pair(p, found) for p, found in shown)
    more = f"<div class='t'>and {len(pairs) - _SHOWN_PAIRS} more</div>" * (
        len(pairs) > _SHOWN_PAIRS
    )
    why = "".join(f"<div class='why'>{html.escape(f.message)}</div>" for f in of_row)
    is_bad = bool(of_row) or any(of_pairs)
    return (
        f"<div class='row{' bad' if is_bad else ''}'><div class='pics'>"
        f"{_svg(_colour(fields), fields, boxes=True)}{_svg(_depth(view), fields, boxes=False)}"
        f"</div><div class='pairs'><h2>{html.escape(fields['key'])}</h2>{why}"
        f"<table>{lines}</table>{more}</div></div>"
    )


def _pair(pair: Mapping[str, Any], found: list[Finding]) -> str:
    why = "".join(f"<div class='why'>{html.escape(f'{f.code}: {f.message}')}</div>" for f in found)
    regions = "".join(
        f"<br>&lt;region{i}&gt; = {html.escape(r)}" for i, r in enumerate(pair["regions"])
    )
    mark = "<td class='no'>&#10007;</td>" if found else "<td class='yes'>&#10003;</td>"
    return (
        f"<tr>{mark}<td>{html.escape(pair['question'])}<br><b>{html.escape(pair['answer'])}</b>"
        f"{why}</td><td class='t'>{html.escape(pair['type'])}<br>"
        f"{html.escape(', '.join(pair['object_ids']))}{regions}</td></tr>"
    )


def _colour(fields: Mapping[str, Any]) -> NDArray[Any] | None:
    data = fields["colour"]
    if data is None:
        return None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def _depth(view: View) -> NDArray[Any]:
    depth = view.depth_m
    valid = np.isfinite(depth)
    low, high = np.quantile(depth[valid], (0.02, 0.98)) if valid.any() else (0.0, 1.0)
    grey = np.clip((depth - low) / max(high - low, 1e-6), 0, 1)
    picture = cv2.applyColorMap((255 * (1 - np.nan_to_num(grey))).astype(np.uint8),
                                cv2.COLORMAP_VIRIDIS)  # fmt: skip
    picture[~valid] = 0
    return picture


def _svg(picture: NDArray[Any] | None, fields: Mapping[str, Any], *, boxes: bool) -> str:
    if picture is None:
        return ""
    height, width = picture.shape[:2]
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    source = base64.b64encode(data.tobytes()).decode() if ok else ""
    scale = width / 400
    shapes = []
    for i, item in enumerate(fields["objects"] if boxes else ()):
        if item["x1"] is None:
            continue
        colour = f"hsl({360 * (i % _HUES) // _HUES} 90% 72%)"
        x, y = item["x0"], item["y0"]
        label = html.escape(f"{item['id']} {item['caption'] or item['label']}")
        shapes.append(
            f"<rect x='{x}' y='{y}' width='{item['x1'] - x}' height='{item['y1'] - y}' fill='none'"
            f" stroke='{colour}' stroke-width='{1.5 * scale}'/>"
            f"<text x='{x + 2 * scale}' y='{max(y - 2 * scale, 10 * scale)}' fill='{colour}' "
            f"font-size='{11 * scale}' font-weight='600' stroke='#000' stroke-width='{3 * scale}' "
            f"paint-order='stroke'>{label}</text>"
        )
    return (
        f"<svg width='400' viewBox='0 0 {width} {height}' xmlns='http://www.w3.org/2000/svg'>"
        f"<image width='{width}' height='{height}' href='data:image/jpeg;base64,{source}'/>"
        f"{''.join(shapes)}</svg>"
    )
