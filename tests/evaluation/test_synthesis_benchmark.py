"""The benchmark of the data engine counts what it says and judges against the target."""

from __future__ import annotations

from deepsight_ros.evaluation.synthesis_benchmark import Row, as_report, as_table, world_rows


def test_world_rows_time_every_stage_and_report_as_json_and_text() -> None:
    seen: list[int] = []
    rows = world_rows(9, width_px=80, height_px=60, settled=9, progress=seen.append)
    assert seen == [*range(1, 10), *range(1, 10)]
    assert rows[0].unit == "images/s" and rows[0].value > 0 and rows[0].target is None
    assert rows[2].value >= rows[1].value * 0.5
    assert [r.name for r in rows[3:6]] == ["world: build", "world: draw", "world: truth"]
    assert len(rows[6].detail) == 9  # every default kind once
    report = as_report(rows)
    assert report["benchmark"] == "synthesis" and len(report["rows"]) == len(rows)
    assert as_table(rows).count("\n") == len(rows) - 1


def test_a_target_is_met_or_missed() -> None:
    assert Row("a", 30.0, "images/s", 25.0).verdict == "met"
    assert Row("a", 20.0, "images/s", 25.0).verdict == "missed"
    assert Row("a", 20.0, "images/s").verdict == ""
