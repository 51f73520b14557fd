"""Node `spatial_query`: services `ask` and `measure_distance`, action `reason`, topic `questions`.

A callback only hands its request to the desk (query_desk.py) and awaits the response; the desk
answers from the newest sighting of the process.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from std_msgs.msg import String

from deepsight_ros import msg
from deepsight_ros.action import Reason
from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import to_duration, to_ns
from deepsight_ros.nodes.desk_calls import at_desk
from deepsight_ros.nodes.diagnostics import OK, WARN, Meter, Report
from deepsight_ros.nodes.model_desk import ModelDesk
from deepsight_ros.nodes.model_names import ModelNamer
from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.query_answers import DistanceWork, QuestionWork
from deepsight_ros.nodes.query_desk import Job, QueryDesk
from deepsight_ros.nodes.reasoning import ReasonWork, deadline_of, in_thread, now_s
from deepsight_ros.nodes.settings import QueryAloneSettings, QuerySettings, VisionSettings
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.nodes.spinning import run
from deepsight_ros.nodes.vision import Vision
from deepsight_ros.perception.ready import make_ready
from deepsight_ros.questions.answering import warm_up
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.srv import MeasureDistance, SpatialQuery

FEEDBACK_DEPTH = 1000
"""Steps of a goal that wait to leave: an embedded plan takes milliseconds for dozens."""
CLOSE_S = 0.5
"""How long pending responses may take to leave when the node is closed."""


class SpatialQueryNode(DeepsightNode[QuerySettings]):
    """Answers questions about the newest frame.

    Args:
        sight: the process's; None: the node looks at the camera itself.
        options: passed on to rclpy.
    """

    def __init__(self, sight: Sight | None = None, **options: Any) -> None:
        settings = QueryAloneSettings if sight is None else QuerySettings
        super().__init__("spatial_query", settings, **options)
        self.sight = sight or Sight()
        self._looks_itself = sight is None
        self._vision: Vision | None = None
        self._desk: QueryDesk[Any] | None = None
        self._model: ModelDesk | None = None
        self._namer: ModelNamer | None = None
        self._answers: Any = None
        self._entities: list[Callable[[], Any]] = []
        self._group = ReentrantCallbackGroup()
        self._goal_jobs: dict[bytes, Job[Any]] = {}
        self._goals: dict[bytes, ReasonWork] = {}
        self.meter = Meter(60.0)

    # -- life -------------------------------------------------------------------------------

    def setup(self) -> None:
        if self._looks_itself:
            self._vision = Vision(self, self._vision_settings, self.fault_log, self.sight)
        self._model = ModelDesk(self.settings, self._say)
        warm_up()

    def _advertise(self) -> None:
        """Services appear when they can first be answered, and stay until the node is cleaned up,
        so that what was pending when it was deactivated still gets its response."""
        self._answers = self.create_publisher(
            msg.SpatialAnswer, "answers", qos.reliable(), qos_overriding_options=qos.overridable()
        )
        profile = qos.service(self.settings.max_pending)
        ask = self.create_service(
            SpatialQuery, "ask", self._on_ask, qos_profile=profile, callback_group=self._group
        )
        distance = self.create_service(
            MeasureDistance,
            "measure_distance",
            self._on_distance,
            qos_profile=profile,
            callback_group=self._group,
        )
        questions = self.create_subscription(
            String,
            "questions",
            self._on_question,
            qos.reliable(),
            callback_group=self._group,
            qos_overriding_options=qos.overridable(),
        )
        reason = ActionServer(
            self,
            Reason,
            "reason",
            self._on_reason,
            goal_callback=lambda _: GoalResponse.ACCEPT,
            cancel_callback=self._on_cancel,
            feedback_pub_qos_profile=qos.reliable(FEEDBACK_DEPTH),
            callback_group=self._group,
        )
        self._entities = [
            lambda: self.destroy_service(ask),
            lambda: self.destroy_service(distance),
            lambda: self.destroy_subscription(questions),
            reason.destroy,
            lambda: self.destroy_publisher(self._answers),
        ]

    def start(self) -> None:
        self._desk = QueryDesk(
            self.sight.board,
            self.now_ns,
            self.settings.max_pending,
            lambda text: self.fault_log.add("ask", "internal error", text),
        )
        if not self._entities:
            self._advertise()
        if self._vision is not None:
            self._vision.start()
        if self._model is not None:
            self._namer = ModelNamer(
                self.sight, self._model, lambda: self.settings.model_names_rate_hz
            )

    def stop(self) -> None:
        if self._namer is not None:
            self._namer.close()
            self._namer = None
        for work in list(self._goals.values()):
            work.cancelled.set()
        if self._desk is not None:
            self._desk.close()
            self._desk = None
        if self._vision is not None:
            self._vision.stop()

    def prepare_close(self) -> None:
        """Answer what is pending while the executor still runs, so that the answers leave."""
        if self._desk is None or not self._desk.pending:
            return
        self._desk.close()
        time.sleep(CLOSE_S)

    def teardown(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None
        for destroy in self._entities:
            destroy()
        self._entities = []
        if self._vision is not None:
            self._vision.close()
            self._vision = None

    def _vision_settings(self) -> VisionSettings:
        settings = self.settings
        assert isinstance(settings, QueryAloneSettings)
        return settings

    def _say(self, level: str, text: str) -> None:
        """What the model's client has to tell people."""
        getattr(self.get_logger(), level)(text)

    def reports(self) -> Iterable[Report]:
        desk = self._desk
        if desk is None:
            return []
        pending = desk.pending
        values: dict[str, object] = {
            "answered": self.meter.count,
            "pending": pending,
            "latency_median_s": self.meter.latency_s(),
            "latency_p99_s": self.meter.latency_s(99),
        }
        full = pending > self.settings.max_pending // 2
        text = "many questions are waiting" if full else f"{self.meter.count} answered"
        lines = [Report("questions", WARN if full else OK, text, values)]
        if self._model is not None:
            lines.append(self._model.report())
        return lines if self._vision is None else [*lines, *self._vision.reports()]

    # -- requests ---------------------------------------------------------------------------

    async def _on_ask(
        self, request: SpatialQuery.Request, response: SpatialQuery.Response
    ) -> SpatialQuery.Response:
        response.answer = await self._ask(self._question(request), request.timeout)
        return response

    async def _on_distance(
        self, request: MeasureDistance.Request, _: MeasureDistance.Response
    ) -> MeasureDistance.Response:
        request.request_id = request.request_id or made_up_id()
        work = DistanceWork(request, self.sight, self.settings, self.now_ns)
        result: MeasureDistance.Response = await self._ask(work, request.timeout)
        return result

    async def _on_question(self, message: String) -> None:
        work = self._question(SpatialQuery.Request(question=message.data))
        self._answers.publish(await self._ask(work))

    def _question(self, request: SpatialQuery.Request) -> QuestionWork:
        request.request_id = request.request_id or made_up_id()
        return QuestionWork(request, self.sight, self.settings, self.now_ns)

    async def _ask(self, work: Any, timeout: Any = None, goal_id: bytes | None = None) -> Any:
        """Hand a piece of work to the desk and wait for its response."""
        arrived_s = time.monotonic()
        refused = work.refuse_early()
        desk = self._desk
        if refused is None and desk is None:
            refused = work.refuse(Status.FAILED, "the node is not active; activate it first")
        if refused is not None or desk is None:
            self.meter.tick(time.monotonic() - arrived_s)
            return refused
        settings = self.settings
        seconds = to_ns(timeout) / 1e9 if timeout is not None else 0.0
        request = work.request
        max_age_s = to_ns(request.max_age) / 1e9 if hasattr(request, "max_age") else 0.0
        job: Job[Any] = Job(
            work=lambda sighting: self._guarded_work(work, sighting),
            refuse=work.refuse,
            timeout_s=seconds or settings.timeout_s,
            not_before_ns=to_ns(request.not_before),
            max_age_s=max_age_s or settings.max_age_s,
            arrived_s=arrived_s,
        )
        if goal_id is not None:
            self._goal_jobs[goal_id] = job
        response = await at_desk(self, desk, job)
        if isinstance(work, QuestionWork) and work.wants_model(response):
            response = await self._with_model(work, response, job)
        self.meter.tick(time.monotonic() - arrived_s)
        return response

    async def _with_model(
        self, work: QuestionWork, response: msg.SpatialAnswer, job: Job[Any]
    ) -> msg.SpatialAnswer:
        """Ask the model as well, in the time that is left."""
        model, asked_for = self._model, work.request.method == SpatialQuery.Request.MODEL
        if model is None or not (model.is_there or asked_for):
            return response
        assert work.sighting is not None and work.scene is not None
        done: Future = Future(executor=self.executor)

        def take(answer: Answer) -> None:
            done.set_result(answer)
            if self.executor is not None:
                self.executor.wake()

        left_s = max(0.0, job.deadline_s - time.monotonic())
        model.ask(work.sighting, work.scene, work.request.question, work.understood, left_s, take)
        return work.with_model(response, await done)

    def _guarded_work(self, work: Any, sighting: Sighting) -> Any:
        """Bad input inside a request is its own answer; anything else is the desk's to report."""
        try:
            return work.look(sighting) if isinstance(work, ReasonWork) else work.answer(sighting)
        except DeepsightError as error:
            return work.refuse(Status.UNSUPPORTED, str(error))

    # -- action -----------------------------------------------------------------------------

    def _on_cancel(self, goal: Any) -> CancelResponse:
        goal_id = bytes(goal.goal_id.uuid)
        if goal_id in self._goals:
            self._goals[goal_id].cancelled.set()
        job, desk = self._goal_jobs.get(goal_id), self._desk
        if job is not None and desk is not None:
            desk.cancel(job, "cancelled by the client")
        return CancelResponse.ACCEPT

    async def _on_reason(self, goal: Any) -> Reason.Result:
        """Take a fresh sighting, then work the task out on it in a thread of its own."""
        request = goal.request
        asked = SpatialQuery.Request(
            question=request.task,
            regions=request.regions,
            units=request.units,
            request_id=request.request_id or made_up_id(),
            not_before=request.not_before,
            target_frame=request.target_frame,
        )
        work = ReasonWork(request, asked, self.sight, self.settings, self.now_ns)
        seconds = to_ns(request.deadline) / 1e9 or self.settings.reason_deadline_s
        deadline_s = deadline_of(seconds, now_s())
        goal_id = bytes(goal.goal_id.uuid)
        self._goals[goal_id] = work
        try:
            found = await self._ask(work, to_duration(seconds), goal_id)
            if isinstance(found, Sighting):
                result: Reason.Result = await in_thread(
                    self,
                    lambda: work.work_out(found, deadline_s, goal.publish_feedback),
                    lambda error: self._failed(work, error),
                )
            else:
                result = Reason.Result(answer=found)
        finally:
            self._goal_jobs.pop(goal_id, None)
            self._goals.pop(goal_id, None)
        if goal.is_cancel_requested:
            goal.canceled()
        elif result.answer.status == msg.SpatialAnswer.OK:
            goal.succeed()
        else:
            goal.abort()
        return result

    def _failed(self, work: ReasonWork, error: Exception) -> Reason.Result:
        text = f"{type(error).__name__}: {error}"
        self.fault_log.add("reason", "internal error", text)
        return Reason.Result(answer=work.refuse(Status.FAILED, text))


def made_up_id() -> str:
    """An id for a request that has none."""
    return uuid.uuid4().hex[:12]


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros spatial_query`."""
    return run(lambda: [SpatialQueryNode()], arguments, prepare=make_ready)


if __name__ == "__main__":
    sys.exit(main())
