"""Node `reward_annotator`: services `set_task` and `reset_episode`; `rewards` at frame rate.

Rewards are measured in a thread of their own, so that perception does not wait for them; a frame
that comes while one is measured replaces the one that waits. After frames that perception lost, up
to two in three are left out, so that distances keep their rate. Both are counted as skipped.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup

from deepsight_ros import msg
from deepsight_ros.errors import DeepsightError, InvalidValueError
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import header, to_duration
from deepsight_ros.nodes.desk_calls import at_desk
from deepsight_ros.nodes.diagnostics import OK, Report
from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.query_desk import Job, QueryDesk
from deepsight_ros.nodes.settings import RewardAloneSettings, RewardSettings, VisionSettings
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.nodes.slot import LatestSlot, Worker
from deepsight_ros.nodes.spinning import run
from deepsight_ros.nodes.vision import Vision
from deepsight_ros.perception.ready import make_ready
from deepsight_ros.reward.annotator import Annotator
from deepsight_ros.reward.episode import RewardStep
from deepsight_ros.reward.reading import Reader, find_tracked
from deepsight_ros.reward.tasks import GRIPPER, Task, parse_task
from deepsight_ros.scene.objects import Scene
from deepsight_ros.srv import ResetEpisode, SetRewardTask

SET_TIMEOUT_S = 3.0
"""How long set_task waits for an image to find its objects in."""
MOST_TASK_CHARS = 2000
MOST_LEFT_OUT = 2
"""Frames in a row that may go without a reward because perception lost frames before them."""


class RewardAnnotatorNode(DeepsightNode[RewardSettings]):
    """Annotates every frame with the reward of the task in force.

    Args:
        sight: the process's; None: the node looks at the camera itself.
        options: passed on to rclpy.
    """

    def __init__(self, sight: Sight | None = None, **options: Any) -> None:
        settings = RewardAloneSettings if sight is None else RewardSettings
        super().__init__("reward_annotator", settings, **options)
        self.sight = sight or Sight()
        self._looks_itself = sight is None
        self._vision: Vision | None = None
        self._desk: QueryDesk[SetRewardTask.Response] | None = None
        self._rewards: Any = None
        self._publishing = threading.Lock()
        self._entities: list[Callable[[], Any]] = []
        self._unlisten: Callable[[], None] | None = None
        self._episode: Annotator | None = None
        self._lock = threading.Lock()
        self._slot: LatestSlot[Sighting] = LatestSlot()
        self._worker: Worker[Sighting] | None = None
        self._told_skipped = self._skipped = self._left_out = self._lost_before = 0

    # -- life -------------------------------------------------------------------------------

    def setup(self) -> None:
        if self._looks_itself:
            self._vision = Vision(self, self._vision_settings, self.fault_log, self.sight)
        self._rewards = self.create_lifecycle_publisher(
            msg.RewardAnnotation,
            "rewards",
            qos.reliable(),
            qos_overriding_options=qos.overridable(),
        )
        group = ReentrantCallbackGroup()
        set_task = self.create_service(
            SetRewardTask, "set_task", self._on_set_task, callback_group=group
        )
        reset = self.create_service(
            ResetEpisode, "reset_episode", self._on_reset, callback_group=group
        )
        self._entities = [
            lambda: self.destroy_service(set_task),
            lambda: self.destroy_service(reset),
            self._stop_publishing,
        ]

    def start(self) -> None:
        if self.settings.task:
            self._begin(parse_task(self.settings.task), "")
        self._desk = QueryDesk(
            self.sight.board,
            self.now_ns,
            16,
            lambda text: self.fault_log.add("set_task", "internal error", text),
        )
        self._slot = LatestSlot()
        self._told_skipped = self._skipped = self._left_out = self._lost_before = 0
        self._worker = Worker("rewards", self._slot, self._annotate, self._on_error)
        self._unlisten = self.sight.board.listen(self._put)
        if self._vision is not None:
            self._vision.start()

    def stop(self) -> None:
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self._worker is not None:
            if not self._worker.stop():
                self.fault_log.add("rewards", "slow stop", "the frame in hand did not end in 5 s")
            self._worker = None
        if self._desk is not None:
            self._desk.close()
            self._desk = None
        if self._vision is not None:
            self._vision.stop()

    def teardown(self) -> None:
        for destroy in self._entities:
            destroy()
        self._entities = []
        self._episode = None
        if self._vision is not None:
            self._vision.close()
            self._vision = None

    def _stop_publishing(self) -> None:
        with self._publishing:
            publisher, self._rewards = self._rewards, None
        self.destroy_lifecycle_publisher(publisher)

    def _vision_settings(self) -> VisionSettings:
        settings = self.settings
        assert isinstance(settings, RewardAloneSettings)
        return settings

    def reports(self) -> Iterable[Report]:
        episode = self._episode
        if episode is None:
            line = Report("task", OK, "none set")
        else:
            values: dict[str, object] = {
                "episode": episode.episode_id,
                "steps": episode.episode.steps,
                "skipped": self.skipped,
                "objects": " ".join(episode.reader.object_ids) or "not in view yet",
            }
            line = Report("task", OK, episode.task.text, values)
        return [line] if self._vision is None else [line, *self._vision.reports()]

    # -- services ---------------------------------------------------------------------------

    async def _on_set_task(
        self, request: SetRewardTask.Request, response: SetRewardTask.Response
    ) -> SetRewardTask.Response:
        if not request.task.strip():
            with self._lock:
                self._episode = None
            response.success, response.message = True, "no task is annotated any more"
            return response
        desk = self._desk
        if desk is None:
            response.message = "the node is not active; activate it first"
            return response
        if len(request.task) > MOST_TASK_CHARS:
            response.message = (
                f"got a task of {len(request.task)} characters, expected at most {MOST_TASK_CHARS}"
            )
            return response
        success_m = request.success_distance
        if not (np.isfinite(success_m) and success_m >= 0):
            response.message = (
                f"got success_distance {success_m}, expected 0 (the parameter) or more metres"
            )
            return response
        try:
            task = parse_task(request.task)
        except InvalidValueError as error:
            response.message = str(error)
            return response
        job: Job[SetRewardTask.Response] = Job(
            work=lambda sighting: self._set_task(request, task, sighting),
            refuse=lambda status, reason: self._set_unseen(request, task, reason),
            timeout_s=SET_TIMEOUT_S,
            max_age_s=SET_TIMEOUT_S,
        )
        return await at_desk(self, desk, job)

    def _on_reset(
        self, request: ResetEpisode.Request, response: ResetEpisode.Response
    ) -> ResetEpisode.Response:
        with self._lock:
            old = self._episode
        if old is None:
            response.message = "no task is set; call set_task first"
            return response
        new = self._begin(old.task, request.episode_id, old.reader, old.success_m)
        response.success = True
        response.ended_episode_id = old.episode_id
        response.ended_steps = old.episode.steps
        response.episode_id = new.episode_id
        return response

    # -- episodes ---------------------------------------------------------------------------

    def _begin(
        self, task: Task, episode_id: str, reader: Reader | None = None, success_m: float = 0.0
    ) -> Annotator:
        """A new episode; ``reader`` has found the things of the task already."""
        settings = self.settings
        made = Annotator(
            task,
            success_m or settings.success_distance_m,
            settings.success_hysteresis_m,
            episode_id or uuid.uuid4().hex[:12],
        )
        if reader is not None:
            made.reader.follow(reader)
        with self._lock:
            self._episode = made
        return made

    def _set_task(
        self, request: SetRewardTask.Request, task: Task, sighting: Sighting
    ) -> SetRewardTask.Response:
        """Find the objects of the task in a sighting and begin; the task before stays if not."""
        reader, reason = Reader(task), ""
        try:
            scene = self.sight.with_regions(sighting, request.regions)
        except DeepsightError as error:
            return SetRewardTask.Response(message=str(error))
        try:
            reader.gripper_id = _pointed_gripper(request.regions, scene)
            reader.ground(scene)
        except DeepsightError as error:
            reason = str(error)
            if request.regions:
                return SetRewardTask.Response(message=reason)
        episode = self._begin(task, request.episode_id, reader, request.success_distance)
        ids = list(reader.object_ids)
        message = task.in_words() + (f" ({', '.join(ids)})" if ids else "")
        if reader.gripper_id:
            message += f"; the gripper is {reader.gripper_id}"
        return SetRewardTask.Response(
            success=True,
            message=f"{message}; {reason}" if reason else message,
            episode_id=episode.episode_id,
            object_ids=ids,
        )

    def _set_unseen(
        self, request: SetRewardTask.Request, task: Task, reason: str
    ) -> SetRewardTask.Response:
        """No image came: words can wait for one, regions cannot."""
        if request.regions:
            return SetRewardTask.Response(message=f"no image to look for regions in: {reason}")
        episode = self._begin(task, request.episode_id, success_m=request.success_distance)
        text = f"{task.in_words()}; not in view yet: {reason}"
        return SetRewardTask.Response(success=True, message=text, episode_id=episode.episode_id)

    # -- in the perception worker -------------------------------------------------------------

    def _put(self, sighting: Sighting) -> None:
        if self._episode is None:
            return
        vision = self.sight.vision
        lost = 0 if vision is None else vision.lost
        is_behind, self._lost_before = lost > self._lost_before, lost
        if is_behind and self._left_out < MOST_LEFT_OUT:
            self._left_out += 1
            self._skipped += 1
            return
        self._left_out = 0
        self._slot.put(sighting)

    @property
    def skipped(self) -> int:
        """Frames since activation that no reward was measured of, for want of time."""
        return self._skipped + self._slot.overtaken

    # -- in the rewards' worker ---------------------------------------------------------------

    def _on_error(self, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.fault_log.add("rewards", f"internal error: {type(error).__name__}", trace)

    def _annotate(self, sighting: Sighting) -> None:
        with self._lock:
            episode = self._episode
        if episode is None:
            return
        skipped = self.skipped
        if skipped > self._told_skipped:
            text = f"{skipped} frames have no reward: the computer is too slow for every one"
            self.fault_log.add("rewards", "frames skipped", text)
            self._told_skipped = skipped
        began_s = time.perf_counter()
        step = episode.annotate(sighting.stamp_ns, sighting.scene, sighting.fixed_from_camera)
        if time.perf_counter() - began_s > 0.1:
            self.fault_log.add("rewards", "slow", "measuring one reward took more than 0.1 s")
        with self._publishing:  # the node may have been cleaned up during the step
            if self._rewards is not None:
                self._rewards.publish(annotation(step, episode, sighting))


def _pointed_gripper(regions: Sequence[msg.Region], scene: Scene) -> str:
    """The tracked object under the region labelled "gripper", "" where there is no such region.

    Raises:
        InvalidValueError: several regions are labelled so.
        UnknownReferenceError: no tracked object is under it.
    """
    names = [
        region.id or f"region{index}"
        for index, region in enumerate(regions)
        if region.label.strip().lower() == GRIPPER
    ]
    if len(names) > 1:
        raise InvalidValueError(
            f"regions: got {len(names)} labelled '{GRIPPER}' ({', '.join(names)}), expected one"
        )
    return find_tracked(names[0], scene) if names else ""


def annotation(step: RewardStep, episode: Annotator, sighting: Sighting) -> msg.RewardAnnotation:
    """The message of one step."""
    return msg.RewardAnnotation(
        header=header(sighting.stamp_ns, sighting.scene.frame_id),
        episode_id=episode.episode_id,
        task=episode.task.text,
        step=step.step,
        elapsed=to_duration(step.elapsed_s),
        valid=step.valid,
        held=step.held,
        reason=step.reason,
        reward=step.reward,
        progress=step.progress,
        success=step.success,
        distance=step.distance_m,
        lower=step.lower_m,
        upper=step.upper_m,
        term_names=list(step.terms),
        term_values=list(step.terms.values()),
        object_ids=list(episode.reader.object_ids),
    )


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros reward_annotator`."""
    return run(lambda: [RewardAnnotatorNode()], arguments, prepare=make_ready)


if __name__ == "__main__":
    sys.exit(main())
