"""The geometry benchmark end to end: a tiny run, and runs against stand-ins with known scores."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation import geometry_benchmark
from deepsight_ros.evaluation.calibrate import calibrate
from deepsight_ros.evaluation.geometry_benchmark import BenchmarkRun, run_benchmark
from deepsight_ros.evaluation.geometry_questions import (
    COMPARISONS,
    PAIRS,
    SINGLES,
    questions_about,
)
from deepsight_ros.evaluation.geometry_report import geometry_report
from deepsight_ros.evaluation.geometry_tables import print_report
from deepsight_ros.evaluation.segmentation_score import score_segmentation, standing
from deepsight_ros.evaluation.simulated_scenes import SimulatedScene, make_scene
from deepsight_ros.evaluation.words import PHRASES, phrase, references
from deepsight_ros.scene.calibration import load_table
from deepsight_ros.scene.measurement import QUANTITY_UNITS
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.verdict import PREDICATES

SCENES = 3


@pytest.fixture(scope="module")
def run() -> BenchmarkRun:
    return run_benchmark(SCENES, seed=5, words=False)


@pytest.fixture(scope="module")
def scene() -> SimulatedScene:
    return make_scene(0, seed=5)


def test_a_tiny_run_gives_a_full_report(run: BenchmarkRun) -> None:
    report = geometry_report(run, seed=5, seconds=1.0)
    assert report["scenes"] == SCENES and len(report["perceive_ms"]) == 2
    for mode in ("box", "mask"):
        types = report["quantities"][mode]
        assert {*SINGLES, *PAIRS} - {"diameter"} <= set(types)
        for name, scores in types.items():
            assert scores["asked"] == scores["determined"] + scores["undetermined"], name
            assert set(scores["bands"]) == {"[50,200]%", "[66.7,150]%", "+-25%", "+-10%"}
        assert set(COMPARISONS) <= set(report["predicates"][mode])
    names = [t["name"] for t in report["targets"]]
    assert len(names) == len(set(names)) == 15
    json.loads(json.dumps(report))  # plain values only
    text = io.StringIO()
    print_report(report, Console(file=text, width=220))
    for word in (
        "surface_distance",
        "determined predicates right",
        "precision",
        "structured_light",
    ):
        assert word in text.getvalue()


def test_every_catalogue_quantity_and_predicate_is_asked_about() -> None:
    asked = {*SINGLES, *PAIRS, "free_space", "count"}
    assert asked == set(QUANTITY_UNITS)
    seen = {*COMPARISONS, *geometry_benchmark_rare(), "between"}
    assert seen == set(PREDICATES)


def geometry_benchmark_rare() -> tuple[str, ...]:
    from deepsight_ros.evaluation.geometry_questions import RARE

    return RARE


class _Oracle:
    """A perceiver that returns the truth: whatever the benchmark asks it must get right."""

    scene: SimulatedScene

    def __init__(self, **_: object) -> None:
        """Whatever it is to segment with, it knows the truth."""

    def perceive(self, frame, **_: object) -> Scene:
        objects = []
        for thing in self.scene.truth.objects:
            mask = self.scene.mask(thing.id)[::2, ::2]
            objects.append(replace(thing, mask=mask))
        return replace(self.scene.obstacles(), objects=tuple(objects))

    def perceive_regions(self, frame, scene: Scene, regions) -> Scene:
        added = tuple(
            replace(scene.object(r.id.split(":")[1]), id=r.id, is_region=True) for r in regions
        )
        return replace(scene, objects=(*scene.objects, *added))


def test_an_oracle_scores_full_marks(monkeypatch: pytest.MonkeyPatch, scene) -> None:
    _Oracle.scene = scene
    monkeypatch.setattr(geometry_benchmark, "Perceiver", _Oracle)
    run = BenchmarkRun()
    geometry_benchmark.ask_scene(scene, run, words=False)
    for record in run.quantities:
        assert record.answered and record.within, record
        assert record.covered or record.type == "direction", record  # an exact hour is a point
    for choice in run.predicates:
        if choice.determined:
            assert choice.right, choice
    assert all(r.hit for r in run.segmentation)


def test_a_liar_scores_nothing(monkeypatch: pytest.MonkeyPatch, scene) -> None:
    """Everything three times as large: the bands and the coverage must notice."""

    class Liar(_Oracle):
        def perceive(self, frame, **_: object) -> Scene:
            from deepsight_ros.scene.solids import BoxSolid

            found = super().perceive(frame)
            swollen = [
                replace(o, shape=BoxSolid(o.box.centre_m * 3, o.box.size_m * 3, o.box.yaw_rad))
                for o in found.objects
            ]
            return replace(found, objects=tuple(swollen))

    Liar.scene = scene
    monkeypatch.setattr(geometry_benchmark, "Perceiver", Liar)
    run = BenchmarkRun()
    geometry_benchmark.ask_scene(scene, run, words=False)
    sizes = [r for r in run.quantities if r.type in ("length", "height", "volume", "top")]
    assert len(sizes) > 10
    assert not any(r.within or r.covered for r in sizes if r.truth > 0.02)


def test_questions_do_not_depend_on_what_is_perceived_and_repeat(scene) -> None:
    again = questions_about(make_scene(0, seed=5))
    assert [(q.type, q.ids, q.truth, q.determined) for q in questions_about(scene)] == [
        (q.type, q.ids, q.truth, q.determined) for q in again
    ]


def test_scenes_take_turns_and_hold_only_held_out_families() -> None:
    scenes = [make_scene(i, seed=9) for i in range(4)]
    assert [s.world.kind for s in scenes] == ["tabletop"] * 3 + ["room"]
    assert len({s.sensor for s in scenes[:3]}) == 3
    assert {s.up_source for s in scenes} == {"tf", "plane"}
    assert all(s.world.split == "test" for s in scenes)
    angles = [
        np.degrees(np.arccos(s.up.vector @ s.truth.working_from_camera.rotation[2]))
        for s in scenes
        if s.up is not None
    ]
    assert all(a < 1.5 for a in angles)


def test_segmentation_score_counts_kinds_and_false_finds(scene) -> None:
    perceived = _Oracle()
    perceived.scene = scene
    found = perceived.perceive(None)
    extra = replace(found.objects[0], id="ghost", mask=np.ones((240, 320), dtype=bool))
    half = [replace(o, mask=o.mask & False) for o in found.objects[:1]]
    records = score_segmentation(scene, replace(found, objects=(*half, *found.objects[1:], extra)))
    kinds = standing(scene)
    recall = [r for r in records if r.kind != "found"]
    precision = [r for r in records if r.kind == "found"]
    assert len(recall) == len(kinds)
    assert sum(not r.hit for r in recall) == 1
    assert sum(not r.hit for r in precision) == 2  # the emptied one and the ghost


def test_phrases_name_each_thing_once_and_unambiguously(scene) -> None:
    names = references(scene)
    assert len(set(names.values())) == len(names)
    for question in questions_about(scene):
        if all(i in names for i in question.ids):
            text = phrase(question, names)
            if text is None:
                assert question.type not in PHRASES
                continue
            assert all(names[i] in text for i in question.ids)


def test_calibration_writes_a_table_that_loads(tmp_path) -> None:
    path, count = calibrate(2, seed=3, path=tmp_path / "calibration.json")
    load_table(path)
    assert count > 100
    content = json.loads(path.read_text())
    assert content["records"] == count and "--seed 3" in content["source"]


def test_crowded_places_are_scenes_too() -> None:
    scene = make_scene(1, 8101, place="clutter")
    assert scene.world.kind == "clutter" and len(scene.boxes) > 3
    assert all(0 < scene.visible[name] <= 1 for name in scene.boxes)
    for name, (u0, v0, u1, v1) in scene.boxes.items():
        rows, columns = np.nonzero(scene.mask(name))
        assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (u0, v0, u1, v1)
    with pytest.raises(InvalidValueError, match="got place 'moon'"):
        make_scene(1, 8101, place="moon")
