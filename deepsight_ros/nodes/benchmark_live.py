"""`deepsight benchmark live`: the running graph at 30 Hz, measured from outside.

Three processes: the feed (benchmark_feed.py), the graph as bring-up starts it with the package's
parameter file, and this one, which listens, asks, and reads /proc. Truth comes from rebuilding the
feed's world; the distances judged are those of the live messages.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.serialization import deserialize_message
from rich.console import Console
from rich.table import Table

from deepsight_ros import msg
from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes import benchmark_feed, qos
from deepsight_ros.nodes.benchmark_truth import LiveAccuracy
from deepsight_ros.nodes.bringup_arguments import parse
from deepsight_ros.nodes.bringup_plan import make_plan, parameter_folder
from deepsight_ros.nodes.bringup_runner import command_line
from deepsight_ros.nodes.client import ServiceError, SpatialClient
from deepsight_ros.nodes.isolation import isolate
from deepsight_ros.nodes.process_meter import Usage, cores, hardware, usage
from deepsight_ros.srv import SpatialQuery

WARM_UP_S = 3.0
ASK_PERIOD_S = 0.5
UP_S = 60.0
"""Longest wait for each thing that must be there before it measures: a limit, not a figure."""
TARGETS: dict[str, tuple[str, float]] = {
    "frames_share": (">=", 0.995),
    "latency_median_ms": ("<=", 30.0),
    "latency_p99_ms": ("<=", 60.0),
    "cpu_cores": ("<=", 1.5),
    "rss_max_mib": ("<=", 1024.0),
    "ask_median_ms": ("<=", 30.0),
}
REWARD_TARGETS: dict[str, tuple[str, float]] = {"rewards_share": (">=", 0.995)}
HD_TARGETS: dict[str, tuple[str, float]] = {"rate_hz": (">=", 15.0)}
MODEL_QUESTION = "how far away is the nearest object?"
"""Asked of the model alone, again as soon as it has answered."""
QUESTIONS = (
    "how far away is the nearest object?",
    "how many objects are there?",
    "what is nearest to the gripper?",
)


class BenchmarkError(DeepsightError):
    """The benchmark could not be carried out."""


@dataclass
class Heard:
    """What arrived during the run; messages stay serialised until it is over."""

    distances: list[tuple[int, bytes]] = field(default_factory=list)
    rewards: list[tuple[int, bytes]] = field(default_factory=list)
    scenes: list[bytes] = field(default_factory=list)
    stages: dict[str, str] = field(default_factory=dict)
    segmenter: str = ""

    def on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith("perception: stages"):
                self.stages = {pair.key: pair.value for pair in status.values}
            elif status.name.endswith("perception: segmenter"):
                self.segmenter = status.message

    def on_distances(self, data: bytes) -> None:
        self.distances.append((time.time_ns(), data))

    def on_reward(self, data: bytes) -> None:
        self.rewards.append((time.time_ns(), data))

    def on_scene(self, data: bytes) -> None:
        if len(self.scenes) < 20_000:
            self.scenes.append(data)


def run_live(
    seconds: float = 60.0,
    width_px: int = 640,
    height_px: int = 480,
    seed: int = 0,
    console: Console | None = None,
    task: str = "",
    decoding: bool = False,
    segmenter: str = "",
) -> dict[str, Any]:
    """Run the benchmark, print its table and return the report.

    Args:
        task: also have its rewards annotated; "" for none.
        decoding: keep the depth-language model busy with one question after the other.
        segmenter: one of ``KINDS``; "" for that of the parameter file.

    Raises:
        BenchmarkError: nothing arrived, or the task was refused.
    """
    isolate()
    console = console or Console()
    given = ["source:=camera", "fixed_frame:=world", "gripper_frame:=gripper", "log_level:=warn"]
    if segmenter:
        given.append(f"segmenter:={segmenter}")
    plan = make_plan(parse(given))
    (graph_process,) = plan.processes
    with parameter_folder() as folder, SpatialClient() as client:
        heard = Heard()
        node = client.node
        node.create_subscription(
            msg.DistanceEstimates, "distances", heard.on_distances, qos.reliable(100), raw=True
        )
        node.create_subscription(
            DiagnosticArray, "/diagnostics", heard.on_diagnostics, qos.reliable(10)
        )
        graph = _start(command_line(plan, graph_process, Path(folder)), plan.environment)
        feed = None
        try:
            command = [sys.executable, "-m", "deepsight_ros.nodes.benchmark_feed"]
            command += ["--seed", str(seed), "--width", str(width_px), "--height", str(height_px)]
            client.wait_for_service(SpatialQuery, "ask", UP_S)
            feed = _start(command, plan.environment, stdout=subprocess.PIPE)
            about = _line(feed)
            _wait_for(lambda: heard.distances, UP_S, "a message on `distances`")
            time.sleep(WARM_UP_S)
            understood = ""
            if task:
                node.create_subscription(
                    msg.RewardAnnotation, "rewards", heard.on_reward, qos.reliable(100), raw=True
                )
                response = client.set_task(task)
                if not response.success:
                    raise BenchmarkError(f"live benchmark: the task: {response.message}")
                understood = response.message
                _wait_for(lambda: heard.rewards, UP_S, "a message on `rewards`")
            node.create_subscription(
                msg.Scene, "scene", _every(10, heard.on_scene), qos.reliable(100), raw=True
            )
            with _busy_model() if decoding else nullcontext([]) as decoded:
                started_ns = time.time_ns()
                readings, asked = _measure(client, graph.pid, seconds)
                ended_ns = time.time_ns()
            time.sleep(0.3)
        finally:
            _end(graph)
            if feed is not None:
                _end(feed)
    report = _report(heard, about, started_ns, ended_ns, readings, asked)
    report["accuracy"] = LiveAccuracy(
        benchmark_feed.simulation(seed, width_px, height_px), about
    ).judge(heard.scenes, [data for _, data in heard.distances])
    if task:
        report["task"] = understood
        report |= reward_figures(heard.rewards, about, started_ns, ended_ns)
    if decoding:
        report |= model_figures(decoded)
    report["size"] = f"{width_px}x{height_px}"
    report["stages_ms"] = heard.stages
    report["segmenter"] = heard.segmenter
    report["hardware"] = hardware()
    _print(report, console)
    return report


def _measure(client: SpatialClient, pid: int, seconds: float) -> tuple[list[Usage], list[Any]]:
    """Ask now and then, and read the graph's CPU and memory each second."""
    readings = [usage(pid)]
    asked: list[tuple[float, msg.SpatialAnswer]] = []
    end_s = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end_s:
        began_s = time.monotonic()
        try:
            answer = client.ask(QUESTIONS[number % len(QUESTIONS)])
        except ServiceError:  # counted with the statuses; a starved machine must not end the run
            answer = msg.SpatialAnswer(status_name="NO_RESPONSE")
        asked.append((time.monotonic() - began_s, answer))
        number += 1
        if began_s - readings[-1].at_s >= 1.0:
            readings.append(usage(pid))
        time.sleep(max(0.0, began_s + ASK_PERIOD_S - time.monotonic()))
    readings.append(usage(pid))
    return readings, asked


