"""A bag of a live graph in; the boxes that named things and the answers that were given, out.

`deepsight record` writes them beside the images. Boxes name things in the frames they are nearest
to, as live. Each answered question is asked again of the very frame its answer rests on, and the
two are compared. A question without an answer is asked of the newest frame of its time.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.evaluation.replay.script import (
    LEAST_TOLERANCE_M,
    RELATIVE_TOLERANCE,
    Ask,
)
from deepsight_ros.perception.inputs import Detection
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene
from deepsight_ros.sources import RgbdSource
from deepsight_ros.sources.bag import BagSource
from deepsight_ros.sources.bag_reader import BagReader

ANSWER, REGIONS = "deepsight_ros/msg/SpatialAnswer", "deepsight_ros/msg/Regions"
STRING = "std_msgs/msg/String"
BOX, DEPTH_IMAGE = 0, 0
"""Values of Region.msg."""
NAMES_NEAR_NS = 500_000_000
"""Boxes name things in frames at most this far from theirs (live: detection_max_age_s)."""
SAME_PLACE_M = 0.05
"""Two runs chose the same thing where their choices stand within this of each other."""


@dataclass(frozen=True, eq=False)
class RecordedAnswer:
    """One answer of the live graph.

    Attributes:
        stamp_ns: of the image it rests on.
        question: as asked.
        status: name of it.
        value: number (SI), yes or no, word or id of a choice, or None.
        lower, upper: interval of a number, else NaN.
        centre_m: (3,) of the thing chosen, in the optical frame, or None.
    """

    stamp_ns: int
    question: str
    status: str
    value: float | bool | str | None = None
    lower: float = math.nan
    upper: float = math.nan
    centre_m: NDArray[np.float64] | None = None

    def agrees(self, made: Answer, scene: Scene) -> bool:
        """Whether an answer of the same frame says the same: the status and the choice, and a
        number within 10 % or 1 cm (of counts and hours, the same one)."""
        if made.status.value != self.status:
            return False
        if made.status is not Status.OK:
            return True
        if isinstance(self.value, bool) or isinstance(made.value, bool):
            return self.value is made.value
        if isinstance(made.value, str):
            return self._same_choice(made.value, scene)
        if not isinstance(self.value, float) or not made.measurements:
            return made.value is None and self.value is None
        first = made.measurements[0]
        if first.unit in ("", "clock"):
            return first.value == self.value
        apart = abs(first.value - self.value)
        return apart <= max(RELATIVE_TOLERANCE * abs(self.value), LEAST_TOLERANCE_M)

    def _same_choice(self, chosen: str, scene: Scene) -> bool:
        """IDs are those of one run: what was chosen is compared by where it stands."""
        thing = next((o for o in scene.objects if o.id == chosen), None)
        if thing is None or self.centre_m is None:
            return self.value == ("" if chosen == "same" else chosen)
        here_m = scene.working_from_camera.inverse().apply(thing.box.centre_m)
        return float(np.linalg.norm(here_m - self.centre_m)) < SAME_PLACE_M

    def as_json(self) -> dict[str, Any]:
        """For answers.jsonl."""
        ends = (self.lower, self.upper)
        lower, upper = (round(e, 6) if math.isfinite(e) else None for e in ends)
        value = round(self.value, 6) if isinstance(self.value, float) else self.value
        return {"status": self.status, "value": value, "lower": lower, "upper": upper}


@dataclass(frozen=True, eq=False)
class Recorded:
    """What a bag holds beside the images.

    Attributes:
        asks: the recorded questions, each asked at the stamps of its frames.
        answers: (question, stamp) -> what was answered live.
        stamps_ns, boxes: stamps of the recorded boxes, in order, and the boxes.
        notes: what could not be used, and why.
    """

    asks: tuple[Ask, ...]
    answers: dict[tuple[str, int], RecordedAnswer]
    stamps_ns: tuple[int, ...]
    boxes: tuple[tuple[Detection, ...], ...]
    notes: tuple[str, ...]

    def names_at(self, stamp_ns: int) -> tuple[Detection, ...]:
        """Boxes of the stamp nearest to a frame's, none where that is too far away."""
        at = bisect_left(self.stamps_ns, stamp_ns)
        near = [i for i in (at - 1, at) if 0 <= i < len(self.stamps_ns)]
        best = min(near, key=lambda i: abs(self.stamps_ns[i] - stamp_ns), default=-1)
        if best < 0 or abs(self.stamps_ns[best] - stamp_ns) > NAMES_NEAR_NS:
            return ()
        return self.boxes[best]

    def asked_at(self) -> frozenset[int]:
        """Stamps of frames that have to be perceived."""
        return frozenset(stamp for ask in self.asks for stamp in ask.stamps_ns)


