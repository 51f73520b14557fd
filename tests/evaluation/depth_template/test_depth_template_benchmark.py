"""The four tasks on a few views: items, who answers, command and page; recordings as a source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the benchmark asks a learnt model (requirements/model.txt)")
pytest.importorskip("transformers", reason="the benchmark asks a learnt model")

from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation.depth_template.baselines import asked
from deepsight_ros.evaluation.depth_template.benchmark import TemplateRun, run_benchmark
from deepsight_ros.evaluation.depth_template.page import write_page
from deepsight_ros.evaluation.depth_template.recorded_views import recorded_views
from deepsight_ros.evaluation.depth_template.views import TemplateView
from deepsight_ros.evaluation.depth_template.world_views import world_views
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.text import TextCodec
from deepsight_ros.scene.measure import measure
from deepsight_ros.synthesis.annotated_source import AnnotatedSamples
from deepsight_ros.synthesis.depth_template import DISTANCE_RATIO, SECURITY_MARGIN_M, TASKS
from tests.model.conftest import codec, model  # noqa: F401 - fixtures
from tests.synthesis.test_annotated_source import Tables


@pytest.fixture(scope="module")
def views() -> list[TemplateView]:
    return world_views(18, "test", 5, 2)


@pytest.fixture(scope="module")
def training() -> list[TemplateView]:
    return world_views(9, "train", 6, 2)


def test_every_task_is_posed_within_its_margins(views: list[TemplateView]) -> None:
    for task in TASKS:
        assert len(asked(views, task)) >= 9, task
    for question in asked(views, "distance"):
        nearer = question.item.object_ids[question.item.answer]
        other = question.item.object_ids[1 - question.item.answer]
        ranges = [measure(question.view.scene, "range", (i,)).value for i in (nearer, other)]
        assert DISTANCE_RATIO[0] <= ranges[1] / ranges[0] <= DISTANCE_RATIO[1]
    low, high = SECURITY_MARGIN_M
    for question in asked(views, "security"):
        assert low - 0.006 <= abs(question.item.difficulty) <= high + 0.006
        assert (question.item.difficulty > 0) == (question.item.answer == 0)
    for question in asked(views, "recognition"):
        assert len(set(question.item.options)) == len(question.item.options) == 10


def test_geometry_answers_and_a_model_that_learnt_nothing_does_not(
    views: list[TemplateView],
    training: list[TemplateView],
    model: DeepSightModel,  # noqa: F811
    codec: TextCodec,  # noqa: F811
    tmp_path: Path,
) -> None:
    run = run_benchmark(views[:9], training, {"new": DeepSight(model, codec)})
    report = run.report()
    accuracy = report["accuracy"]
    assert isinstance(accuracy, dict)
    assert accuracy["geometry"]["distance"]["value"] > 0.8
    assert {"best constant", "blind", "bag of boxes", "nearest neighbours"} <= set(accuracy)
    assert {"new, depth", "new, colour", "new, both"} <= set(accuracy)
    assert "scene" not in accuracy["geometry"]
    write_page(run, report, "new, depth", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "DeepSight, SFT (published)" in page and page.count("<img") >= 8


def test_recordings_take_ranges_from_their_true_boxes() -> None:
    source = AnnotatedSamples(Tables())
    made = recorded_views(source, 3, 100)
    assert [v.number for v in made] == [0, 1, 2]
    truths = [source[i].truth for i in range(3)]
    posed = asked(made, "distance")
    assert posed
    for question in posed:
        truth = truths[question.view.number]
        assert truth is not None
        nearer, other = (
            measure(truth, "range", (question.item.object_ids[i],)).value
            for i in (question.item.answer, 1 - question.item.answer)
        )
        assert nearer < other
    run = TemplateRun(made, "tables", {"someone": {}})
    assert run.report()["source"] == "tables"


def test_frames_without_names_pose_nothing_and_that_is_said() -> None:
    class Nameless(Tables):
        def __len__(self) -> int:
            return 0

    with pytest.raises(InvalidValueError, match="pose no task"):
        recorded_views(AnnotatedSamples(Nameless()), 0, 1)


def test_the_command_writes_json_and_page(tmp_path: Path) -> None:
    page, values = tmp_path / "page.html", tmp_path / "report.json"
    result = CliRunner().invoke(
        app,
        ["benchmark", "depth-template", "--views", "9", "--training-views", "9",
         "--report", str(page), "--json", str(values)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    report = json.loads(values.read_text())
    assert report["source"] == "the simulated world, held out" and report["views"] == 9
    assert page.stat().st_size > 10_000


def test_the_command_on_a_real_scene(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "lmo_tabletop_gt"
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}")
    values = tmp_path / "report.json"
    result = CliRunner().invoke(
        app,
        ["benchmark", "depth-template", "--source", f"bop:{folder}", "--per-task", "40",
         "--training-views", "9", "--json", str(values)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    report = json.loads(values.read_text())
    assert report["items"]["distance"] >= 5
    assert report["accuracy"]["geometry"]["distance"]["value"] >= 0.8
