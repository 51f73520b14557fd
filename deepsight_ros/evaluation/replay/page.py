"""A folder of results in, report.html out: one file that holds everything it shows."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from deepsight_ros.evaluation.replay import charts
from deepsight_ros.evaluation.replay.run import STAGES, State
from deepsight_ros.evaluation.replay.summary import lines_of
from deepsight_ros.evaluation.replay.timings import Durations
from deepsight_ros.files import write_text

MOST_POINTS = 1500
"""Of a curve or of a row of the timeline: longer recordings are thinned."""

Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --paper: #fff; --soft: #667; --line: #d5d9e0;
  --blue: #2166c4; --good: #23893f; --bad: #c8372d; --mid: #c98a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #14181f; --soft: #9aa3b2;
  --line: #333b48; --blue: #6aa9ff; --good: #5fcf7d; --bad: #ff7b6e; --mid: #f0b94a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem
  .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
svg text.title { text-anchor: middle; } .axis, .mark { stroke: var(--line); }
.mark { stroke: var(--good); stroke-dasharray: 3 3; }
.line { fill: none; stroke: var(--blue); stroke-width: 1.6; } .band { fill: var(--blue);
  opacity: .18; } .held { fill: var(--mid); } .bar { fill: var(--blue); }
.tick { fill: var(--soft); } .tick.OK { fill: var(--blue); } .tick.right { fill: var(--good); }
.tick.wrong { fill: var(--bad); } .tick.NOT_FOUND, .tick.AMBIGUOUS, .tick.NO_DEPTH,
.tick.UNSUPPORTED { fill: var(--mid); }
.soft { color: var(--soft); } .warn { border-left: 4px solid var(--mid); padding: .3rem .8rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
  gap: 1rem; } figure { margin: 0; } figure img { width: 100%; border-radius: 4px; }
figcaption { font-size: .85rem; }
"""


def write_page(out: Path, summary: Json, timing: Json, state: State) -> Path:
    """Write ``out/report.html`` from the other files of the folder."""
    parts = [
        f"<h1>Replay of {escape(summary['recording'])}</h1>",
        f'<p class="soft">{_headline(summary, timing)}</p>',
        *_warnings(summary),
        "<h2>Questions</h2>",
        _questions(out, summary),
        "<h2>Scores by question type</h2>",
        _types(summary),
        "<h2>Answers over time</h2>",
        _timeline(out),
        *_rewards(out, summary),
        "<h2>Time per stage</h2>",
        _timings(timing),
        *_pictures(out, state),
        '<p class="soft">Answers, rewards and free-space figures are measurements, not a safety '
        "function.</p>",
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Replay of {escape(summary['recording'])}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )
    path = out / "report.html"
    write_text(path, page)
    return path


def _headline(summary: Json, timing: Json) -> str:
    asked = summary["all"]["asked"]
    speed = timing.get("times_real_time")
    words = [f"{summary['frames']} frames perceived", f"{asked} answers"]
    words.append(f"{timing['recording_s']:.1f} s of recording in {timing['wall_s']:.1f} s")
    if speed and timing["recording_s"] > 1:
        words.append(f"{speed:g} times real time")
    if summary.get("recorded"):
        again = summary["recorded"]
        words.append(
            f"{100 * again['agree']['value']:.1f} % of {again['asked_again']} recorded answers "
            "are the same within 10 % or 1 cm"
        )
    return escape(", ".join(words) + ".")


def _warnings(summary: Json) -> list[str]:
    source, out = summary["source"], []
    if not summary["complete"]:
        out.append("This report is partial: the run was stopped before the recording's end.")
    if source["skipped"]:
        out.append(
            f"{source['skipped']} messages could not be used; the first: "
            f"{source['first_skipped'][0]}"
        )
    if source["unpaired_depth"] or source["unpaired_colour"]:
        out.append(
            f"Images without a partner in time: {source['unpaired_depth']} depth, "
            f"{source['unpaired_colour']} colour."
        )
    for frame, number in source["frames_without_transform"].items():
        out.append(f"No transform to '{frame}' in {number} frames.")
    if not summary["frames"]:
        out.append("No frame could be perceived; nothing was answered.")
    return [f'<p class="warn">{escape(text)}</p>' for text in out]


def _questions(out: Path, summary: Json) -> str:
    last = {line["question"]: line for line in lines_of(out / "answers.jsonl")}
    rows = []
    for question, kind in summary["questions"].items():
        line = last[question]
        said = line["text"] if line["status"] == "OK" else f"{line['status']}: {line['text']}"
        statuses = ", ".join(f"{name} {n}" for name, n in kind["statuses"].items())
        rows.append(
            f"<tr><td>{escape(question)}</td><td>{escape(said)}</td><td>{escape(statuses)}</td>"
            f'<td class="number">{_share(kind.get("right"))}</td></tr>'
        )
    head = '<th>asked</th><th>last answer</th><th>statuses</th><th class="number">right</th>'
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _types(summary: Json) -> str:
    rows = []
    for name, kind in (*summary["types"].items(), ("all", summary["all"])):
        bands = kind.get("bands", {})
        cells = [kind["asked"], kind["statuses"].get("OK", 0), _share(kind.get("right"))]
        cells += [_share(bands.get(band)) for band in ("+-10%", "[50,200]%")]
        cells.append(_share(kind.get("interval_covers")))
        row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        rows.append(f"<tr><td>{escape(name)}</td>{row}</tr>")
    heads = ("asked", "answered", "right", "within 10 %", "[50, 200] %", "interval covers")
    head = "<th>type</th>" + "".join(f'<th class="number">{h}</th>' for h in heads)
    note = (
        "Right: within 10 % or 1 cm, the same choice, or the expected refusal; brackets: 95 % "
        "interval by bootstrap over stretches of 5 s. A dash: no truth was given."
    )
    return f'<table><tr>{head}</tr>{"".join(rows)}</table><p class="soft">{note}</p>'


