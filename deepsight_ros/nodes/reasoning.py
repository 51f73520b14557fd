"""The action `reason`, without ROS entities of its own: a goal in, feedback and a result out.

The desk gives a fresh sighting (or STALE, TIMEOUT); a thread of the goal's own then works the task
out on that one image, so that a slow planner never keeps `ask` waiting. Every finished step is
published as it comes; a cancel or a passed deadline ends it around the step at hand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from deepsight_ros import msg
from deepsight_ros.action import Reason
from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes.query_answers import QuestionWork
from deepsight_ros.nodes.scene_messages import answer_message
from deepsight_ros.nodes.settings import QuerySettings
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.reasoning.choice import planner
from deepsight_ros.reasoning.reasoning import Planner, reason
from deepsight_ros.reasoning.values import Decision, Reasoned, Step
from deepsight_ros.scene.answer import Answer, Status

MARGIN_S, MARGIN_SHARE = 0.05, 0.1
"""A result leaves this long before its deadline (or this share of the time, if that is less)."""


class ReasonWork(QuestionWork):
    """One goal: the request of an `ask` with the same words, and how to work it out.

    Args:
        goal: Reason.Goal.
        question: the goal as the request of an `ask`.
        sight, settings, now_ns: as of every request.
    """

    def __init__(
        self,
        goal: Reason.Goal,
        question: Any,
        sight: Sight,
        settings: QuerySettings,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(question, sight, settings, now_ns)
        self.goal = goal
        self.cancelled = threading.Event()
        self._planner: Planner | None = None

    def refuse_early(self) -> msg.SpatialAnswer | None:
        """As of a question; also planners that are not known or not set up."""
        settings = self._settings
        try:
            self._planner = planner(
                self.goal.planner or settings.reason_planner,
                address=settings.chat_address,
                model=settings.chat_model,
                key_variable=settings.chat_key_variable,
            )
        except (DeepsightError, ImportError) as error:
            return self.refuse(Status.UNSUPPORTED, str(error))
        return super().refuse_early()

    def look(self, sighting: Sighting) -> Sighting:
        """What the desk does for a goal: hand over the sighting."""
        return sighting

    def work_out(
        self, sighting: Sighting, deadline_s: float, publish: Callable[[Reason.Feedback], None]
    ) -> Reason.Result:
        """Work the task out; runs in a thread of its own."""
        try:
            return self._work_out(sighting, deadline_s, publish)
        except DeepsightError as error:
            return Reason.Result(answer=self.refuse(Status.UNSUPPORTED, str(error)))

    def _work_out(
        self, sighting: Sighting, deadline_s: float, publish: Callable[[Reason.Feedback], None]
    ) -> Reason.Result:
        request, settings = self.request, self._settings
        scene = self._sight.with_regions(sighting, request.regions)
        out_frame, out_from_optical = self.out_frame(request.target_frame, scene)
        steps: list[msg.SpatialAnswer] = []

        def message(answer: Answer) -> msg.SpatialAnswer:
            return answer_message(
                answer,
                request.request_id,
                scene=scene,
                out_frame=out_frame,
                out_from_optical=out_from_optical,
                latency_s=self.latency_s(),
                age_s=self.age_s(scene),
            )

        def on_step(step: Step) -> None:
            steps.append(message(step.answer))
            feedback = Reason.Feedback(step=step.number, question=step.question)
            feedback.answer, feedback.conclusion = steps[-1], step.conclusion
            publish(feedback)

        assert self._planner is not None
        found: Reasoned = reason(
            request.question,
            scene,
            self._planner,
            units=request.units or settings.units,
            regions=[r.id or f"region{index}" for index, r in enumerate(request.regions)],
            max_steps=self.goal.max_steps or settings.reason_max_steps,
            deadline_s=deadline_s,
            is_cancelled=self.cancelled.is_set,
            on_step=on_step,
        )
        result = Reason.Result(answer=message(found.answer), steps=steps)
        if found.decision is not Decision.NONE:
            result.outcome = found.decision.value
        result.family = found.family
        return result


async def in_thread(
    node: Node, work: Callable[[], Any], on_error: Callable[[Exception], Any]
) -> Any:
    """Run work in a thread of its own and await it without holding the executor."""
    done: Future = Future(executor=node.executor)

    def run() -> None:
        try:
            made = work()
        except Exception as error:  # noqa: BLE001 - one bad goal must not leave the action waiting
            made = on_error(error)
        done.set_result(made)
        executor = node.executor
        if executor is not None:
            executor.wake()

    threading.Thread(target=run, name="reason", daemon=True).start()
    return await done


def deadline_of(seconds: float, arrived_s: float) -> float:
    """time.monotonic() at which the result must leave."""
    return arrived_s + seconds - min(MARGIN_S, MARGIN_SHARE * seconds)


def now_s() -> float:
    """The clock of deadlines."""
    return time.monotonic()
