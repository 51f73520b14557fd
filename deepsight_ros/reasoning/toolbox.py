"""Toolbox: the only hands a planner has. Catalogue questions in, answers out, each a step.

It counts steps, keeps the deadline, notices a cancel before and after every question, and tells
the caller of each finished step. Nothing else can be called through it: ``ask`` takes text that
the catalogue understands or refuses, ``measure`` takes a quantity (docs/semantics.md) and ids.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from deepsight_ros.errors import (
    DeepsightError,
    NeedsGravityError,
    NoDepthError,
    UnknownReferenceError,
)
from deepsight_ros.questions.answering import answer as answer_question
from deepsight_ros.questions.referring import describe
from deepsight_ros.questions.speaking import speak
from deepsight_ros.reasoning.values import Step, StoppedError
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID, measure
from deepsight_ros.scene.measurement import OFFSET_UNITS, QUANTITY_UNITS, Measurement
from deepsight_ros.scene.objects import Scene, UpSource

_STATUS: tuple[tuple[type[DeepsightError], Status], ...] = (
    (NeedsGravityError, Status.UNSUPPORTED),
    (NoDepthError, Status.NO_DEPTH),
    (UnknownReferenceError, Status.NOT_FOUND),
)
_QUESTIONS: dict[str, str] = {
    "surface_distance": "How far is {0} from {1}?",
    "centre_distance": "What is the distance between the centres of {0} and {1}?",
    "horizontal_distance": "What is the horizontal distance between {0} and {1}?",
    "vertical_distance": "What is the vertical distance between {0} and {1}?",
    "offset_ahead": "How far ahead of {1} is {0}?",
    "offset_sideways": "How far to the side of {1} is {0}?",
    "height": "How tall is {0}?",
    "top": "How high does {0} reach?",
    "width": "How wide is {0}?",
    "depth": "How deep is {0}?",
    "length": "How long is {0}?",
    "breadth": "What is the breadth of {0}?",
    "grasp_width": "How far must the gripper open to grasp {0}?",
    "thickness": "How thick is {0}?",
    "diameter": "What is the diameter of {0}?",
    "volume": "What is the volume of {0}?",
    "range": "How far is {0} from the camera?",
}

_SIDES = {
    "offset_ahead": ("farther away", "nearer"),
    "offset_sideways": ("to the left", "to the right"),
}
"""What the sign of an offset means, positive first."""


class Toolbox:
    """Asks the catalogue about one scene.

    Args:
        scene: asked about; every step rests on this one image.
        units: "metric" or "imperial", for answers.
        regions: ids of regions that came with the task.
        max_steps: most questions.
        deadline_s: time.monotonic() at which to stop, None for never.
        is_cancelled: asked before and after every step.
        on_step: told of every finished step.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        units: str = "metric",
        regions: Sequence[str] = (),
        max_steps: int = 64,
        deadline_s: float | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self._scene = scene
        self.units = units
        self.regions = tuple(regions)
        self.deadline_s = deadline_s
        self.max_steps = max_steps
        self._is_cancelled = is_cancelled
        self._on_step = on_step
        self._steps: list[Step] = []
        self._known_already: dict[tuple[str, tuple[str, ...]], Measurement] = {}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every finished step."""
        return tuple(self._steps)

    @property
    def has_gripper(self) -> bool:
        """Whether the gripper may be asked about."""
        return self._scene.gripper is not None or any(o.is_gripper for o in self._scene.objects)

    @property
    def knows_up(self) -> bool:
        """Whether heights and horizontal distances can be asked for."""
        return self._scene.up is not UpSource.UNKNOWN

    @property
    def knows_support(self) -> bool:
        """Whether heights count from a surface that things stand on."""
        return self.knows_up and self._scene.support is not None

    def part_of(self, object_id: str) -> str:
        """Id of the named thing that an unnamed fragment is taken for a part of, else "".

        Segmentation may leave pieces of a thing beside it. A piece has no name, no region and no
        role, and the middle of its box lies inside the box of something that has a name.
        """
        piece = next((o for o in self._scene.objects if o.id == object_id), None)
        if piece is None or piece.label or piece.is_region or piece.is_gripper:
            return ""
        for whole in self._scene.objects:
            if whole is not piece and whole.label and not whole.is_region:
                box = whole.box
                c, s = math.cos(box.yaw_rad), math.sin(box.yaw_rad)
                x, y, z = (piece.box.centre_m - box.centre_m).tolist()
                own = np.abs([c * x + s * y, c * y - s * x, z])
                if bool((own <= box.size_m / 2).all()):
                    return whole.id
        return ""

    def name(self, object_id: str) -> str:
        """A name for an object, in words where they tell it from the others."""
        if object_id == CAMERA_ID:
            return "the camera"
        return describe(object_id, self._scene)

    def check(self) -> None:
        """Stop here if cancelled or out of time.

        Raises:
            StoppedError: FAILED when cancelled, TIMEOUT when the deadline has passed.
        """
        done = f"{len(self._steps)} steps were finished"
        if self._is_cancelled():
            raise StoppedError(Status.FAILED, f"cancelled by the client; {done}")
        if self.deadline_s is not None and time.monotonic() >= self.deadline_s:
            raise StoppedError(Status.TIMEOUT, f"the deadline passed; {done}")

    def ask(self, question: str, so_far: Callable[[Answer], str] | None = None) -> Answer:
        """Ask the catalogue; the answer may have any status.

        Args:
            question: any text; what the catalogue does not understand is answered UNSUPPORTED.
            so_far: puts the conclusion after this answer in words; None: the answer's text.

        Raises:
            StoppedError: cancelled, out of time or out of steps.
        """
        self._before()
        made = answer_question(question, self._scene, units=self.units, regions=self.regions)
        return self._after(question, made, so_far)

    def measure(
        self,
        quantity: str,
        *object_ids: str,
        so_far: Callable[[Answer], str] | None = None,
    ) -> Measurement:
        """Ask for a quantity of objects by id ("camera" and "gripper" too); once, then remember.

        Raises:
            StoppedError: as ``ask``, and when it cannot be measured (with the status that says
                why).
        """
        if (quantity, object_ids) in self._known_already:
            return self._known_already[quantity, object_ids]
        self._before()
        template = _QUESTIONS[quantity]
        question = template.format(*(self.name(i) for i in object_ids))
        try:
            measured = measure(self._scene, quantity, self._known(object_ids))
        except DeepsightError as error:
            status = next((s for kind, s in _STATUS if isinstance(error, kind)), Status.FAILED)
            made = self._answer(question, quantity, object_ids, status, str(error), ())
            self._after(question, made, so_far)
            raise StoppedError(status, str(error), object_ids) from error
        text = f"{self._said(measured)}."
        made = self._answer(question, quantity, object_ids, Status.OK, text, (measured,))
        self._after(question, made, so_far)
        self._known_already[quantity, object_ids] = measured
        return measured

    def _said(self, measured: Measurement) -> str:
        """A measurement in words; an offset with its side in place of a sign."""
        words = _SIDES.get(measured.quantity)
        if words is None:
            return speak(measured, "", self.units)
        flip = measured.value < 0
        low, high = (
            (-measured.upper, -measured.lower) if flip else (measured.lower, measured.upper)
        )
        if low < 0:
            size = max(-low, high)
            most = replace(measured, value=size, lower=size, upper=size)
            return f"within {speak(most, '', self.units)}, to either side"
        size_of = replace(measured, value=abs(measured.value), lower=low, upper=high)
        return f"{speak(size_of, '', self.units)} {words[flip]}"

    def _known(self, ids: Sequence[str]) -> tuple[str, ...]:
        gripper = next((o.id for o in self._scene.objects if o.is_gripper), GRIPPER_ID)
        return tuple(gripper if i == GRIPPER_ID else i for i in ids)

    def _answer(
        self,
        question: str,
        quantity: str,
        ids: Sequence[str],
        status: Status,
        text: str,
        measurements: tuple[Measurement, ...],
    ) -> Answer:
        value = measurements[0].value if measurements else None
        return Answer(
            status=status,
            question=question,
            text=text[:1].upper() + text[1:],
            question_type=quantity,
            quantity=quantity,
            object_ids=tuple(ids),
            value=value,
            unit={**QUANTITY_UNITS, **OFFSET_UNITS}[quantity] if measurements else "",
            measurements=measurements,
            stamp_ns=self._scene.stamp_ns,
            frame_id=self._scene.frame_id,
        )

    def _before(self) -> None:
        self.check()
        if len(self._steps) >= self.max_steps:
            raise StoppedError(
                Status.FAILED,
                f"the task needs more than {self.max_steps} questions; raise max_steps or name "
                "fewer objects",
            )

    def _after(
        self, question: str, made: Answer, so_far: Callable[[Answer], str] | None
    ) -> Answer:
        conclusion = ""
        if made.status is Status.OK:
            conclusion = made.text if so_far is None else so_far(made)
        step = Step(len(self._steps) + 1, question, made, conclusion)
        self._steps.append(step)
        self._on_step(step)
        self.check()
        return made