def _share(content: Json | None) -> str:
    if content is None or content["value"] is None:
        return "–"
    low, high = 100 * content["lower"], 100 * content["upper"]
    return f"{100 * content['value']:.0f} % [{low:.0f}, {high:.0f}]"


def _timeline(out: Path) -> str:
    rows: dict[str, list[tuple[float, str]]] = {}
    end_s = 0.0
    for line in lines_of(out / "answers.jsonl"):
        kind = line["status"]
        if "right" in line:
            kind = "right" if line["right"] else "wrong"
        rows.setdefault(line["question"], []).append((line["t_s"], kind))
        end_s = max(end_s, line["t_s"])
    thin = [(q, ticks[:: max(1, len(ticks) // MOST_POINTS)]) for q, ticks in rows.items()]
    legend = (
        "Green: right. Red: wrong. Blue: answered, no truth given. Amber: refused, with a reason."
    )
    return f'{charts.timeline(thin, end_s)}<p class="soft">{legend}</p>'


def _rewards(out: Path, summary: Json) -> list[str]:
    if "rewards" not in summary:
        return []
    lines = list(lines_of(out / "rewards.jsonl"))
    lines = lines[:: max(1, len(lines) // MOST_POINTS)]
    times = [line["t_s"] for line in lines]
    held = [line["held"] for line in lines]
    done = [
        (about["success_at_s"], "success")
        for about in summary["rewards"]["episodes"].values()
        if about["success_at_s"] is not None
    ]
    distance = charts.curve(
        times,
        [line["distance_m"] for line in lines],
        "distance, m",
        lower=[line["lower_m"] for line in lines],
        upper=[line["upper_m"] for line in lines],
        held=held,
        marks_s=done,
    )
    reward = charts.curve(times, [r["reward"] for r in lines], "reward", held=held, marks_s=done)
    progress = charts.curve(times, [r["progress"] for r in lines], "progress", at_least=0.0)
    rows = []
    for name, about in summary["rewards"]["episodes"].items():
        cells = (about["frames"], about["measured"], about["held"], about["not_valid"])
        row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        at = about["success_at_s"]
        rows.append(
            f"<tr><td>{escape(name)}</td>{row}"
            f'<td class="number">{"–" if at is None else f"{at:.2f} s"}</td></tr>'
        )
    heads = ("frames", "measured", "held", "not valid", "success at")
    head = "<th>episode</th>" + "".join(f'<th class="number">{h}</th>' for h in heads)
    return [
        f"<h2>Rewards: {escape(summary['rewards']['task'])}</h2>",
        reward,
        progress,
        distance,
        f"<table><tr>{head}</tr>{''.join(rows)}</table>",
        '<p class="soft">Amber dots: held, because it could not be measured in that frame.</p>',
    ]


def _timings(timing: Json) -> str:
    stages = {name: Durations.from_json(timing["stages"][name]) for name in STAGES}
    rows, pictures = [], []
    for name, durations in stages.items():
        if not durations.count:
            continue
        cells = [str(durations.count)]
        cells += [f"{1e3 * durations.percentile_s(p):.1f} ms" for p in (50, 90, 99)]
        row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        rows.append(f"<tr><td>{name}</td>{row}</tr>")
        if name in ("perceive", "answer"):
            pictures.append(charts.bars(durations.bars(), f"time to {name}"))
            pictures.append(f'<p class="soft">Time to {name}, distribution.</p>')
    head = "<th>stage</th>" + "".join(
        f'<th class="number">{h}</th>' for h in ("count", "median", "90 %", "99 %")
    )
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>{''.join(pictures)}"


def _pictures(out: Path, state: State) -> list[str]:
    parts: list[str] = []
    if state.worst:
        figures = []
        for error, name, question, text, expected, unit in state.worst:
            truth = f"{expected:.4g} {unit}" if isinstance(expected, float) else str(expected)
            words = f"{question} — {text} True: {truth} (error {100 * error:.0f} %)."
            figures.append(_figure(out, name, words))
        parts += ["<h2>Worst cases</h2>", f'<div class="pictures">{"".join(figures)}</div>']
    if state.shown:
        figures = [_figure(out, name, question) for question, name in state.shown.items()]
        parts += [
            "<h2>First answer of each question</h2>",
            f'<div class="pictures">{"".join(figures[:12])}</div>',
        ]
    return parts


def _figure(out: Path, name: str, words: str) -> str:
    data = base64.b64encode((out / "pictures" / name).read_bytes()).decode()
    return (
        f'<figure><img alt="{escape(words, quote=True)}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{escape(words)}</figcaption></figure>"
    )
