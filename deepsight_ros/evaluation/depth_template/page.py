"""One self-contained HTML page of a depth-template run: table, bars, pictures right and wrong."""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.evaluation.depth_template.baselines import Asked
from deepsight_ros.evaluation.depth_template.benchmark import TemplateRun, cases_of
from deepsight_ros.evaluation.depth_template.subjects import tasks_present

SHOWN = 4
_FAR_M = 6.0
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; color: #1c2430 }
table { border-collapse: collapse } td, th { padding: .3em .8em; text-align: right; border-bottom: 1px solid #dde3ea }
td:first-child, th:first-child { text-align: left }
.bar { background: #d7e4f3; height: .55em; margin-top: .15em } .bar i { display: block; height: 100%; background: #2f6db3 }
.cases { display: flex; flex-wrap: wrap; gap: 1em } figure { margin: 0; width: 17em } img { width: 100% }
figcaption { font-size: 13px } .wrong { color: #b3261e } .right { color: #1b6e3c }
"""  # noqa: E501


def write_page(run: TemplateRun, report: dict[str, Any], subject: str, path: Path) -> None:
    """Write the page.

    Args:
        run: the choices.
        report: of ``run.report()``.
        subject: whose right and wrong answers are pictured.
        path: of the file.
    """
    parts = [
        "<!doctype html><meta charset='utf-8'><title>Depth Template Benchmark</title>",
        f"<style>{_STYLE}</style><h1>Depth Template Benchmark</h1>",
        f"<p>{report['views']} held-out views of the simulated world, generator "
        f"{report['generator']}; accuracy in per cent with the 95 % interval over views. The "
        "paper's own rows were measured on other data (NYU Depth V2, SUN RGB-D).</p>",
        _table(report),
    ]
    for task in tasks_present(run.views):
        if task not in run.choices.get(subject, {}):
            continue
        right, wrong = cases_of(run, subject, task)
        parts.append(f"<h2>{escape(task)}: {escape(subject)}</h2><div class='cases'>")
        parts += [_figure(q, choice) for q, choice in (*right[:SHOWN], *wrong[:SHOWN])]
        parts.append("</div>")
    text = escape(json.dumps(report, indent=1))
    parts.append(f"<details><summary>JSON</summary><pre>{text}</pre></details>")
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    scratch.write_text("\n".join(parts), encoding="utf-8")
    scratch.replace(path)


def _table(report: dict[str, Any]) -> str:
    tasks = list(report["items"])
    head = "".join(f"<th>{escape(t)}</th>" for t in (*tasks, "average"))
    rows = [f"<tr><th>subject</th>{head}</tr>"]
    targets = report["targets_percent"]
    plain = {"chance": {t: 100 * report["chance"][t] for t in tasks}, "target": targets}
    plain |= {f"{n} (published)": v for n, v in report["published_on_other_data_percent"].items()}
    for name, row in report["accuracy"].items():
        cells = []
        for task in (*tasks, "average"):
            value = row.get(task)
            if isinstance(value, dict):
                share = 100 * value["value"]
                low, high = 100 * value["lower"], 100 * value["upper"]
                bar = f"<div class='bar'><i style='width:{share:.1f}%'></i></div>"
                cells.append(f"<td>{share:.1f} [{low:.1f}, {high:.1f}]{bar}</td>")
            else:
                cells.append(f"<td>{'' if value is None else f'{100 * value:.1f}'}</td>")
        rows.append(f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>")
    for name, values in plain.items():
        names = (*tasks, "average")
        cells = [f"<td>{values[t]:.1f}</td>" if t in values else "<td></td>" for t in names]
        rows.append(f"<tr><td><i>{escape(name)}</i></td>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _figure(question: Asked, choice: int) -> str:
    view, item = question.view, question.item
    image = _depth_picture(view.frame.depth_m)
    for n, (x0, y0, x1, y1) in enumerate(view.regions_px(item)):
        colour = ((60, 60, 230), (60, 200, 240))[n % 2]
        cv2.rectangle(image, (x0, y0), (x1 - 1, y1 - 1), colour, 1)
        cv2.putText(image, str(n), (x0 + 2, y0 + 11), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1)
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not ok:
        raise RuntimeError("page: OpenCV could not encode a picture")
    source = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
    right = choice == item.answer
    said = f"<span class='{'right' if right else 'wrong'}'>{escape(item.options[choice])}</span>"
    truth = "" if right else f", truth {escape(item.options[item.answer])}"
    words = f"{escape(item.question)}<br>{said}{truth}"
    return f"<figure><img alt='depth' src='{source}'><figcaption>{words}</figcaption></figure>"


def _depth_picture(depth_m: NDArray[np.float32]) -> NDArray[np.uint8]:
    near = 255 * (1 - np.clip(np.nan_to_num(depth_m, nan=_FAR_M), 0, _FAR_M) / _FAR_M)
    picture: NDArray[np.uint8] = cv2.applyColorMap(near.astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    picture[~np.isfinite(depth_m)] = 0
    return picture
