"""What `spatial_query` asks the depth-language model: a sighting and a question in, an answer out.

The model answers in a process of its own (model/client.py). Questions about objects that were
understood are put to it in the catalogue's words with regions, others as they were asked.
"""

from __future__ import annotations

import importlib.util
import math
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepsight_ros import msg
from deepsight_ros.model.client import ModelClient
from deepsight_ros.model.worker import Reason, Reply, WorkerConfig
from deepsight_ros.nodes.diagnostics import ERROR, OK, WARN, Report
from deepsight_ros.nodes.resources import share_directory
from deepsight_ros.nodes.settings import QuerySettings
from deepsight_ros.nodes.sight import Sighting
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.scene.answer import Answer, Method, Status
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Measurement
from deepsight_ros.scene.objects import Scene, UpSource

SHIPPED = "deepsight-tiny"
_LEAST_BOX_PX = 3
_PLAIN_ROLES = frozenset(("a", "b", "c"))


MODEL_VARIABLE = "DEEPSIGHT_MODEL"
"""What ``auto`` means where this environment variable is set: "none" or a folder."""
_NEEDED = ("torch", "transformers", "safetensors")


def checkpoint_folder(model: str) -> Path | None:
    """Folder that the parameter ``model`` means; None for none, where nothing ships, and for
    ``auto`` on a robot without the packages of requirements/model.txt."""
    if model in ("", "auto"):
        model = os.environ.get(MODEL_VARIABLE, "auto")
    if model == "none":
        return None
    if model not in ("", "auto"):
        return Path(model).expanduser()
    folder = share_directory() / "models" / SHIPPED
    is_there = (folder / "config.json").is_file()
    return folder if is_there and all(map(importlib.util.find_spec, _NEEDED)) else None


class ModelDesk:
    """Holds the model's worker for one node.

    Args:
        settings: of the node, read when the desk is made.
        say: told what a person should know, as (level, text).
    """

    def __init__(self, settings: QuerySettings, say: Callable[[str, str], None]) -> None:
        self._settings = settings
        folder = checkpoint_folder(settings.model)
        self._client: ModelClient | None = None
        if folder is not None:
            config = WorkerConfig(
                str(folder), settings.model_device, settings.model_dtype, settings.model_threads
            )
            self._client = ModelClient(config, say, most_waiting=settings.model_max_pending)

    @property
    def is_there(self) -> bool:
        """A model is configured and has not been given up."""
        return self._client is not None and self._client.state != "given up"

    def why_not(self) -> str:
        """In words, why the model cannot be asked."""
        if self._client is None:
            return "no depth-language model is installed (parameter model)"
        return f"the depth-language model is not running ({self._client.state})"

    def ask(
        self,
        sighting: Sighting,
        scene: Scene,
        question: str,
        understood: Answer | None,
        timeout_s: float,
        done: Callable[[Answer], None],
    ) -> None:
        """Ask about a sighting; ``done`` is called once, from another thread.

        Args:
            sighting: whose frame is shown.
            scene: of it, with the caller's regions.
            question: as asked.
            understood: what measuring made of it, None when it was not understood.
            timeout_s: the answer is there by then.
            done: takes the model's answer; its ids are those of ``understood``.
        """
        if self._client is None or not self.is_there:
            done(Answer(Status.UNSUPPORTED, question, self.why_not(), method=Method.MODEL))
            return
        text, ids = in_regions(question, understood)
        boxes = {o.id: o.box_px for o in scene.objects if o.box_px is not None}
        if not ids:
            ids = tuple(o.id for o in scene.objects if o.is_region)
        missing = [i for i in ids if i not in boxes]
        if missing:
            reason = f"{', '.join(missing)} cannot be shown to the model: not in the image"
            done(Answer(Status.NOT_FOUND, question, reason, method=Method.MODEL))
            return

        least = self._settings.model_min_confidence

        def take(reply: Reply) -> None:
            done(answer_of(reply, question, understood, scene, least))

        self._send(sighting, scene, text, ids, timeout_s, take)

    @property
    def is_idle(self) -> bool:
        """The model is ready and nobody waits for it."""
        client = self._client
        return client is not None and client.state == "ready" and not client.waiting

    def ask_about(
        self,
        sighting: Sighting,
        question: str,
        ids: tuple[str, ...],
        timeout_s: float,
        done: Callable[[Answer, float], None],
    ) -> None:
        """Ask with objects of the sighting as ``<region0>`` ...; ``done`` takes the answer and
        the model's confidence, from another thread. Only while ``is_idle``."""

        def take(reply: Reply) -> None:
            least = self._settings.model_min_confidence
            done(answer_of(reply, question, None, sighting.scene, least), reply.confidence)

        self._send(sighting, sighting.scene, question, ids, timeout_s, take)

    def _send(
        self,
        sighting: Sighting,
        scene: Scene,
        text: str,
        ids: tuple[str, ...],
        timeout_s: float,
        take: Callable[[Reply], None],
    ) -> None:
        assert self._client is not None
        boxes = {o.id: o.box_px for o in scene.objects if o.box_px is not None}
        up = scene.working_from_camera.rotation[2]
        self._client.ask(
            sighting.frame,
            text,
            take,
            timeout_s,
            regions_px=tuple(_floats(boxes[i]) for i in ids),
            boxes_px=tuple(
                _floats(b)
                for i, b in boxes.items()
                if min(b[2] - b[0], b[3] - b[1]) >= _LEAST_BOX_PX and not scene.object(i).is_region
            ),
            up_in_camera=None if scene.up is UpSource.UNKNOWN else tuple(map(float, up)),
        )

    def report(self) -> Report:
        """Line for /diagnostics."""
        client = self._client
        if client is None:
            return Report("model", OK, "none", {"checkpoint": ""})
        levels = {"ready": OK, "given up": ERROR}
        values: dict[str, object] = {
            "checkpoint": self._settings.model,
            "device": client.device,
            "waiting": client.waiting,
            "answered": client.answered,
            "restarts": client.restarts,
        }
        return Report("model", levels.get(client.state, WARN), client.state, values)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def in_regions(question: str, understood: Answer | None) -> tuple[str, tuple[str, ...]]:
    """The question with ``<regionN>`` for its objects, and their ids in order.

    Only types whose slots are things alone are put in the catalogue's words; others, and what
    was not understood, stay as asked.
    """
    if understood is None or understood.question_type not in CATALOGUE:
        return question, ()
    entry = CATALOGUE[understood.question_type]
    ids = understood.object_ids
    if not set(entry.roles) <= _PLAIN_ROLES or len(entry.roles) != len(ids) or not ids:
        return question, ()
    slots = {role: f"<region{n}>" for n, role in enumerate(entry.roles)}
    return entry.render_question(slots, random.Random(0)), ids


