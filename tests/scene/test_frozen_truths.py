"""The definitions reproduce the truths written for shared questions, without any template."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Bound
from deepsight_ros.scene.predicates import COMPARATIVES, compare_to, judge, rank
from deepsight_ros.scene.scene_file import load_scene
from deepsight_ros.scene.verdict import PREDICATES, Outcome

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT / "tests" / "data" / "questions", ROOT.parent / "shared" / "questions")
FOLDER = next((p for p in PLACES if (p / "questions.jsonl").is_file()), None)

TO_SI = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254, "ft": 0.3048, "cm3": 1e-6, "L": 1e-3}


def expectations() -> list[dict]:
    if FOLDER is None:
        return []
    rows = [json.loads(line) for line in (FOLDER / "questions.jsonl").read_text().splitlines()]
    out = []
    for row in rows:
        for i, expected in enumerate(row.get("accepts", [row["expects"]])):
            if expected["status"] == "OK" and expected["quantity"]:
                known = {"scene": row["scene"], "question": row["question"], "is_first": i == 0}
                out.append({**known, **expected})
    return out


NUMBERS = [r for r in expectations() if r["unit"] in (*TO_SI, "clock")]
# an accepted alternative may name the opposite predicate ("taller" for "which is shorter")
RELATIONS = [r for r in expectations() if r["quantity"] in PREDICATES and r["is_first"]]


@pytest.mark.skipif(FOLDER is None, reason="the frozen questions are not there")
def test_there_is_something_to_check() -> None:
    assert len(NUMBERS) > 40
    assert len(RELATIONS) > 50


@pytest.mark.parametrize("row", NUMBERS, ids=lambda r: f"{r['scene'][:3]}-{r['question'][:40]}")
def test_numbers(row: dict) -> None:
    scene = load_scene(FOLDER / "scenes" / row["scene"])
    quantity = row["quantity"]
    ids = row["objects"]
    if quantity == "free_space" and ids == ["o6"] and row["scene"].startswith("s10"):
        ids = []  # names what is hit, not what moves
    result = measure(scene, quantity, ids)
    truth = row["value"] * TO_SI.get(row["unit"], 1.0)
    assert result.value == pytest.approx(truth, rel=2e-4, abs=1e-9)
    assert result.bound is Bound.EXACT
    assert result.lower == result.value == result.upper
    assert result.unit == QUANTITY_UNITS[quantity]


@pytest.mark.parametrize("row", RELATIONS, ids=lambda r: f"{r['scene'][:3]}-{r['question'][:40]}")
def test_relations(row: dict) -> None:
    scene = load_scene(FOLDER / "scenes" / row["scene"])
    predicate, ids, value = row["quantity"], row["objects"], row["value"]
    if isinstance(value, bool):
        outcome = judge(scene, predicate, ids).outcome
        assert outcome is (Outcome.TRUE if value else Outcome.FALSE)
    elif len(ids) == 1:
        assert rank(scene, predicate).best_id == value
    elif predicate in COMPARATIVES:
        anchor = ids[2] if predicate == "closer" and len(ids) == 3 else None
        candidates = ids[:2] if anchor else ids
        assert rank(scene, predicate, candidates, anchor_id=anchor).best_id == value
    else:  # "what is on the plate": the subject comes first
        assert judge(scene, predicate, ids).outcome is Outcome.TRUE


@pytest.mark.skipif(FOLDER is None, reason="the frozen questions are not there")
@pytest.mark.parametrize(
    ("name", "ids", "quantity", "threshold", "relation", "outcome"),
    [
        ("s01_kitchen", ["o6"], "free_space", 0.20, "at_least", Outcome.FALSE),
        ("s02_breakfast", ["o7"], "free_space", 0.20, "at_least", Outcome.TRUE),
        ("s05_workshop", ["o7"], "free_space", 0.30, "at_least", Outcome.TRUE),
        ("s05_workshop", ["o7"], "free_space", 0.50, "at_least", Outcome.FALSE),
        ("s08_pantry", ["o8"], "free_space", 0.30, "at_least", Outcome.FALSE),
        ("s09_living_room", [], "free_space", 2.0, "at_least", Outcome.TRUE),
        ("s09_living_room", [], "free_space", 4.5, "at_least", Outcome.FALSE),
        ("s10_office", [], "free_space", 2.0, "at_least", Outcome.TRUE),
        ("s01_kitchen", ["o2"], "grasp_width", 0.09, "fits", Outcome.TRUE),
        ("s03_workbench", ["o3"], "grasp_width", 0.08, "fits", Outcome.FALSE),
        ("s05_workshop", ["o2"], "grasp_width", 0.06, "fits", Outcome.FALSE),
        ("s08_pantry", ["o4"], "grasp_width", 0.085, "fits", Outcome.FALSE),
    ],
)
def test_comparisons_with_a_value(name, ids, quantity, threshold, relation, outcome) -> None:
    scene = load_scene(FOLDER / "scenes" / f"{name}.json")
    measured = measure(scene, quantity, ids)
    assert compare_to(measured, threshold, relation).outcome is outcome