def _report(
    heard: Heard,
    about: dict[str, Any],
    started_ns: int,
    ended_ns: int,
    readings: list[Usage],
    asked: list[tuple[float, msg.SpatialAnswer]],
) -> dict[str, Any]:
    first, last = _ticks(about, started_ns, ended_ns)
    latency_ms = _latencies_ms(heard.distances, about, first, last)
    if not latency_ms:
        raise BenchmarkError("live benchmark: no `distances` arrived while it measured")
    values = np.array(list(latency_ms.values()))
    rss = np.array([r.rss_bytes for r in readings]) / 2**20
    answered = [seconds for seconds, answer in asked if answer.status == answer.OK]
    took = [seconds * 1e3 for seconds, _ in asked]
    statuses: dict[str, int] = {}
    for _, answer in asked:
        statuses[answer.status_name] = statuses.get(answer.status_name, 0) + 1
    return {
        "seconds": (ended_ns - started_ns) / 1e9,
        "frames_published": last - first + 1,
        "frames_answered": len(values),
        "frames_share": len(values) / (last - first + 1),
        "rate_hz": len(values) / ((ended_ns - started_ns) / 1e9),
        "latency_median_ms": float(np.median(values)),
        "latency_p99_ms": float(np.percentile(values, 99)),
        "latency_max_ms": float(values.max()),
        "ask_median_ms": float(np.median(took)) if took else None,
        "ask_p99_ms": float(np.percentile(took, 99)) if took else None,
        "ask_count": len(took),
        "ask_ok": len(answered),
        "ask_statuses": statuses,
        "cpu_cores": cores(readings),
        "rss_first_mib": float(rss[0]),
        "rss_last_mib": float(rss[-1]),
        "rss_max_mib": float(rss.max()),
        "rss_slope_mib_per_min": slope_mib_per_min(readings),
        "rss_mib": [round(float(v), 1) for v in rss],
    }