def answer_of(
    reply: Reply,
    question: str,
    understood: Answer | None,
    scene: Scene,
    least_confidence: float = 0.0,
) -> Answer:
    """What the model replied, as an answer."""
    known = understood if understood is not None and understood.question_type else None
    if reply.kind != "answer":
        status = Status.TIMEOUT if reply.reason is Reason.LATE else Status.FAILED
        return Answer(status, question, f"model: {reply.text}", method=Method.MODEL)
    if not reply.finished:
        return Answer(
            Status.TIMEOUT, question, "model: the answer was not finished", method=Method.MODEL
        )
    if reply.declined:
        return Answer(Status.UNSUPPORTED, question, reply.text, method=Method.MODEL)
    if reply.value is None and reply.confidence < least_confidence:  # a number has its interval
        reason = f"not understood, and the model is not sure ({reply.confidence:.0%})"
        return Answer(Status.UNSUPPORTED, question, reason, method=Method.MODEL)
    text = reply.text
    for number, object_id in enumerate(known.object_ids if known else ()):
        label = scene.object(object_id).label or object_id
        text = text.replace(f"<region{number}>", f"the {label}")
    quantity = known.quantity if known else ""
    measurements: tuple[Measurement, ...] = ()
    if known and reply.value is not None and QUANTITY_UNITS.get(quantity) == reply.unit:
        lower = reply.value if math.isnan(reply.lower) else reply.lower
        upper = reply.value if math.isnan(reply.upper) else reply.upper
        ids = known.object_ids
        measurements = (
            Measurement(quantity, reply.value, lower, upper, reply.unit, object_ids=ids),
        )
    return Answer(
        Status.OK,
        question,
        text,
        known.question_type if known else "",
        quantity,
        known.object_ids if known else (),
        reply.value,
        reply.unit,
        measurements,
        Method.MODEL,
        scene.stamp_ns,
        scene.frame_id,
    )


def compare(message: msg.SpatialAnswer, model: Answer) -> None:
    """Put the model's number beside a measured one, and say whether they disagree."""
    if not model.measurements or not message.measurements:
        return
    theirs, ours = model.measurements[0], message.measurements[0]
    message.model_value = theirs.value
    message.model_lower, message.model_upper = theirs.lower, theirs.upper
    message.model_disagrees = theirs.lower > ours.upper or theirs.upper < ours.lower


def _floats(box: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return x0, y0, x1, y1
