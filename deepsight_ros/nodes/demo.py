"""The demo: a graph with the simulated camera, questions through the real service, truth beside.

In: mount and seed. Out: ``DemoReport`` with a row per question and, for the wrist camera, how far
objects strayed in the world. The command line prints it (cli/demo.py).
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import String

from deepsight_ros import msg
from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.decode import decode_colour
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.benchmark_truth import matched
from deepsight_ros.nodes.bringup_arguments import parse
from deepsight_ros.nodes.bringup_plan import make_plan
from deepsight_ros.nodes.bringup_runner import Runner
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.conversions import image_buffer, to_ns, transform_from_pose
from deepsight_ros.nodes.isolation import isolate
from deepsight_ros.questions.answering import answer as answer_question
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.neighbours import nearest_neighbours
from deepsight_ros.scene.objects import Scene
from deepsight_ros.srv import SpatialQuery
from deepsight_ros.synthesis.simulation import Simulation

START_S = 90.0
"""Longest wait for the graph: a busy machine that compiles first takes over a minute."""
SETTLE_S = 2.0
LEAST_NAMED = 3
MOST_TRIES, AGAIN_S = 4, 0.7
MOMENTS = 16
"""Moments of the simulated gripper's period looked at for one in which it is clear what is
nearest to it."""
GOOD_M, GOOD_SHARE = 0.01, 0.10
MOSTLY_HIDDEN = 0.5
STRAY_M = 0.01
"""Largest distance from its mean place that an object may appear to move by."""


class DemoError(DeepsightError):
    """The demo could not be carried out; says what did not come."""


@dataclass(frozen=True)
class DemoRow:
    """One question.

    Attributes:
        question: as asked.
        status: of the answer.
        answer: in words, or why there is none.
        interval: 95 % interval in words, "" where there is none.
        truth: the simulator's answer in words.
        is_right: None where there is no answer.
        latency_ms: from asking to having the answer.
        tries: how often it was asked: the scene moves, and what one view cannot tell the next can.
    """

    question: str
    status: str
    answer: str
    interval: str
    truth: str
    is_right: bool | None
    latency_ms: float
    tries: int = 1


@dataclass(frozen=True)
class Stray:
    """How one object seemed to move in the world while the camera moved.

    Attributes:
        name: id and label.
        frames: in which it was seen.
        hidden: share of them in which something nearer hid a part of it. Where the middle of a
            partly hidden thing lies is a guess, so things hidden most of the time are not judged.
        p95_m, max_m: distance from its mean place.
        offset_m: of its mean place from the truth; NaN where it matches no true object.
    """

    name: str
    frames: int
    hidden: float
    p95_m: float
    max_m: float
    offset_m: float

    @property
    def is_too_far(self) -> bool:
        return self.hidden < MOSTLY_HIDDEN and self.p95_m > STRAY_M


@dataclass
class DemoReport:
    """What the demo found.

    Attributes:
        rows: a question each.
        strays: objects in the world frame (wrist camera only).
        overlay: (H, W, 3) RGB picture.
        faults: reasons to fail; empty when all is well.
    """

    rows: list[DemoRow] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    overlay: NDArray[np.uint8] | None = None
    faults: list[str] = field(default_factory=list)


class Truth:
    """The simulator's world, rebuilt from what it says about itself."""

    def __init__(self, about: str) -> None:
        said = json.loads(about)
        self._start_ns = int(said.pop("start_ns"))
        self._simulation = Simulation(
            said["seed"],
            said["camera"],
            width_px=said["width_px"],
            height_px=said["height_px"],
            family=said["family"],
            period_s=said["period_s"],
        )

    def seconds_until_clear(self) -> float:
        """Time until the moment in which the nearest object is nearer to the gripper than the next
        one by most: a question about it has a plain answer then."""
        period_s = self._simulation.period_s
        moments_s = np.arange(MOMENTS) * period_s / MOMENTS
        leads_m = [_lead_m(self._simulation.step(float(t)).truth()) for t in moments_s]
        best_s = float(moments_s[int(np.argmax(leads_m))])
        return (best_s - (time.time_ns() - self._start_ns) / 1e9) % period_s

    def at(self, stamp_ns: int) -> Scene:
        """The exact scene at an image stamp."""
        return self._simulation.step((stamp_ns - self._start_ns) / 1e9, stamp_ns).truth()


def _lead_m(exact: Scene) -> float:
    """By how much the object nearest to the gripper is nearer than the next."""
    gaps = [measured.value for measured in nearest_neighbours(exact, k=0).gripper]
    return gaps[1] - gaps[0] if len(gaps) > 1 else 0.0


