"""What the desk does for one request: sighting in, response message out, no ROS entities."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from deepsight_ros import msg
from deepsight_ros.errors import NeedsGravityError, NoDepthError, UnknownReferenceError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes.conversions import header, to_duration
from deepsight_ros.nodes.model_desk import compare
from deepsight_ros.nodes.scene_messages import (
    STATUSES,
    answer_message,
    distance_message,
    no_distance,
    out_from_working,
)
from deepsight_ros.nodes.settings import QuerySettings
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.questions.answering import answer as answer_question
from deepsight_ros.questions.naming import find_object
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID, measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.srv import MeasureDistance, SpatialQuery

TF_WAIT_S = 0.05
"""How long an answer waits for the transform into its target frame."""
ECHO_CHARS = 200
"""How much of a refused, overlong question is repeated in the response."""


class _Work:
    """What both kinds of request share."""

    def __init__(self, sight: Sight, settings: QuerySettings, now_ns: Callable[[], int]) -> None:
        self._sight = sight
        self._settings = settings
        self._now_ns = now_ns
        self._arrived_s = time.monotonic()

    def latency_s(self) -> float:
        return time.monotonic() - self._arrived_s

    def age_s(self, scene: Scene) -> float:
        return (self._now_ns() - scene.stamp_ns) / 1e9

    def out_frame(self, asked: str, scene: Scene) -> tuple[str, RigidTransform | None]:
        """Frame of the points, and its transform from the optical frame at the image stamp."""
        target = asked or self._settings.target_frame
        if not target or target == scene.frame_id:
            return scene.frame_id, None
        return target, self._sight.lookup(target, scene.frame_id, scene.stamp_ns, TF_WAIT_S)


class QuestionWork(_Work):
    """One `ask`."""

    def __init__(
        self,
        request: SpatialQuery.Request,
        sight: Sight,
        settings: QuerySettings,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(sight, settings, now_ns)
        self.request = request
        self.sighting: Sighting | None = None
        self.scene: Scene | None = None
        self.understood: Answer | None = None

    def refuse(self, status: Status, reason: str) -> msg.SpatialAnswer:
        """The response for a status without an answer."""
        question = self.request.question
        if len(question) > self._settings.max_question_chars:
            question = question[:ECHO_CHARS] + " ..."
        return answer_message(
            Answer(status, question, reason),
            self.request.request_id,
            latency_s=self.latency_s(),
        )

    def refuse_early(self) -> msg.SpatialAnswer | None:
        """Requests that no image could answer."""
        request, settings = self.request, self._settings
        if not request.question.strip():
            text = "the question is empty; ask e.g. 'how far is the mug from the bowl?'"
        elif len(request.question) > settings.max_question_chars:
            text = (
                f"got a question of {len(request.question)} characters, expected at most "
                f"{settings.max_question_chars} (max_question_chars)"
            )
        elif len(request.regions) > settings.max_regions:
            text = f"got {len(request.regions)} regions, expected at most {settings.max_regions}"
        elif request.units not in ("", "metric", "imperial"):
            text = f"got units '{request.units}', expected metric or imperial"
        elif request.method not in ("", "auto", "measured", "model"):
            text = f"got method '{request.method}', expected auto, measured or model"
        else:
            return None
        return self.refuse(Status.UNSUPPORTED, text)

    def answer(self, sighting: Sighting) -> msg.SpatialAnswer:
        """The response from a sighting; DeepsightError says what is wrong with the request."""
        request = self.request
        scene = self._sight.with_regions(sighting, request.regions)
        out_frame, out_from_optical = self.out_frame(request.target_frame, scene)
        units = request.units or self._settings.units
        names = [r.id or f"region{index}" for index, r in enumerate(request.regions)]
        found = answer_question(request.question, scene, units=units, regions=names)
        found = replace(found, stamp_ns=scene.stamp_ns, frame_id=out_frame)
        self.sighting, self.scene, self.understood = sighting, scene, found
        return answer_message(
            found,
            request.request_id,
            scene=scene,
            sighting=sighting,
            out_frame=out_frame,
            out_from_optical=out_from_optical,
            latency_s=self.latency_s(),
            age_s=self.age_s(scene),
        )

    def wants_model(self, response: msg.SpatialAnswer) -> bool:
        """Ask the model: it was asked for, nothing measures this, or both are wanted."""
        if self.scene is None or self.understood is None:
            return False  # no image: the response says why
        method = self.request.method
        if method == SpatialQuery.Request.MODEL:
            return True
        if method == SpatialQuery.Request.MEASURED:
            return False
        if response.status == msg.SpatialAnswer.UNSUPPORTED:
            return not self.understood.question_type
        return bool(self._settings.model_beside and response.measurements)

    def with_model(self, response: msg.SpatialAnswer, said: Answer) -> msg.SpatialAnswer:
        """The response after the model has spoken."""
        if response.status == msg.SpatialAnswer.OK and self.request.method != "model":
            compare(response, said)
            return response
        assert self.scene is not None
        frame_id, out_from_optical = self.out_frame(self.request.target_frame, self.scene)
        return answer_message(
            said,
            self.request.request_id,
            scene=self.scene,
            sighting=self.sighting,
            out_frame=frame_id,
            out_from_optical=out_from_optical,
            latency_s=self.latency_s(),
            age_s=self.age_s(self.scene),
        )


class DistanceWork(_Work):
    """One `measure_distance`."""

    DEFINITIONS = (
        MeasureDistance.Request.SURFACE,
        MeasureDistance.Request.CENTRE,
        MeasureDistance.Request.MEAN_NEAREST,
        MeasureDistance.Request.HORIZONTAL,
        MeasureDistance.Request.VERTICAL,
    )

    def __init__(
        self,
        request: MeasureDistance.Request,
        sight: Sight,
        settings: QuerySettings,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(sight, settings, now_ns)
        self.request = request

    def refuse(self, status: Status, reason: str) -> MeasureDistance.Response:
        """The response for a status without a distance."""
        definition = self.request.definition or MeasureDistance.Request.SURFACE
        return MeasureDistance.Response(
            request_id=self.request.request_id,
            status=STATUSES[status],
            status_name=status.value,
            error=reason,
            estimate=no_distance(definition),
            latency=to_duration(self.latency_s()),
        )

    def refuse_early(self) -> MeasureDistance.Response | None:
        """Requests that no image could answer."""
        request = self.request
        longest = max(len(request.from_object), len(request.to_object))
        if not request.from_object.strip() or not request.to_object.strip():
            text = "from_object or to_object is empty; name both"
        elif longest > self._settings.max_question_chars:
            text = f"got a name of {longest} characters, expected at most "
            text += f"{self._settings.max_question_chars} (max_question_chars)"
        elif request.definition and request.definition not in self.DEFINITIONS:
            text = f"got definition '{request.definition}', expected one of "
            text += ", ".join(self.DEFINITIONS)
        elif len(request.regions) > self._settings.max_regions:
            text = f"got {len(request.regions)} regions, expected at most "
            text += f"{self._settings.max_regions}"
        else:
            return None
        return self.refuse(Status.UNSUPPORTED, text)

    def answer(self, sighting: Sighting) -> MeasureDistance.Response:
        """The response from a sighting; DeepsightError says what is wrong with the request."""
        request = self.request
        scene = self._sight.with_regions(sighting, request.regions)
        out_frame, out_from_optical = self.out_frame(request.target_frame, scene)
        ids = []
        for words in (request.from_object, request.to_object):
            found = self._find(words, scene)
            if isinstance(found, MeasureDistance.Response):
                return found
            ids.append(found)
        definition = request.definition or MeasureDistance.Request.SURFACE
        try:
            if CAMERA_ID in ids and definition == MeasureDistance.Request.SURFACE:
                thing = ids[1] if ids[0] == CAMERA_ID else ids[0]
                measured = measure(scene, "range", (thing,))
                if ids[0] != CAMERA_ID and measured.end_points_m is not None:
                    measured = replace(measured, end_points_m=measured.end_points_m[::-1])
            else:
                measured = measure(scene, definition, ids)
        except NoDepthError as error:
            return self.refuse(Status.NO_DEPTH, str(error))
        except NeedsGravityError as error:
            return self.refuse(Status.UNSUPPORTED, str(error))
        except UnknownReferenceError as error:
            return self.refuse(Status.NOT_FOUND, str(error))
        out_from_w = out_from_working(scene, out_from_optical)
        return MeasureDistance.Response(
            header=header(scene.stamp_ns, out_frame),
            request_id=request.request_id,
            status=STATUSES[Status.OK],
            status_name=Status.OK.value,
            estimate=distance_message(measured, scene, out_from_w, ids[0], ids[1]),
            latency=to_duration(self.latency_s()),
            age=to_duration(max(0.0, self.age_s(scene))),
        )

    def _find(self, words: str, scene: Scene) -> str | MeasureDistance.Response:
        """Object id of words, an id, a region, "camera" or "gripper"; else the refusal."""
        name = words.strip()
        bare = name.strip("<>")
        if bare in (CAMERA_ID, GRIPPER_ID) or any(t.id == bare for t in scene.objects):
            return bare
        found = find_object(name, scene)
        if found.status is not Status.OK:
            return self.refuse(found.status, found.text)
        return found.object_ids[0]
