"""Names from the depth-language model: the newest sighting in, names of its objects out.

With ``perception.detector: model`` the model is asked "What is <region0>?" about one object after
another at a low rate, unnamed ones first, while nobody else waits for it. A name belongs to the
object's id, not to a box, so that it holds while camera and object move.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from deepsight_ros.nodes.model_desk import ModelDesk
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import SceneObject

QUESTION = "What is <region0>?"
_TIMEOUT_S = 1.0
_LEAST_BOX_PX = 6


class ModelNamer:
    """Asks for names from a thread of its own.

    Args:
        sight: whose objects get names.
        desk: that asks the model.
        rate_hz: called before every question for the most questions per second; 0 asks none.
    """

    def __init__(self, sight: Sight, desk: ModelDesk, rate_hz: Callable[[], float]) -> None:
        self._sight, self._desk, self._rate_hz = sight, desk, rate_hz
        self._asked: dict[str, int] = {}
        self._free = threading.Event()
        self._free.set()
        self._stopped = threading.Event()
        self.named = 0
        self._thread = threading.Thread(target=self._run, name="names", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._stopped.set()
        self._free.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._stopped.wait(1.0 / max(self._rate_hz(), 0.1)):
            vision = self._sight.vision
            sighting = self._sight.board.newest
            if (
                self._rate_hz() <= 0
                or vision is None
                or sighting is None
                or not vision.wants_names
                or not self._desk.is_idle
            ):
                continue
            chosen = next_to_name(sighting, self._asked)
            if chosen is None:
                continue
            self._asked = {o.id: self._asked.get(o.id, 0) for o in sighting.scene.objects}
            self._asked[chosen.id] += 1
            self._free.clear()
            self._desk.ask_about(sighting, QUESTION, (chosen.id,), _TIMEOUT_S, self._take(chosen))
            while not self._free.wait(0.5) and not self._stopped.is_set():
                pass

    def _take(self, chosen: SceneObject) -> Callable[[Answer, float], None]:
        def take(answer: Answer, confidence: float) -> None:
            vision = self._sight.vision
            name = name_in(answer)
            if name and vision is not None and not self._stopped.is_set():
                vision.name(chosen.id, name, confidence)
                self.named += 1
            self._free.set()

        return take


def next_to_name(sighting: Sighting, asked: dict[str, int]) -> SceneObject | None:
    """The object asked about least often, unnamed ones first; None when there is none in view."""
    able = [
        o
        for o in sighting.scene.objects
        if o.box_px is not None
        and not o.is_region
        and not o.is_gripper
        and min(o.box_px[2] - o.box_px[0], o.box_px[3] - o.box_px[1]) >= _LEAST_BOX_PX
    ]
    return min(able, key=lambda o: (asked.get(o.id, 0), bool(o.label), o.id), default=None)


def name_in(answer: Answer) -> str:
    """The noun of an answer to ``QUESTION``: "Coffee mug." -> "coffee mug"; "" for none."""
    if answer.status is not Status.OK:
        return ""
    text = answer.text.strip().rstrip(".").lower()
    for article in ("it is a ", "it is an ", "a ", "an ", "the "):
        text = text.removeprefix(article)
    return text if 0 < len(text.split()) <= 4 else ""
