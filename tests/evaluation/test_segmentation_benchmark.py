"""Segmentation benchmark: published figures on made masks, DBSCAN, the world, folders, page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepsight_ros.errors import SourceError
from deepsight_ros.evaluation import segmentation_benchmark as benchmark
from deepsight_ros.evaluation import segmentation_page
from deepsight_ros.evaluation.segmentation_cases import folder_cases, world_cases
from deepsight_ros.evaluation.segmentation_metrics import iou_table, parting
from deepsight_ros.evaluation.segmentation_rivals import clusters, dbscan, rivals
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.segmentation import Segmentation
from deepsight_ros.perception.segmenters import geometric
from deepsight_ros.sources.clutter_folders import ClutterFolder


def squares(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    labels = np.zeros((60, 80), np.int32)
    for k, (v, u, h, w) in enumerate(boxes, start=1):
        labels[v : v + h, u : u + w] = k
    return labels


def test_equal_masks_are_perfect_whatever_they_are_called() -> None:
    truth, found = (
        squares((5, 5, 10, 10), (30, 30, 20, 20)),
        squares((30, 30, 20, 20), (5, 5, 10, 10)),
    )
    figures = parting(truth, found)
    assert figures.f == figures.boundary_f == figures.share_75 == 1.0
    np.testing.assert_array_equal(iou_table(truth, found), [[0, 1], [1, 0]])


def test_one_mask_over_two_things_counts_once() -> None:
    truth, found = squares((5, 5, 20, 10), (5, 15, 20, 10)), squares((5, 5, 20, 20))
    figures = parting(truth, found)
    assert figures.precision == pytest.approx(0.5) and figures.recall == pytest.approx(0.5)
    assert figures.share_75 == 0.0
    assert iou_table(truth, found).max() == pytest.approx(0.5)


def test_half_a_mask() -> None:
    truth, found = squares((5, 5, 20, 20)), squares((5, 5, 20, 10))
    figures = parting(truth, found)
    assert figures.precision == 1.0 and figures.recall == 0.5
    assert figures.f == pytest.approx(2 / 3)
    # 58 of the found border's pixels are 10 columns wide, its inner side is not the true border
    assert 0.5 < figures.boundary_precision < 0.8


def test_borders_may_be_off_by_a_share_of_the_diagonal() -> None:
    truth = squares((10, 10, 20, 20))
    near, far = squares((11, 10, 20, 20)), squares((14, 10, 20, 20))
    assert parting(truth, near).boundary_f == 1.0
    assert parting(truth, far).boundary_f < 0.8


def test_nothing_found_and_nothing_there() -> None:
    empty = squares()
    assert parting(empty, empty).f == 1.0
    missed = parting(squares((1, 1, 9, 9)), empty)
    assert missed.recall == 0.0 and missed.f == 0.0
    assert parting(empty, squares((1, 1, 9, 9))).precision == 0.0


def test_clusters_are_dbscans() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(at, 0.005, (200, 3)) for at in (0.0, 0.2))
    stray = np.array([[1.0, 1.0, 1.0]])
    labels = clusters(np.vstack([a, b, stray]))
    assert labels[-1] == 0
    assert len(np.unique(labels[:200])) == len(np.unique(labels[200:400])) == 1
    assert labels[0] != labels[200] and labels[:400].min() > 0


def test_clusters_equal_scikit_learns() -> None:
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")
    points = np.random.default_rng(3).uniform(0, 0.2, (600, 3))
    ours = clusters(points)
    theirs = cluster.DBSCAN(eps=0.02, min_samples=8).fit_predict(points)
    assert ((ours == 0) == (theirs == -1)).all()


def test_rivals_without_colour_see_depth_alone() -> None:
    case = next(world_cases(1, 3, width_px=320))
    both = rivals(("geometric", "dbscan", "learned"), None, no_colour=True)
    assert list(both) == ["geometric, no colour", "geometric", "dbscan"]
    blind = both["geometric, no colour"](case.view, case.finding, case.walls, PerceptionConfig())
    grey = replace(case.view, colour=None)
    again = geometric(grey, case.finding, case.walls, PerceptionConfig())
    np.testing.assert_array_equal(blind.labels, again.labels)
    assert list(rivals(("dbscan",), None)) == ["dbscan"]


@pytest.fixture(scope="module")
def run() -> benchmark.Run:
    cases = list(world_cases(7, 3, width_px=320))
    assert {c.place for c in cases} >= {"tabletop", "bin", "room"}
    assert any("stacked" in c.standing.values() for c in cases)

    def perfect(view, finding, walls, config, gripper_m=None):  # type: ignore[no-untyped-def]
        case = next(c for c in cases if c.view is view)
        return Segmentation(case.truth, int(case.truth.max()), view.valid)

    return benchmark.run(cases, {"geometric": geometric, "dbscan": dbscan, "perfect": perfect})


def test_truth_scores_full_marks_and_others_less(run: benchmark.Run) -> None:
    figures = benchmark.report(run)
    assert figures["perfect"]["all"]["recall_75"]["value"] == 1.0
    assert figures["perfect"]["all"]["precision_75"]["value"] == 1.0
    assert figures["perfect"]["parting"]["boundary_f"] == 1.0
    for name in ("geometric", "dbscan"):
        assert 0.0 < figures[name]["all"]["recall_50"]["value"] < 1.0
        assert figures[name]["pixels_over_invalid_depth"] >= 0
    counts = [
        figures["geometric"]["standing"][k]["recall_50"]["count"] for k in benchmark.STANDINGS
    ]
    assert sum(counts) == figures["geometric"]["all"]["recall_50"]["count"] > 20


def test_the_page_shows_the_worst_first(run: benchmark.Run, tmp_path: Path) -> None:
    order = benchmark.worst_first(run, "geometric")
    marks = {
        r.case: np.concatenate([r.thing_iou >= 0.5, r.found_iou >= 0.5]).mean()
        for r in run.results["geometric"]
    }
    assert [marks[k] for k in order] == sorted(marks.values())
    path = tmp_path / "page.html"
    made = {"segmenters": benchmark.report(run)}
    segmentation_page.write(path, run, made, {"pictures": len(run.shown)})
    text = path.read_text()
    assert text.count("<figure") == len(run.shown) and "boundary F" in text


def write_png(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


@pytest.fixture()
def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    colour = np.zeros((48, 64, 3), np.uint8)
    colour[..., 2] = 200  # red, as OpenCV stores it
    depth = np.full((48, 64), 900, np.uint16)
    depth[:5] = 0
    labels = np.ones((48, 64), np.uint16)
    labels[10:40, 10:50], labels[15:25, 15:25], labels[15:25, 30:40] = 2, 3, 4
    return colour, depth, labels


def test_ocid_layout(tmp_path: Path, pictures: tuple[np.ndarray, ...]) -> None:
    colour, depth, labels = pictures
    for kind in ("table", "floor"):
        seq = tmp_path / "ARID20" / kind / "top" / "seq01"
        for part, picture in (("rgb", colour), ("depth", depth), ("label", labels)):
            write_png(seq / part / "result_0001.png", picture)
    source = ClutterFolder(tmp_path)
    assert source.layout == "ocid" and len(source) == 2
    floor, table = source[0], source[1]
    assert "floor" in floor.name and set(np.unique(floor.labels)) == {0, 2, 3, 4}
    assert "table" in table.name and set(np.unique(table.labels)) == {0, 3, 4}
    assert table.frame.colour is not None and table.frame.colour[0, 0].tolist() == [200, 0, 0]
    assert table.frame.depth_m[20, 20] == pytest.approx(0.9)
    assert np.isnan(table.frame.depth_m[0]).all()
    assert table.frame.camera.fx_px == pytest.approx(57.03)
    case = next(iter(folder_cases(tmp_path)))
    assert case.truth is not None and case.truth.max() == 3


@pytest.mark.parametrize("depth_folder", ["disparity", "depth"])
def test_osd_layout(tmp_path: Path, pictures: tuple[np.ndarray, ...], depth_folder: str) -> None:
    colour, depth, labels = pictures
    labels = np.where(labels > 2, labels - 2, 0).astype(np.uint8)
    for part, picture in (("image_color", colour), (depth_folder, depth), ("annotation", labels)):
        write_png(tmp_path / part / "learn0.png", picture)
    found = ClutterFolder(tmp_path, focal_px=60.0)[0]
    assert set(np.unique(found.labels)) == {0, 1, 2}
    assert found.frame.camera.fx_px == 60.0


def test_folders_of_another_kind_are_refused(
    tmp_path: Path, pictures: tuple[np.ndarray, ...]
) -> None:
    colour, depth, labels = pictures
    with pytest.raises(SourceError, match="OCID"):
        ClutterFolder(tmp_path)
    for part, picture in (("image_color", colour), ("annotation", labels)):
        write_png(tmp_path / part / "a.png", picture)
    with pytest.raises(SourceError, match="disparity"):
        ClutterFolder(tmp_path)[0]
    write_png(tmp_path / "disparity" / "a.png", depth[:10])
    with pytest.raises(SourceError, match="one size"):
        ClutterFolder(tmp_path)[0]


def test_boxes_are_found_by_boxes() -> None:
    found = squares((10, 10, 20, 20), (40, 40, 10, 10))
    assert benchmark._box_hits([(10, 10, 30, 30), (0, 0, 8, 8)], found) == 1
    assert benchmark._box_hits([(10, 10, 30, 20)], found) == 1
    assert benchmark._box_hits([(10, 10, 30, 19)], found) == 0
    assert benchmark._box_hits([], found) == benchmark._box_hits([(1, 1, 2, 2)], squares()) == 0


def test_masks_alone_show_nothing_of_the_pictures(run: benchmark.Run, tmp_path: Path) -> None:
    path = tmp_path / "masks.png"
    segmentation_page.write_masks(path, run)
    drawn = cv2.imread(str(path))
    one = segmentation_page.strip(run.shown[0], masks_alone=True)
    assert drawn.shape == (len(run.shown) * one.shape[0], one.shape[1], 3)
    dark = replace(run.shown[0], picture=np.zeros_like(run.shown[0].picture))
    np.testing.assert_array_equal(one, segmentation_page.strip(dark, masks_alone=True))
    assert len(np.unique(one.reshape(-1, 3), axis=0)) > 3
    with pytest.raises(SourceError, match="ends in"):
        segmentation_page.write_masks(tmp_path / "masks.txt", run)
