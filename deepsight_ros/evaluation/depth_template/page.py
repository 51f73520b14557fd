"""One self-contained HTML page of a depth-template run: table, bars, pictures right and wrong."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from deepsight_ros.evaluation import html_page as html
from deepsight_ros.evaluation.depth_template.baselines import Asked
from deepsight_ros.evaluation.depth_template.benchmark import TemplateRun, cases_of
from deepsight_ros.evaluation.depth_template.subjects import tasks_present

SHOWN = 4


def write_page(run: TemplateRun, report: dict[str, Any], subject: str, path: Path) -> None:
    """Write the page.

    Args:
        run: the choices.
        report: of ``run.report()``.
        subject: whose right and wrong answers are pictured.
        path: of the file.
    """
    parts = [
        f"<p>{report['views']} views of {escape(report['source'])}, generator "
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
    html.write(path, "Depth Template Benchmark", parts, report)


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
                cells.append(html.share_cell(value))
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
    image = html.depth_picture(view.frame.depth_m, view.regions_px(item))
    right = choice == item.answer
    truth = "" if right else item.options[item.answer]
    return html.figure(image, item.question, item.options[choice], right=right, truth=truth)
