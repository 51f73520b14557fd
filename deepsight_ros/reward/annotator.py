"""Scenes in, reward steps out: a task's reader and its episodes together, for nodes and replay."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.reward.episode import Episode, RewardStep
from deepsight_ros.reward.reading import Reader
from deepsight_ros.reward.tasks import Task
from deepsight_ros.scene.objects import Scene

SUCCESS_M, HYSTERESIS_M = 0.03, 0.01


@dataclass
class Annotator:
    """Annotates frame after frame.

    Attributes:
        task: what is to be done.
        success_m: what may be left for it to count as done, unless the task says it.
        hysteresis_m: see ``Episode``.
        episode_id: of the episode in hand.
        reader: what is measured.
        episode: its arithmetic.
    """

    task: Task
    success_m: float = SUCCESS_M
    hysteresis_m: float = HYSTERESIS_M
    episode_id: str = "0"
    reader: Reader = field(init=False)
    episode: Episode = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.task)
        self.reset(self.episode_id)

    def reset(self, episode_id: str) -> None:
        """Begin an episode of the same task."""
        self.episode_id = episode_id
        self.reader.reset()
        success_m = self.task.success_m or self.success_m
        self.episode = Episode(self.task, success_m, self.hysteresis_m)

    def annotate(
        self, stamp_ns: int, scene: Scene, fixed_from_camera: RigidTransform | None = None
    ) -> RewardStep:
        """The reward of the next frame; one that cannot be measured is held, and says why."""
        try:
            reading = self.reader.read(scene, fixed_from_camera)
        except DeepsightError as error:
            return self.episode.update(stamp_ns, None, str(error))
        return self.episode.update(stamp_ns, reading)
