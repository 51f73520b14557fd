"""Questions over the real service: evidence, honest statuses, many clients at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from std_msgs.msg import String

from deepsight_ros import msg
from deepsight_ros.msg import Region, SpatialAnswer
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.conversions import to_duration, to_ns
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.spinning import Running
from deepsight_ros.srv import MeasureDistance, SpatialQuery
from deepsight_ros.synthesis.simulation import SimulatedFrame
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.ros
NAN = float("nan")


class Robot:
    """A graph that sees the table, its client, and a thread that keeps the camera going."""

    def __init__(self, ros: RosHarness, nodes: list[Any], frame: PackedFrame) -> None:
        self.ros, self.nodes = ros, nodes
        self.feed = Feed(ros)
        self.client = SpatialClient(context=ros.context)
        self.scenes: list[msg.Scene] = ros.collect(msg.Scene, "scene")
        self._frame = frame
        self._stop = threading.Event()
        self._thread = threading.Thread()
        self.feed.wait_for_subscribers()
        self.start_camera()
        ros.wait_for(lambda: self.scenes, what="a scene")

    def start_camera(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._film)
        self._thread.start()

    def stop_camera(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _film(self) -> None:
        while not self._stop.is_set():
            self.feed.send(self._frame)
            time.sleep(0.1)

    @property
    def boxes(self) -> dict[str, Any]:
        """Object id -> box in pixels of the newest scene."""
        return {o.id: o.box_px for o in self.scenes[-1].objects}


@pytest.fixture(scope="module")
def robot(packed: PackedFrame) -> Iterator[Robot]:
    """One for the whole file: what a test asks must not disturb the next."""
    with RosHarness() as ros, Running(make_graph(context=ros.context)) as running:
        assert running.autostart()
        made = Robot(ros, running.nodes, packed)
        yield made
        made.stop_camera()
        made.client.close()


def region_of(box: Any, **fields: Any) -> Region:
    return Region(kind=Region.BOX, box=np.array(box, np.float32), **fields)


def test_answers_carry_value_interval_evidence_stamp_and_frame(
    robot: Robot, table: SimulatedFrame
) -> None:
    (box, *_) = robot.boxes.values()
    answer = robot.client.ask(
        "how far away is <region0>?", regions=[region_of(box)], request_id="mine"
    )
    assert answer.status_name == "OK", answer.error
    assert answer.request_id == "mine"
    assert answer.text
    (measured, *_) = answer.measurements
    assert measured.quantity == "range"
    assert measured.lower <= measured.value <= measured.upper
    assert len(measured.points) == 2
    assert answer.header.frame_id == table.frame.camera.frame_id
    assert 0 < to_ns(answer.age) < 2_000_000_000
    assert to_ns(answer.latency) > 0
    assert answer.method == SpatialAnswer.MEASURED
    (thing,) = answer.objects
    assert thing.id == "region0"
    assert thing.range == pytest.approx(measured.value, rel=1e-5)
    near = thing.nearest_point
    assert np.linalg.norm([near.x, near.y, near.z]) == pytest.approx(thing.range, rel=1e-3)
    assert thing.num_points > 0
    assert 0 < thing.depth_valid_fraction <= 1
    assert thing.frames_seen >= 1
    assert thing.last_seen == answer.header.stamp


def test_two_things_are_as_far_apart_as_they_are(robot: Robot, table: SimulatedFrame) -> None:
    """By region, against the simulator's truth: within 1 cm or 10 %."""
    from deepsight_ros.nodes.benchmark_truth import matched
    from deepsight_ros.scene.measure import measure

    truth = table.truth()
    names = matched(robot.scenes[-1], truth)
    (a, b, *_) = [i for i in names if names[i] != "gripper"]
    true_m = measure(truth, "centre_distance", (names[a], names[b])).value
    boxes = robot.boxes
    regions = [region_of(boxes[a]), region_of(boxes[b])]
    response = robot.client.measure_distance(
        "<region0>", "<region1>", regions=regions, definition="centre_distance"
    )
    assert response.status_name == "OK", response.error
    assert response.estimate.distance == pytest.approx(true_m, abs=max(0.02, 0.1 * true_m))
    by_id = robot.client.measure_distance(a, b, definition="centre_distance")
    assert by_id.estimate.distance == pytest.approx(response.estimate.distance, abs=0.02)
    camera = robot.client.measure_distance("camera", a)
    assert camera.estimate.definition == "range"
    assert camera.estimate.from_point.z == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"question": ""}, "UNSUPPORTED"),
        ({"question": " \n\t"}, "UNSUPPORTED"),
        ({"question": "x" * 1_000_000}, "UNSUPPORTED"),
        ({"question": "what room is this?"}, "UNSUPPORTED"),
        ({"question": "how far away is o1?", "method": "model"}, "UNSUPPORTED"),
        ({"question": "how far away is o1?", "method": "guess"}, "UNSUPPORTED"),
        ({"question": "how far away is o1?", "units": "cubits"}, "UNSUPPORTED"),
        ({"question": "how far away is the giraffe?"}, "NOT_FOUND"),
        ({"question": "how far away is <region3>?"}, "NOT_FOUND"),
        ({"question": "how many objects are there?", "target_frame": "mars"}, "UNSUPPORTED"),
        ({"question": "how many objects are there?", "not_before_ns": 2**31 * 10**9 - 1}, "STALE"),
        ({"question": "how far away is <region0>?",
          "regions": [region_of([NAN, 0, 10, 10])]}, "UNSUPPORTED"),
        ({"question": "how far away is <region0>?",
          "regions": [region_of([50, 50, 50, 50])]}, "UNSUPPORTED"),
        ({"question": "how far away is <region0>?",
          "regions": [Region(kind=Region.MASK)]}, "UNSUPPORTED"),
        ({"question": "how far away is <region0>?",
          "regions": [Region(kind=Region.POINT, point=np.array([-5, 1], np.float32))]},
         "UNSUPPORTED"),
        ({"question": "how many objects are there?",
          "regions": [region_of([0, 0, 9, 9])] * 65}, "UNSUPPORTED"),
    ],
    ids=["empty", "blank", "1 MB", "not measurable", "model", "method", "units", "not there",
         "unknown region", "unknown frame", "not before", "nan box", "empty box", "no mask",
         "point outside", "many regions"],
)  # fmt: skip
def test_what_cannot_be_answered_says_why(
    robot: Robot, options: dict[str, Any], status: str
) -> None:
    answer = robot.client.ask(timeout_s=0.5, **options)
    assert answer.status_name == status, answer.error
    assert answer.error
    assert not answer.text
    assert not answer.measurements
    assert len(answer.question) <= 2000 + 10


