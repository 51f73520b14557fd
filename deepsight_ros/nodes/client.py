"""SpatialClient: one verb per service of the graph, for scripts, the command line and tests.

    with SpatialClient() as robot:
        answer = robot.ask("how far is the mug from the bowl?")
        if answer.status == answer.OK:
            print(answer.text, answer.measurements[0].lower, answer.measurements[0].upper)

Every call returns the message of the service; ServiceError says which service did not answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.node import Node

from deepsight_ros import msg
from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import to_duration, to_time
from deepsight_ros.nodes.dds_profile import use_image_profile
from deepsight_ros.nodes.spinning import Spinner, settle
from deepsight_ros.srv import MeasureDistance, ResetEpisode, SetRewardTask, SpatialQuery

GRACE_S = 1.0
"""How much longer than its timeout a call waits: the way there and back."""


class ServiceError(DeepsightError):
    """A service that is not there, or did not answer in time."""


class SpatialClient:
    """Talks to a running graph from a node and a context of its own.

    Args:
        namespace: of the graph.
        context: an initialised context; None makes one, with the image profile in force.
    """

    def __init__(self, namespace: str = "", context: Context | None = None) -> None:
        self._owns_context = context is None
        if context is None:
            use_image_profile()
            context = Context()
            rclpy.init(context=context)
        self.context = context
        self.node = Node("deepsight_client", namespace=namespace, context=context)
        self._clients: dict[str, Any] = {}
        self._spinner = Spinner(self.node)
        self._lock = threading.Lock()

    def __enter__(self) -> SpatialClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the graph."""
        self._spinner.stop()
        if self._owns_context:
            settle(self.node)
        self.node.destroy_node()
        if self._owns_context:
            self.context.try_shutdown()

    def ask(
        self,
        question: str,
        *,
        regions: Sequence[msg.Region] = (),
        method: str = "",
        units: str = "",
        not_before_ns: int = 0,
        max_age_s: float = 0.0,
        target_frame: str = "",
        timeout_s: float = 2.0,
        request_id: str = "",
    ) -> msg.SpatialAnswer:
        """Ask a question; see srv/SpatialQuery.srv for every argument."""
        request = SpatialQuery.Request(
            question=question,
            regions=list(regions),
            method=method,
            units=units,
            request_id=request_id,
            not_before=to_time(not_before_ns),
            max_age=to_duration(max_age_s),
            target_frame=target_frame,
            timeout=to_duration(timeout_s),
        )
        return self.call(SpatialQuery, "ask", request, timeout_s).answer

    def measure_distance(
        self,
        from_object: str,
        to_object: str,
        *,
        definition: str = "",
        regions: Sequence[msg.Region] = (),
        target_frame: str = "",
        timeout_s: float = 2.0,
    ) -> MeasureDistance.Response:
        """Distance between two things by id, words, "<region0>", "camera" or "gripper"."""
        request = MeasureDistance.Request(
            from_object=from_object,
            to_object=to_object,
            definition=definition,
            regions=list(regions),
            target_frame=target_frame,
            timeout=to_duration(timeout_s),
        )
        return self.call(MeasureDistance, "measure_distance", request, timeout_s)

    def set_task(
        self, task: str, success_distance_m: float = 0.0, regions: Sequence[msg.Region] = ()
    ) -> SetRewardTask.Response:
        """Set the task that `rewards` is about; a region labelled "gripper" is the gripper."""
        request = SetRewardTask.Request(
            task=task, success_distance=success_distance_m, regions=list(regions)
        )
        return self.call(SetRewardTask, "set_task", request, 2.0)

    def reset_episode(self) -> ResetEpisode.Response:
        """Begin the next episode of the same task."""
        return self.call(ResetEpisode, "reset_episode", ResetEpisode.Request(), 2.0)

    def latest(self, kind: Any, topic: str, timeout_s: float = 5.0, profile: Any = 10) -> Any:
        """The next message of a topic; ServiceError when none comes."""
        got: list[Any] = []
        arrived = threading.Event()

        def take(message: Any) -> None:
            got.append(message)
            arrived.set()

        subscription = self.node.create_subscription(kind, topic, take, profile)
        try:
            if not arrived.wait(timeout_s):
                raise ServiceError(f"{topic}: no message within {timeout_s:g} s")
            return got[0]
        finally:
            self.node.destroy_subscription(subscription)

    def wait_for_service(self, kind: Any, name: str, timeout_s: float) -> None:
        """Wait until a service is there; ServiceError when it is not in time."""
        deadline_s = time.monotonic() + timeout_s
        client = self._client(kind, name)
        while not client.service_is_ready():
            if time.monotonic() > deadline_s:
                raise ServiceError(
                    f"{client.srv_name}: no such service within {timeout_s:g} s; is the graph "
                    "running (deepsight bringup), in this namespace and ROS_DOMAIN_ID?"
                )
            time.sleep(0.02)

    def call(self, kind: Any, name: str, request: Any, timeout_s: float) -> Any:
        """Call any service and wait for its response."""
        client = self._client(kind, name)
        self.wait_for_service(kind, name, max(timeout_s, 5.0))
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        if not done.wait(timeout_s + GRACE_S):
            client.remove_pending_request(future)
            raise ServiceError(f"{client.srv_name}: no response within {timeout_s + GRACE_S:g} s")
        return future.result()

    def _client(self, kind: Any, name: str) -> Any:
        with self._lock:
            if name not in self._clients:
                self._clients[name] = self.node.create_client(
                    kind, name, qos_profile=qos.service()
                )
            return self._clients[name]