@contextmanager
def _busy_model() -> Iterator[list[tuple[float, msg.SpatialAnswer]]]:
    """Meanwhile a second client asks the model without a pause; (seconds, answer) of each.

    Raises:
        BenchmarkError: the model does not answer within a minute of its loading.
    """
    answers: list[tuple[float, msg.SpatialAnswer]] = []
    ended = threading.Event()

    def ask(client: SpatialClient) -> None:
        while not ended.is_set():
            began_s = time.monotonic()
            try:
                answer = client.ask(MODEL_QUESTION, method=SpatialQuery.Request.MODEL)
            except ServiceError:
                answer = msg.SpatialAnswer(status_name="NO_RESPONSE")
            answers.append((time.monotonic() - began_s, answer))
            if answer.method != SpatialQuery.Request.MODEL:
                time.sleep(0.2)  # not loaded yet, or refused: no storm of questions

    with SpatialClient() as client:
        thread = threading.Thread(target=ask, args=(client,), name="model-client")
        thread.start()
        try:
            _wait_for(
                lambda: any(a.method == SpatialQuery.Request.MODEL for _, a in answers),
                60.0,
                f"answer of the model ({[a.status_name for _, a in answers[-1:]]})",
            )
            answers.clear()
            yield answers
        finally:
            ended.set()
            thread.join()


def model_figures(answers: list[tuple[float, msg.SpatialAnswer]]) -> dict[str, Any]:
    """How many answers of the model came meanwhile, and how fast."""
    took_ms = [1e3 * s for s, a in answers if a.method == SpatialQuery.Request.MODEL]
    statuses: dict[str, int] = {}
    for _, answer in answers:
        statuses[answer.status_name] = statuses.get(answer.status_name, 0) + 1
    return {
        "model_answers": len(took_ms),
        "model_median_ms": float(np.median(took_ms)) if took_ms else None,
        "model_statuses": statuses,
    }


def reward_figures(
    rewards: list[tuple[int, bytes]], about: dict[str, Any], started_ns: int, ended_ns: int
) -> dict[str, Any]:
    """Share of the published frames with a reward, and image stamp to arrival.

    Args:
        rewards: (time of arrival, serialised RewardAnnotation).
        about: start_ns and rate_hz of the feed.
        started_ns, ended_ns: the stretch that counts.

    Raises:
        BenchmarkError: none arrived in it.
    """
    first, last = _ticks(about, started_ns, ended_ns)
    latency_ms = _latencies_ms(rewards, about, first, last)
    if not latency_ms:
        raise BenchmarkError("live benchmark: no `rewards` arrived while it measured")
    values = np.array(list(latency_ms.values()))
    read = [deserialize_message(data, msg.RewardAnnotation) for _, data in rewards]
    return {
        "rewards_share": len(values) / (last - first + 1),
        "rewards_measured_share": float(np.mean([r.valid and not r.held for r in read])),
        "reward_latency_median_ms": float(np.median(values)),
        "reward_latency_p99_ms": float(np.percentile(values, 99)),
    }


def _ticks(about: dict[str, Any], started_ns: int, ended_ns: int) -> tuple[int, int]:
    """First and last frame of the feed that was published between two times."""
    period_ns = 1e9 / about["rate_hz"]
    first = int(np.ceil((started_ns - about["start_ns"]) / period_ns))
    return first, int(np.floor((ended_ns - about["start_ns"]) / period_ns)) - 1


