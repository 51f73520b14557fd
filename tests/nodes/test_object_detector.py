"""`object_detector`: colour in, boxes out with the image's stamp; the bring-up starts it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError, ModelFilesError
from deepsight_ros.msg import Region, Regions
from deepsight_ros.nodes import object_detector
from deepsight_ros.nodes.bringup_plan import make_plan
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.conversions import to_ns
from deepsight_ros.nodes.object_detector import ObjectDetectorNode, load_detector
from deepsight_ros.synthesis.rgb.detectors import Found
from tests.nodes.conftest import Feed
from tests.nodes.test_reference import compare
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


def two_boxes(picture: Any, words: tuple[str, ...], least: float) -> list[Found]:
    assert picture.dtype == np.uint8 and picture.ndim == 3
    return [
        Found(words[0], 0.9, (10.0, 20.0, 60.0, 80.0)),
        Found(words[1], 0.4, (100.0, 20.0, 160.0, 80.0)),
    ]


def test_boxes_keep_the_stamp_of_their_image(
    ros: RosHarness,
    feed: Feed,
    run_nodes: Any,
    packed: PackedFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def load(kind: str, path: str, device: str) -> Any:
        asked.append((kind, path))
        return two_boxes

    monkeypatch.setattr(object_detector, "load_detector", load)
    (node,) = run_nodes(
        ObjectDetectorNode, path="/a/folder", words=["mug", "Box "], rate_hz=60.0, most=1
    )
    assert asked == [("owlv2", "/a/folder")]
    compare(ros, node, "object_detector")
    messages = ros.collect(Regions, "detections")
    stamps: set[int] = set()

    def arrived() -> bool:
        stamp_ns = feed.now_ns()
        stamps.add(stamp_ns)
        feed.send(packed, stamp_ns)
        time.sleep(0.05)
        return bool(messages)

    ros.wait_for(arrived, what="boxes")
    (region,) = messages[0].regions
    assert to_ns(messages[0].header.stamp) in stamps
    assert region.label == "mug" and region.image == Region.COLOR_IMAGE
    assert list(region.box) == [10.0, 20.0, 60.0, 80.0]


def test_a_folder_of_weights_is_loaded_and_a_missing_one_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="detectors need requirements/model.txt")
    from tests.support.tiny_models import save_owlv2

    detect = load_detector("owlv2", str(save_owlv2(tmp_path / "owl")), "cpu")
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    found = detect(noise, ("mug", "box"), 0.0)
    assert found and {f.label for f in found} <= {"mug", "box"}
    with pytest.raises(ModelFilesError, match="no folder"):
        load_detector("grounding_dino", str(tmp_path / "nothing"), "cpu")


def test_the_bring_up_starts_it(tmp_path: Path) -> None:
    plan = make_plan(
        {"detector": "grounding_dino", "detector_model": str(tmp_path),
         "detector_words": "mug, a b", "color": "/cam/rgb/image_raw"}
    )  # fmt: skip
    (process,) = [p for p in plan.processes if p.executable == "object_detector"]
    parameters = process.parameters["/object_detector"]
    assert parameters["kind"] == "grounding_dino" and parameters["path"] == str(tmp_path)
    assert parameters["words"] == ["mug", "a b"]
    assert ("color/image_raw", "/cam/rgb/image_raw") in process.remappings
    (graph,) = [p for p in plan.processes if p.executable == "graph"]
    assert graph.parameters["/perception"]["perception.detector"] == "topic"
    with pytest.raises(InvalidValueError, match="detector_model"):
        make_plan({"detector": "model", "detector_model": str(tmp_path)})