def recorded_in(source: RgbdSource) -> Recorded:
    """What a source that may be no bag holds beside its images.

    Raises:
        SourceError: it is a folder of images, or the bag holds nothing else.
    """
    if not isinstance(source, BagSource):
        raise SourceError(
            f"{source.name}: got a folder of images, expected a bag for --recorded; run without it"
        )
    return load_recorded(source)


def load_recorded(source: BagSource) -> Recorded:
    """Read what was recorded beside the images; no image is decoded.

    Raises:
        SourceError: the bag holds neither questions, answers nor detections.
    """
    notes: Counter[str] = Counter()
    asked: list[tuple[int, str]] = []
    answers: dict[tuple[str, int], RecordedAnswer] = {}
    boxes: dict[int, tuple[Detection, ...]] = {}
    topics = source.topics
    one_camera = topics.colour is None or topics.colour.frame_id == topics.depth.frame_id
    with BagReader(Path(source.name)) as reader:
        wanted = [c for c in reader.connections(STRING) if c.topic.endswith("questions")]
        wanted += reader.connections(ANSWER, REGIONS)
        for connection, time_ns, message in reader.messages(wanted, source.report.skip):
            if connection.msgtype == STRING:
                asked.append((time_ns, message.data))
            elif connection.msgtype == ANSWER:
                made = _answer(message)
                if made.stamp_ns:
                    answers[made.question, made.stamp_ns] = made
                else:
                    notes["answers rest on no image and are not asked again"] += 1
            else:
                stamp_ns = _stamp_ns(message.header)
                boxes[stamp_ns] = _detections(message.regions, one_camera, notes)
    if not (asked or answers or boxes):
        raise SourceError(
            f"{source.name}: got no recorded questions, answers or detections, expected what "
            "`deepsight record` writes; run without --recorded"
        )
    pairs = {(q, s) for q, s in answers if "<" not in q}
    if len(pairs) < len(answers):
        notes["answers point at regions, which are not recorded"] = len(answers) - len(pairs)
    pairs |= _unanswered(source, asked, answers)
    stamps: dict[str, list[int]] = {}
    for question, stamp_ns in sorted(pairs, key=lambda pair: pair[::-1]):
        stamps.setdefault(question, []).append(stamp_ns)
    order = sorted(boxes)
    return Recorded(
        tuple(Ask(question, stamps_ns=tuple(at)) for question, at in stamps.items()),
        answers,
        tuple(order),
        tuple(boxes[stamp] for stamp in order),
        tuple(f"{count} {what}" for what, count in sorted(notes.items())),
    )


def _unanswered(
    source: BagSource,
    asked: Sequence[tuple[int, str]],
    answers: dict[tuple[str, int], RecordedAnswer],
) -> set[tuple[str, int]]:
    """(question, stamp of the newest frame of its time) of questions that got no answer."""
    left = Counter(question for question, _ in answers)
    open_ones = []
    for time_ns, question in asked:
        if left[question] > 0:
            left[question] -= 1
        elif "<" not in question:
            open_ones.append((time_ns, question))
    if not open_ones:
        return set()
    moments = source.moments()
    times = [moment.last_ns for moment in moments]
    found = set()
    for time_ns, question in open_ones:
        at = max(0, bisect_left(times, time_ns) - 1)
        if moments:
            found.add((question, moments[at].stamp_ns))
    return found


def _answer(message: Any) -> RecordedAnswer:
    """A SpatialAnswer message."""
    value: float | bool | str | None = None
    lower = upper = math.nan
    centre = None
    if message.has_bool:
        value = bool(message.yes)
    elif message.choice or not message.measurements:
        value = str(message.choice)
        chosen = next((o for o in message.objects if o.id == message.choice), None)
        if chosen is not None:
            at = chosen.pose.position
            centre = np.array([at.x, at.y, at.z])
    else:
        first = message.measurements[0]
        value, lower, upper = float(first.value), float(first.lower), float(first.upper)
    return RecordedAnswer(
        _stamp_ns(message.header),
        str(message.question),
        str(message.status_name),
        value if message.status_name == "OK" else None,
        lower,
        upper,
        centre,
    )


def _detections(
    regions: Sequence[Any], one_camera: bool, notes: Counter[str]
) -> tuple[Detection, ...]:
    found = []
    for region in regions:
        if region.kind != BOX:
            notes["detections are no boxes"] += 1
        elif region.image != DEPTH_IMAGE and not one_camera:
            notes["detections are in pixels of another camera than depth"] += 1
        else:
            u0, v0, u1, v1 = (float(c) for c in region.box)
            try:
                score = min(1.0, float(region.score)) or 1.0
                found.append(Detection(str(region.label), score, (u0, v0, u1, v1)))
            except InvalidValueError:
                notes["detections are no valid boxes"] += 1
    return tuple(found)


def _stamp_ns(header: Any) -> int:
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)