def _latencies_ms(
    arrived: list[tuple[int, bytes]], about: dict[str, Any], first: int, last: int
) -> dict[int, float]:
    """Frame of the feed -> time from its stamp to the arrival of the message about it."""
    latency_ms: dict[int, float] = {}
    for at_ns, data in arrived:
        stamp_ns = stamp_of(data)
        tick = round((stamp_ns - about["start_ns"]) * about["rate_hz"] / 1e9)
        if first <= tick <= last:
            latency_ms.setdefault(tick, (at_ns - stamp_ns) / 1e6)
    return latency_ms


def _print(report: dict[str, Any], console: Console) -> None:
    machine = report["hardware"]
    table = Table(
        title=f"Live, {report['size']} rgb8 + 16UC1 at 30 Hz, {report['seconds']:.0f} s "
        f"({machine['cpu']}, {machine['cores']} cores, load {machine['load']})"
    )
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_column("met")
    wanted = TARGETS if report["size"] == "640x480" else HD_TARGETS
    names = (*TARGETS, "rate_hz", "latency_max_ms", "ask_p99_ms")
    names += ("rss_first_mib", "rss_last_mib", "rss_slope_mib_per_min")
    if "task" in report:
        wanted = wanted | REWARD_TARGETS
        names += (*REWARD_TARGETS, "rewards_measured_share")
        names += ("reward_latency_median_ms", "reward_latency_p99_ms")
    for name in names:
        value = report[name]
        relation, limit = wanted.get(name, ("", 0.0))
        met = ""
        if relation and value is not None:
            met = "yes" if (value >= limit if relation == ">=" else value <= limit) else "no"
        shown = (
            "-" if value is None else f"{value:.3f}" if name.endswith("share") else f"{value:.1f}"
        )
        table.add_row(name, shown, f"{relation} {limit:g}" if relation else "", met)
    accuracy = report["accuracy"]
    for name, value in accuracy.items():
        shown = f"{value:.3f}" if isinstance(value, float) else str(value)
        table.add_row(f"accuracy: {name}", shown, "", "")
    if "task" in report:
        table.add_row("task", report["task"], "", "")
    if "model_answers" in report:
        table.add_row("answers of the model meanwhile", str(report["model_answers"]), "", "")
        table.add_row("model, median ms", f"{report['model_median_ms'] or 0:.0f}", "", "")
        table.add_row("model, statuses", json.dumps(report["model_statuses"]), "", "")
    table.add_row("segmenter", report["segmenter"] or "-", "", "")
    table.add_row("answers", json.dumps(report["ask_statuses"]), "", "")
    console.print(table)
    stages = Table("stage", "ms", title="Median of a frame, wall / processor")
    for name, value in report["stages_ms"].items():
        stages.add_row(name, value)
    console.print(stages)


def slope_mib_per_min(readings: list[Usage]) -> float | None:
    """Growth of memory by least squares over the second half of the readings, when what is loaded
    and filled once has been; None for less than ten of them."""
    late = readings[len(readings) // 2 :]
    if len(late) < 10:
        return None
    minutes = np.array([r.at_s for r in late]) / 60.0
    mib = np.array([r.rss_bytes for r in late]) / 2**20
    return float(np.polyfit(minutes - minutes[0], mib, 1)[0])


def stamp_of(data: bytes) -> int:
    """Header stamp of a serialised message that begins with a header (CDR, little endian)."""
    return int.from_bytes(data[4:8], "little", signed=True) * 1_000_000_000 + int.from_bytes(
        data[8:12], "little"
    )


def _every(step: int, take: Callable[[bytes], None]) -> Callable[[bytes], None]:
    count = 0

    def some(data: bytes) -> None:
        nonlocal count
        count += 1
        if count % step == 0:
            take(data)

    return some


def _start(command: list[str], environment: Any, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, **options
    )


def _line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise BenchmarkError(f"live benchmark: the feed ended with {process.wait()}")
    about: dict[str, Any] = json.loads(line)
    return about


def _wait_for(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise BenchmarkError(f"live benchmark: no {what} within {timeout_s:g} s")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(10.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
