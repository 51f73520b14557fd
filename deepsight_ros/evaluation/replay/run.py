"""One replay: source, questions, truths and tasks in; a folder of results out, resumable.

The folder holds answers.jsonl and rewards.jsonl (a line each, the same bytes for the same bag and
settings), state.json (what is done), timing.json (all that differs from run to run), pictures/.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepsight_ros.errors import SourceError
from deepsight_ros.evaluation.replay.looking import Look, Looker
from deepsight_ros.evaluation.replay.pictures import picture
from deepsight_ros.evaluation.replay.recorded import Recorded
from deepsight_ros.evaluation.replay.script import Ask, Mark, Truth, mark, truth_for
from deepsight_ros.evaluation.replay.timings import Durations
from deepsight_ros.files import write_json
from deepsight_ros.questions.answering import answer, prepare
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene

WORST_KEPT = 6
SAVE_EVERY_S = 2.0
STAGES = ("read", "perceive", "answer", "reward")


class Interrupted(Exception):  # noqa: N818 - not an error: Ctrl-C was asked for
    """The run was stopped between two frames; what is done is kept."""


@dataclass
class State:
    """What a run has done; state.json.

    Attributes:
        settings: digest of everything that decides the answers.
        frames: perceived frames whose answers and rewards are written.
        answers_bytes, rewards_bytes: lengths of the files at that point.
        complete: the source came to its end.
        worst: [error, name of the picture, question, text, truth] of the worst answers.
        shown: question -> name of the first picture.
    """

    settings: str
    frames: int = 0
    answers_bytes: int = 0
    rewards_bytes: int = 0
    complete: bool = False
    worst: list[list[Any]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)


@dataclass
class Replay:
    """Runs a replay into a folder.

    Args:
        looker: what is walked, and how.
        out: folder of the results.
        asks, truths: questions, and what is right.
        annotator: makes rewards: called with each look, returns the line of rewards.jsonl.
        recorded: answers of the live graph to compare with, and boxes it had; None: not used.
        stop: asked between two frames; True ends the run.
        progress: told seconds of the recording done.
    """

    looker: Looker
    out: Path
    asks: tuple[Ask, ...]
    truths: tuple[Truth, ...] = ()
    annotator: Callable[[Look], dict[str, Any]] | None = None
    task: str = ""
    recorded: Recorded | None = None
    stop: Callable[[], bool] = lambda: False
    progress: Callable[[float], None] = lambda _t_s: None

    def digest(self) -> str:
        """Of all that decides the answers: another one cannot be resumed."""
        names = [(d.label, d.score, d.box_px) for d in self.looker.names]
        asks = [
            (a.question, a.every_s, a.at_s, a.stamps_ns, [str(r) for r in a.regions])
            for a in self.asks
        ]
        about = (
            Path(self.looker.source.name).name,
            self.looker.frames,
            self.looker.rate_hz,
            self.looker.config,
            names,
            asks,
            self.truths,
            self.task,
            self.recorded is not None,
        )
        return hashlib.sha256(repr(about).encode()).hexdigest()[:16]

    def run(self, *, resume: bool = False) -> State:
        """Walk the source to its end.

        Raises:
            Interrupted: ``stop`` said so; everything up to there is written and can be resumed.
            SourceError: resuming something else, or the source cannot be read.
        """
        prepare()
        state = self._begin(resume)
        timings = self._timings(resume and state.frames > 0)
        slots: dict[int, int] = {}
        began_s, done_before = time.perf_counter(), _spent(self.out) if resume else 0.0
        saved_s, bag_s = -math.inf, 0.0  # the first frame is saved at once
        paths = {name: self.out / f"{name}.jsonl" for name in ("answers", "rewards")}
        with paths["answers"].open("ab") as answers, paths["rewards"].open("ab") as rewards:

            def save() -> None:
                answers.flush()
                rewards.flush()
                state.answers_bytes, state.rewards_bytes = answers.tell(), rewards.tell()
                spent_s = done_before + time.perf_counter() - began_s
                stages = {name: t.as_json() for name, t in timings.items()}
                write_json(
                    self.out / "timing.json",
                    {
                        "wall_s": round(spent_s, 3),
                        "recording_s": round(bag_s, 3),
                        "times_real_time": round(bag_s / spent_s, 2) if spent_s else None,
                        "frames": state.frames,
                        "stages": stages,
                    },
                )
                # Last: a run that is resumed relies on what the state says being there.
                write_json(self.out / "state.json", state.__dict__)

            try:
                for look in self.looker:
                    bag_s = look.t_s
                    is_new = look.index >= state.frames
                    timer = _Timer()
                    line = None if self.annotator is None else self.annotator(look)
                    if line is not None and is_new:
                        timings["reward"].add(timer.lap())
                        rewards.write(_line(line))
                    for number, ask in enumerate(self.asks):
                        slot = ask.slot(look.t_s, look.frame.stamp_ns)
                        if slot < 0 or slots.get(number) == slot:
                            continue
                        slots[number] = slot
                        if is_new:
                            timer.lap()
                            answers.write(_line(self._ask(ask, look, state)))
                            timings["answer"].add(timer.lap())
                    if is_new:
                        timings["read"].add(look.read_s)
                        timings["perceive"].add(look.perceive_s)
                        state.frames = look.index + 1
                    self.progress(look.t_s)
                    if self.stop():
                        raise Interrupted
                    if time.perf_counter() - saved_s > SAVE_EVERY_S:
                        save()
                        saved_s = time.perf_counter()
                state.complete = True
            finally:
                save()
        return state

    # -- one answer -----------------------------------------------------------------------------

    def _ask(self, ask: Ask, look: Look, state: State) -> dict[str, Any]:
        scene = look.scene
        names: list[str] = []
        if ask.regions:
            scene = self.looker.perceiver.perceive_regions(look.frame, scene, ask.regions)
            names = [r.id or f"region{i}" for i, r in enumerate(ask.regions)]
        made = answer(ask.question, scene, regions=names)
        truth = truth_for(self.truths, ask.question, look.t_s)
        score = None if truth is None else mark(made, truth, scene)
        self._show(ask, look, scene, made, truth, score, state)
        line = answer_line(made, scene, look, truth, score)
        if self.recorded is not None and ask.stamps_ns:
            said = self.recorded.answers.get((ask.question, look.frame.stamp_ns))
            if said is not None:
                line |= {"recorded": said.as_json(), "agrees": said.agrees(made, scene)}
        return line

    def _show(
        self,
        ask: Ask,
        look: Look,
        scene: Scene,
        made: Answer,
        truth: Truth | None,
        score: Mark | None,
        state: State,
    ) -> None:
        """Keep pictures of the worst answers, and of the first one of each question."""
        ends = made.measurements[0].end_points_m if made.measurements else None
        name = f"{look.frame.stamp_ns}_{self.asks.index(ask)}.jpg"

        def draw() -> str:
            folder = self.out / "pictures"
            folder.mkdir(exist_ok=True)
            data = picture(look.frame, scene, made.object_ids, ends, f"t = {look.t_s:.2f} s")
            (folder / name).write_bytes(data)
            return name

        if ask.question not in state.shown and made.status is Status.OK:
            state.shown[ask.question] = draw()
        if score is None or truth is None or score.error <= 0:
            return
        least = state.worst[-1][0] if len(state.worst) >= WORST_KEPT else -math.inf
        if score.error > least:
            expected = truth.status if truth.status != "OK" else truth.label or truth.value
            row = [round(score.error, 6), draw(), ask.question, made.text, expected, truth.unit]
            state.worst = sorted([*state.worst, row], key=lambda r: -r[0])
            for dropped in state.worst[WORST_KEPT:]:
                if dropped[1] not in state.shown.values():
                    (self.out / "pictures" / dropped[1]).unlink(missing_ok=True)
            state.worst = state.worst[:WORST_KEPT]

    # -- beginning ------------------------------------------------------------------------------

    def _begin(self, resume: bool) -> State:
        path, digest = self.out / "state.json", self.digest()
        if resume:
            try:
                state = State(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise SourceError(
                    f"{self.out}: got nothing to resume ({error}), expected the folder of an "
                    "earlier run; run without --resume"
                ) from error
            if state.settings != digest:
                raise SourceError(
                    f"{self.out}: got another recording, questions, truths, task or settings than "
                    "the run that is to be resumed; use the same, or run without --resume"
                )
            for name, length in (
                ("answers", state.answers_bytes),
                ("rewards", state.rewards_bytes),
            ):
                with (self.out / f"{name}.jsonl").open("ab") as file:
                    file.truncate(length)
            return state
        if self.out.exists() and any(self.out.iterdir()) and not path.is_file():
            raise SourceError(
                f"{self.out}: got a folder with other files in it, expected an empty one or one "
                "of an earlier replay; choose another for --report"
            )
        self.out.mkdir(parents=True, exist_ok=True)
        for old in (*self.out.glob("*.jsonl"), *(self.out / "pictures").glob("*.jpg")):
            old.unlink()
        return State(digest)

    def _timings(self, resume: bool) -> dict[str, Durations]:
        if resume:
            stages = json.loads((self.out / "timing.json").read_text(encoding="utf-8"))["stages"]
            return {name: Durations.from_json(stages[name]) for name in STAGES}
        return {name: Durations() for name in STAGES}


def answer_line(
    made: Answer, scene: Scene, look: Look, truth: Truth | None, score: Mark | None
) -> dict[str, Any]:
    """One line of answers.jsonl: values rounded to what is meaningful, no times of this run."""
    known = {o.id: o for o in scene.objects}
    line: dict[str, Any] = {
        "stamp_ns": look.frame.stamp_ns,
        "t_s": round(look.t_s, 6),
        "question": made.question,
        "status": made.status.value,
        "type": made.question_type,
        "quantity": made.quantity,
        "value": _plain(made.value),
        "unit": made.unit,
        "text": made.text,
        "frame_id": made.frame_id,
        "objects": [
            {"id": i, "label": known[i].label, "colour": known[i].colour}
            for i in made.object_ids
            if i in known
        ],
        "measurements": [
            {
                "quantity": m.quantity,
                "value": _plain(m.value),
                "lower": _plain(m.lower),
                "upper": _plain(m.upper),
                "unit": m.unit,
                "bound": m.bound.value,
            }
            for m in made.measurements
        ],
    }
    if truth is not None and score is not None:
        line["truth"] = {"status": truth.status, "value": truth.value, "unit": truth.unit}
        line["right"] = score.right
        line["ratio"] = _plain(score.ratio)
        line["covered"] = score.covered
    return line


class _Timer:
    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        now = time.perf_counter()
        spent, self._last = now - self._last, now
        return spent


def _plain(value: Any) -> Any:
    """A JSON value: floats to nine digits, infinities and NaN as null."""
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value


def _line(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False) + "\n").encode()


def _spent(out: Path) -> float:
    try:
        return float(json.loads((out / "timing.json").read_text(encoding="utf-8"))["wall_s"])
    except (OSError, ValueError, KeyError):
        return 0.0
