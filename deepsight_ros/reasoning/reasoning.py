"""reason: task, scene, planner in; ``Reasoned`` out. The one way for node, command, benchmark.

A planner is anything with ``work_out(task, tools) -> Finding``: the embedded one (embedded.py) or
a chat endpoint (chat.py). Whatever it does, every number comes from the toolbox's measurements.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from deepsight_ros.reasoning.toolbox import Toolbox
from deepsight_ros.reasoning.values import (
    NOT_A_SAFETY_FUNCTION,
    Decision,
    Finding,
    Reasoned,
    Step,
    StoppedError,
)
from deepsight_ros.scene.answer import Answer, Method, Status
from deepsight_ros.scene.measurement import Measurement
from deepsight_ros.scene.objects import Scene

DEFAULT_STEPS = 64
_SAFETY = re.compile(r"\b(safe|safely|safety|unsafe|danger|dangerous|hazard|hazardous|risky)\b")


class Planner(Protocol):
    """Turns a task into catalogue questions and concludes."""

    def work_out(self, task: str, tools: Toolbox) -> Finding:
        """Work a task out.

        Raises:
            StoppedError: it cannot be worked out, with the status and the reason.
        """
        ...


def reason(
    task: str,
    scene: Scene,
    planner: Planner,
    *,
    units: str = "metric",
    regions: Sequence[str] = (),
    max_steps: int = DEFAULT_STEPS,
    deadline_s: float | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Reasoned:
    """Work a task out over one scene.

    Args:
        task: in words.
        scene: exact or observed.
        planner: embedded or chat.
        units: "metric" or "imperial".
        regions: ids of regions that came with the task.
        max_steps: most catalogue questions.
        deadline_s: time.monotonic() at which it ends with TIMEOUT and the steps finished.
        is_cancelled: asked around every step; True ends it with FAILED "cancelled".
        on_step: told of every finished step, from this thread.
    """
    began_s = time.monotonic()
    tools = Toolbox(
        scene,
        units=units,
        regions=regions,
        max_steps=max_steps,
        deadline_s=deadline_s,
        is_cancelled=is_cancelled,
        on_step=on_step,
    )
    decision, family, value, unit = Decision.NONE, "", None, ""
    evidence: tuple[Measurement, ...] = ()
    try:
        tools.check()
        found = planner.work_out(task, tools)
        tools.check()
    except StoppedError as stopped:
        status, text, ids = stopped.status, _sentence(stopped.reason), stopped.object_ids
    else:
        status, text, ids = Status.OK, found.text, found.object_ids
        decision, family, value = found.decision, found.family, found.value
        if found.result is not None:
            evidence, unit = (found.result,), found.result.unit
        seen = [m for step in tools.steps for m in step.answer.measurements]
        evidence = (*evidence, *dict.fromkeys(seen))
        if _SAFETY.search(task.lower()):
            text = f"{text} {NOT_A_SAFETY_FUNCTION}"
    made = Answer(
        status=status,
        question=task,
        text=text,
        question_type=f"reason.{family}" if family else "",
        quantity=evidence[0].quantity if evidence else "",
        object_ids=ids,
        value=value,
        unit=unit if isinstance(value, float) else "",
        measurements=evidence,
        method=Method.REASONED,
        stamp_ns=scene.stamp_ns,
        frame_id=scene.frame_id,
        latency_s=time.monotonic() - began_s,
    )
    return Reasoned(made, decision, family, tools.steps)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