def test_stale_when_the_camera_stops_and_answers_again_when_it_goes_on(robot: Robot) -> None:
    robot.stop_camera()
    time.sleep(0.4)
    answer = robot.client.ask("how many objects are there?", max_age_s=0.2, timeout_s=0.4)
    assert answer.status_name == "STALE"
    assert "max_age" in answer.error
    old = robot.client.ask("how many objects are there?", max_age_s=60.0)
    assert old.status_name == "OK"
    robot.start_camera()
    new = robot.client.ask("how many objects are there?", max_age_s=0.5, timeout_s=PATIENCE_S)
    assert new.status_name == "OK"
    assert to_ns(new.header.stamp) > to_ns(old.header.stamp)


def test_not_before_waits_for_a_newer_frame(robot: Robot) -> None:
    not_before_ns = robot.feed.now_ns() + 200_000_000
    answer = robot.client.ask(
        "how many objects are there?", not_before_ns=not_before_ns, timeout_s=PATIENCE_S
    )
    assert answer.status_name == "OK"
    assert to_ns(answer.header.stamp) >= not_before_ns


def test_fifty_clients_at_once_all_get_an_answer_in_time(robot: Robot) -> None:
    node = robot.client.node
    # Every client of a service sees all responses: the default depth of 10 overflows here.
    profile = qos.service()
    clients = [node.create_client(SpatialQuery, "ask", qos_profile=profile) for _ in range(50)]
    assert all(client.wait_for_service(PATIENCE_S) for client in clients)
    request = SpatialQuery.Request(
        question="how far away is the nearest thing?", timeout=to_duration(PATIENCE_S)
    )
    began_s = time.monotonic()
    futures = [client.call_async(request) for client in clients]
    robot.ros.wait_for(lambda: all(f.done() for f in futures), what="50 responses")
    assert time.monotonic() - began_s < PATIENCE_S
    answers = [f.result().answer for f in futures]
    assert all(a.status != SpatialAnswer.UNSET for a in answers)
    assert len({a.request_id for a in answers}) == 50
    for client in clients:
        node.destroy_client(client)


def test_questions_as_a_topic(robot: Robot) -> None:
    answers = robot.ros.collect(SpatialAnswer, "answers")
    publisher = robot.ros.node.create_publisher(String, "questions", 10)
    robot.ros.wait_for(lambda: publisher.get_subscription_count())
    publisher.publish(String(data="how many objects are there?"))
    robot.ros.wait_for(lambda: answers)
    assert answers[0].question == "how many objects are there?"
    assert answers[0].status_name == "OK"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"from_object": "", "to_object": "o1"}, "UNSUPPORTED"),
        ({"from_object": "o1", "to_object": "o1", "definition": "as the crow flies"},
         "UNSUPPORTED"),
        ({"from_object": "the giraffe", "to_object": "camera"}, "NOT_FOUND"),
        ({"from_object": "gripper", "to_object": "camera"}, "NOT_FOUND"),
    ],
    ids=["empty", "definition", "not there", "no gripper"],
)  # fmt: skip
def test_distances_that_cannot_be_measured_say_why(
    robot: Robot, fields: dict[str, str], status: str
) -> None:
    request = MeasureDistance.Request(timeout=to_duration(1.0), **fields)
    response = robot.client.call(MeasureDistance, "measure_distance", request, 1.0)
    assert response.status_name == status, response.error
    assert response.error
    assert np.isnan(response.estimate.distance)