def run_demo(
    camera: str = "scene", seed: int = 0, say: Callable[[str], None] = lambda _: None
) -> DemoReport:
    """Start everything, ask, end everything.

    Args:
        camera: "scene" or "wrist".
        seed: which table.
        say: told what is going on.

    Raises:
        DemoError, ServiceError: something needed did not come.
    """
    isolate()
    plan = make_plan(
        parse(["source:=sim", f"mount:={camera}", "detector:=topic", "log_level:=warn"])
    )
    report = DemoReport()
    say(f"starting {', '.join(plan.node_names)}")
    with Runner(plan, quiet=True) as runner, SpatialClient(plan.namespace) as client:
        pictures: list[Image] = []
        client.node.create_subscription(
            Image, "overlay", lambda m: pictures.__setitem__(slice(None), [m]), qos.reliable(1)
        )
        client.wait_for_service(SpatialQuery, "ask", START_S)
        truth = Truth(client.latest(String, "simulation", START_S, qos.latched()).data)
        scene = _settled(client)
        say(f"{len(scene.objects)} objects in view, asking")
        exact = truth.at(to_ns(scene.header.stamp))
        for question in questions_about(exact, scene, camera):
            if "nearest to the gripper" in question:
                time.sleep(truth.seconds_until_clear())
            report.rows.append(_ask_until_seen(client, truth, question))
        if camera == "wrist":
            say("watching the objects in the world frame while the camera moves")
            report.strays = _strays(client, truth)
        if pictures:
            report.overlay = decode_colour(image_buffer(pictures[0], "overlay"))
        else:
            report.faults.append("no overlay came")
        if runner.has_ended():
            report.faults.append("a process of the graph ended by itself")
    report.faults += [
        f"no answer to '{row.question}': {row.status}, {row.answer}"
        for row in report.rows
        if row.status != "OK"
    ]
    report.faults += [
        f"{stray.name} strayed by {1e3 * stray.p95_m:.1f} mm in the world frame, expected at most "
        f"{1e3 * STRAY_M:.0f} mm"
        for stray in report.strays
        if stray.is_too_far
    ]
    return report


def _settled(client: SpatialClient) -> msg.Scene:
    """A scene in which enough objects have names."""
    deadline_s = time.monotonic() + START_S
    time.sleep(SETTLE_S)
    while time.monotonic() < deadline_s:
        scene: msg.Scene = client.latest(msg.Scene, "scene", START_S)
        if sum(bool(o.label) for o in scene.objects) >= LEAST_NAMED:
            return scene
    raise DemoError(
        f"demo: no scene with {LEAST_NAMED} named objects within {START_S:g} s; ask `deepsight "
        "doctor` what is missing"
    )


