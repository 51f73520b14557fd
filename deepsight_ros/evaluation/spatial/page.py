"""One self-contained HTML page of a spatial run: tables, plots, pictures right and wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepsight_ros.evaluation import html_page as html
from deepsight_ros.evaluation.spatial.benchmark import SpatialRun
from deepsight_ros.evaluation.spatial.questions import (
    GENERAL,
    QUALITATIVE,
    QUANTITATIVE,
    SpatialQuestion,
)
from deepsight_ros.evaluation.spatial.scores import is_right
from deepsight_ros.evaluation.spatial.subjects import Reply, number_of
from deepsight_ros.evaluation.statistics import BANDS

SHOWN = 4


def write_page(run: SpatialRun, report: Mapping[str, Any], path: Path) -> None:
    """Write the page.

    Args:
        run: questions and answers.
        report: of ``run.report()``.
        path: of the file.
    """
    counts = ", ".join(f"{n} {group}" for group, n in report["questions"].items())
    parts = [
        f"<p>{report['views']} held-out views of the simulated world, {counts} questions, things "
        f"named by regions; generator {report['generator']}, parser version "
        f"{report['parser_version']}. Per cent with the 95 % interval over views. Published rows "
        "were measured on other data.</p>",
        _summary(report),
        "<h2>Numbers</h2><div class='cases'>",
        *(_scatter(run, name) for name in run.replies),
        "</div>",
    ]
    for name, title in (("per_type", "Per type"), ("per_range", "Per range")):
        parts += [f"<h2>{title}</h2><p>Words: right. Numbers: within 25 %.</p>"]
        parts.append(_split(report, name))
    for name, replies in run.replies.items():
        parts += [f"<h2>Examples: {name}</h2>", *_examples(run, replies)]
    html.write(path, "Spatial benchmark", parts, report)


def _summary(report: Mapping[str, Any]) -> str:
    head = [
        "subject", "qualitative", "gives a number", *BANDS, "skill", "coverage", "width / value",
        "general",
    ]  # fmt: skip
    rows = []
    for name, scores in report["subjects"].items():
        numbers = scores[QUANTITATIVE]
        if not numbers["count"]:
            continue
        rows.append(
            [
                name,
                html.share_cell(scores[QUALITATIVE]),
                html.share_cell(numbers["gives_number"]),
                *(html.share_cell(numbers["bands"][b]) for b in BANDS),
                _plain(numbers["log_error_skill_over_blind"], 1.0, 2),
                html.share_cell(numbers["coverage"]),
                _plain(numbers["median_width_over_value"], 1.0, 2),
                html.share_cell(scores[GENERAL]),
            ]
        )
    base = report["baselines"]
    for name, bands in base["bands"].items():
        words = base["blind_accuracy"] if name == "blind" else {}
        said = [_plain(words.get(QUALITATIVE)), "", *(_plain(bands[b]) for b in BANDS)]
        rows.append(
            [name, *said, "0" if name == "blind" else "", "", "", _plain(words.get(GENERAL))]
        )
    targets = report["targets"]
    wanted = [_plain(targets.get(b)) for b in BANDS]
    low, high = targets["coverage"]
    skill = _plain(targets["log_error_skill_over_blind"], 1.0, 2)
    rows.append(
        ["target (model)", "", "", *wanted, skill, f"{100 * low:.0f}-{100 * high:.0f}", "", ""]
    )
    for name, values in report["published_on_other_data_percent"].items():
        bands = [_plain(values.get(b), 1.0) for b in BANDS]
        words = [_plain(values.get(k), 1.0) for k in (QUALITATIVE, "gives_number")]
        rows.append([f"{name} (published)", *words, *bands, "", "", "", ""])
    return html.table(head, rows)


def _split(report: Mapping[str, Any], key: str) -> str:
    subjects = list(report["subjects"])
    names = sorted({n for s in report["subjects"].values() for n in s[key]})
    rows = []
    for name in names:
        groups = {g for s in report["subjects"].values() for g in s[key].get(name, {})}
        for group in sorted(groups):
            cells = [report["subjects"][s][key].get(name, {}).get(group, {}) for s in subjects]
            count = max((c.get("count", 0) for c in cells), default=0)
            rows.append([name, group, str(count), *(html.share_cell(c) for c in cells)])
    return html.table([key.removeprefix("per_"), "asked for", "count", *subjects], rows)


def _scatter(run: SpatialRun, subject: str) -> str:
    asked = [
        (float(q.truth), number_of(r))
        for q, r in zip(run.questions, run.replies[subject], strict=True)
        if q.group == QUANTITATIVE and q.unit == "m"
    ]
    return html.scatter([t for t, _ in asked], [v for _, v in asked], subject)


def _examples(run: SpatialRun, replies: list[Reply]) -> list[str]:
    parts = []
    for group in (QUANTITATIVE, QUALITATIVE, GENERAL):
        asked = [(q, r) for q, r in zip(run.questions, replies, strict=True) if q.group == group]
        step = max(1, len(asked) // 400)
        spread = asked[::step]  # from all views, not the first ones alone
        right = [(q, r) for q, r in spread if is_right(r, q)][:SHOWN]
        wrong = [(q, r) for q, r in spread if not is_right(r, q)][:SHOWN]
        if right or wrong:
            figures = [_figure(run, q, r) for q, r in (*right, *wrong)]
            parts += [f"<h3>{group}</h3><div class='cases'>", *figures, "</div>"]
    return parts


def _figure(run: SpatialRun, question: SpatialQuestion, reply: Reply) -> str:
    view = next(v for v in run.views if v.number == question.view)
    boxes = [view.boxes_px[row] for row in question.rows]
    colour = view.frame.colour
    if colour is None or question.group != GENERAL:
        image = html.depth_picture(view.frame.depth_m, boxes)
    else:
        image = html.boxed(colour[:, :, ::-1].copy(), boxes)
    truth = question.truth
    said = f"{truth:.3g} {question.unit}" if isinstance(truth, float) else truth
    right = is_right(reply, question)
    shown = said if question.group == QUANTITATIVE or not right else ""
    return html.figure(image, question.text, reply.text or "(no answer)", right=right, truth=shown)


def _plain(value: float | None, factor: float = 100.0, digits: int = 1) -> str:
    return "" if value is None else f"{factor * value:.{digits}f}"