def questions_about(truth: Scene, scene: msg.Scene, camera: str) -> list[str]:
    """A handful of questions about things that words tell apart in truth and in view.

    The wrist's gripper hangs high above everything, where what is nearest to it is a close call:
    there its distance is asked for.
    """
    names = matched(scene, truth)
    seen = {o.id: o for o in scene.objects}
    words = {t.id: f"{t.colour} {t.label}" for t in truth.objects}
    counts = Counter(words.values())
    labels = Counter(t.label for t in truth.objects)
    usable = []
    for object_id, true_id in names.items():
        thing = truth.object(true_id)
        if thing.is_gripper or counts[words[true_id]] > 1 or seen[object_id].truncated:
            continue
        if seen[object_id].label != thing.label:
            continue
        name = thing.label if labels[thing.label] == 1 else words[true_id]
        usable.append((seen[object_id].range, name))
    if len(usable) < 2:
        raise DemoError(
            f"demo: got {len(usable)} objects that words tell apart, expected two; take another "
            "--seed"
        )
    usable.sort()
    (_, a), (_, b) = usable[0], usable[-1]
    tall = usable[len(usable) // 2][1]
    gripper = "What is nearest to the gripper?"
    if camera == "wrist":
        gripper = f"How far is the {a} from the gripper?"
    return [
        f"How far apart are the {a} and the {b}?",
        f"Which is closer to the camera, the {a} or the {b}?",
        f"Is the {a} to the left or to the right of the {b}?",
        f"How tall is the {tall}?",
        f"How wide is the {tall}?",
        gripper,
        f"Is the {a} taller than the {b}?",
        "How many objects are there?",
    ]


def _ask_until_seen(client: SpatialClient, truth: Truth, question: str) -> DemoRow:
    """Ask again where the view of the moment could not tell."""
    row = _ask(client, truth, question)
    for tries in range(2, MOST_TRIES + 1):
        if row.status not in ("NO_DEPTH", "STALE", "TIMEOUT"):
            break
        time.sleep(AGAIN_S)
        row = replace(_ask(client, truth, question), tries=tries)
    return row


def _ask(client: SpatialClient, truth: Truth, question: str) -> DemoRow:
    began_s = time.monotonic()
    got = client.ask(question, timeout_s=5.0)
    latency_ms = (time.monotonic() - began_s) * 1e3
    if got.status != got.OK:
        return DemoRow(question, got.status_name, got.error, "", "", None, latency_ms)
    exact = truth.at(to_ns(got.header.stamp))
    true = answer_question(question, exact)
    return DemoRow(
        question,
        got.status_name,
        got.text,
        interval_text(got),
        true.text,
        is_right(got, true, exact),
        latency_ms,
    )


def interval_text(got: msg.SpatialAnswer) -> str:
    """The 95 % interval of the number spoken, as people write lengths."""
    if np.isnan(got.spoken_value) or not got.measurements:
        return ""
    (measured, *_) = got.measurements
    if measured.value == 0 or not np.isfinite(measured.upper):
        return ""
    if measured.quantity in ("count", "direction"):
        return ""
    if measured.unit != "m":
        return f"{measured.lower:.3g} - {measured.upper:.3g} {measured.unit}"
    if measured.upper < 1.0:
        return f"{measured.lower * 100:.1f} - {measured.upper * 100:.1f} cm"
    return f"{measured.lower:.3f} - {measured.upper:.3f} m"


def is_right(got: msg.SpatialAnswer, true: Answer, exact: Scene) -> bool:
    """The answer agrees with the simulator's: numbers within 10 % or 1 cm, the rest exactly."""
    if true.status is not Status.OK:
        return False
    if got.has_bool:
        return got.yes is true.value
    if isinstance(true.value, str):
        objects = msg.Scene(objects=got.objects)
        names = matched(objects, exact)
        chosen = names.get(got.choice, got.choice) or "same"
        return chosen == true.value
    if got.measurements and true.measurements:
        ours, theirs = got.measurements[0].value, true.measurements[0].value
        return bool(abs(ours - theirs) <= max(GOOD_M, GOOD_SHARE * abs(theirs)))
    return got.text == true.text


def _strays(client: SpatialClient, truth: Truth, seconds: float = 9.0) -> list[Stray]:
    """Places of every object in the world over one round of the wrist."""
    places: dict[str, list[tuple[bool, NDArray[np.float64]]]] = defaultdict(list)
    labels: dict[str, str] = {}
    newest: list[msg.Scene] = []

    def take(scene: msg.Scene) -> None:
        newest[:] = [scene]
        for thing in scene.objects:
            at = thing.position_fixed
            if thing.is_gripper or thing.truncated or not np.isfinite(at.x):
                continue
            places[thing.id].append((thing.occluded, np.array([at.x, at.y, at.z])))
            labels[thing.id] = thing.label or labels.get(thing.id, "")

    subscription = client.node.create_subscription(msg.Scene, "scene", take, qos.reliable())
    time.sleep(seconds)
    client.node.destroy_subscription(subscription)
    if not newest:
        raise DemoError("demo: no scenes came while the camera moved")
    exact = truth.at(to_ns(newest[0].header.stamp))
    names = matched(newest[0], exact)
    world_from_w = _world_from_working(newest[0], exact)
    found = []
    most = max(len(p) for p in places.values())
    for object_id, seen in sorted(places.items()):
        if len(seen) < most / 4:
            continue  # seen only now and then, as at the border
        hidden = np.array([is_hidden for is_hidden, _ in seen])
        points = np.array([at for _, at in seen])
        if hidden.mean() < MOSTLY_HIDDEN:
            points = points[~hidden]
        middle = np.median(points, axis=0)
        away = np.linalg.norm(points - middle, axis=1)
        offset_m = float("nan")
        if object_id in names:
            true_m = world_from_w(exact.object(names[object_id]).box.centre_m)
            offset_m = float(np.linalg.norm(middle - true_m))
        found.append(
            Stray(
                f"{object_id} {labels[object_id]}".strip(),
                len(seen),
                float(hidden.mean()),
                float(np.percentile(away, 95)),
                float(away.max()),
                offset_m,
            )
        )
    return found


def _world_from_working(scene: msg.Scene, exact: Scene) -> Callable[[Any], NDArray[np.float64]]:
    fixed = transform_from_pose(scene.fixed_pose) @ exact.working_from_camera.inverse()
    return fixed.apply
