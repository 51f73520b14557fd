"""DeepSight: a checkpoint folder and a frame in, answers with numbers and intervals out.

model = DeepSight.from_pretrained("models/deepsight-tiny")
view = model.look(frame, regions_px=[(x0, y0, x1, y1)])
view.ask("How far is <region0>?").text
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model import checkpoint
from deepsight_ros.model.conformal import Conformal
from deepsight_ros.model.deepsight_model import DeepSightModel, Sight
from deepsight_ros.model.generation import View, Written
from deepsight_ros.model.pictures import Box, Pictures, picture
from deepsight_ros.model.quantise import QUANTISED, loading_dtype, quantise
from deepsight_ros.model.text import NUMBER, TextCodec
from deepsight_ros.questions.parser import parse_answer
from deepsight_ros.questions.speaking import speak_value
from deepsight_ros.questions.units import UNIT_WORDS, is_volume, si_factor

_NUMBER_UNIT = re.compile(re.escape(NUMBER) + r"\s*(?P<unit>[A-Za-z]+\d?)")


@dataclass(frozen=True)
class ModelAnswer:
    """What the model answers.

    Attributes:
        text: in words, the number filled in.
        value: SI value of its number, None without one.
        unit: "m" or "m3", "" without a number.
        lower, upper: 95 % interval, NaN where the checkpoint has no calibration.
        confidence: geometric mean probability of its words.
        declined: it says that the question is not about the scene.
        finished: the answer came to its end.
        first_token_s, latency_s: question to first word, and to the end.
    """

    text: str
    value: float | None
    unit: str
    lower: float
    upper: float
    confidence: float
    declined: bool
    finished: bool
    first_token_s: float
    latency_s: float


class Seen:
    """A frame the model looked at; ask it any number of questions.

    Args:
        model: that looked.
        view: decoding behind the picture.
        modality: "depth", "colour" or "both".
        pooled: embedding of the picture, None without text tower.
    """

    def __init__(
        self, model: DeepSight, view: View, modality: str, pooled: torch.Tensor | None
    ) -> None:
        self._model, self._view = model, view
        self.modality = modality
        self._pooled = pooled

    @property
    def sight(self) -> Sight:
        """What the language model reads of the frame."""
        return self._view.sight

    def write(
        self,
        question: str,
        most_tokens: int = 48,
        stop: Callable[[], bool] = lambda: False,
        rows: Sequence[int] = (),
    ) -> Written:
        """The tokens of an answer."""
        with torch.inference_mode():
            return self._view.write(
                self._model.codec, question, rows=rows, most_tokens=most_tokens, stop=stop
            )

    def ask(
        self,
        question: str,
        *,
        rows: Sequence[int] = (),
        most_tokens: int = 48,
        stop: Callable[[], bool] = lambda: False,
    ) -> ModelAnswer:
        """Answer a question.

        Args:
            question: in words, with ``<regionN>`` for the regions looked at.
            rows: which of the regions looked at ``<region0>`` ... stand for; () for all in order.
            most_tokens: longest answer.
            stop: asked before every token (deadlines, cancellation).

        Raises:
            InvalidValueError: the question names a region that was not passed.
        """
        started = time.perf_counter()
        written = self.write(question, most_tokens, stop, rows)
        text = self._model.codec.decode(written.ids)
        value, unit, lower, upper = None, "", math.nan, math.nan
        match = _NUMBER_UNIT.search(text)
        if match and not math.isnan(written.log10_value):
            spoken = UNIT_WORDS.get(match["unit"].lower(), "m")
            power = 3 if is_volume(spoken) else 1
            unit = "m3" if power == 3 else "m"
            value = 10.0 ** (power * written.log10_value)
            low, high = self._model.conformal.interval(
                self.modality, written.log10_value, written.log10_sigma
            )
            lower, upper = low**power, high**power
            said = speak_value(value / si_factor(spoken), spoken)
            text = text[: match.start()] + said + text[match.end() :]
        return ModelAnswer(
            text,
            value,
            unit,
            lower,
            upper,
            written.confidence,
            parse_answer(text).refused,
            written.finished,
            written.first_token_s,
            time.perf_counter() - started,
        )

    def choose(self, question: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Probability of each option as the answer, by its likelihood under the model.

        Args:
            question: in words.
            options: answers as the model would write them.
        """
        with torch.inference_mode():
            scores = self._view.score(self._model.codec, question, options)
        shares = torch.softmax(scores.double(), dim=0).cpu().numpy()
        return np.asarray(shares, dtype=np.float64)

    def match(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Zero-shot: probability of each text as a description of the picture."""
        model = self._model.model
        ids, mask = self._model.codec.texts(texts, model.config.align.positions)
        with torch.inference_mode():
            embedded = model.embed_texts(ids.to(model.device), mask.to(model.device))
            assert self._pooled is not None
            logits = model.log_temperature.exp() * (self._pooled @ embedded.T)[0]
            shares = nn.functional.softmax(logits.double(), dim=0).cpu().numpy()
        return np.asarray(shares, dtype=np.float64)


class DeepSight:
    """A loaded depth-language model.

    Args:
        model, codec: of a checkpoint.
        conformal: intervals of its numbers.
    """

    def __init__(
        self, model: DeepSightModel, codec: TextCodec, conformal: Conformal | None = None
    ) -> None:
        self.model = model.eval()
        self.codec = codec
        self.conformal = conformal or Conformal()

    @classmethod
    def from_pretrained(
        cls,
        folder: Path | str,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | str = torch.float32,
    ) -> DeepSight:
        """Load a checkpoint folder (``checkpoint.load`` says what can be wrong with it).

        Args:
            folder: of the checkpoint.
            device: to run on.
            dtype: of the weights, or its name; "int8" and "int4" are weight-only (``quantise``).
        """
        name = dtype if isinstance(dtype, str) else ""
        kind = loading_dtype(name, device) if isinstance(dtype, str) else dtype
        model, codec = checkpoint.load(Path(folder), device, kind)
        if name in QUANTISED:
            quantise(model, name)
        return cls(model, codec, Conformal.load(Path(folder)))

    def save_pretrained(
        self,
        folder: Path | str,
        *,
        dtype: torch.dtype | None = None,
        shard_bytes: int = checkpoint.SHARD_BYTES,
    ) -> None:
        """Write a checkpoint folder (``checkpoint.save``), its calibration with it."""
        checkpoint.save(Path(folder), self.model, self.codec, dtype=dtype, shard_bytes=shard_bytes)
        if self.conformal.factors:
            self.conformal.save(Path(folder))

    def look(
        self,
        frame: RgbdFrame,
        *,
        regions_px: Sequence[Box] = (),
        boxes_px: Sequence[Box] = (),
        up_in_camera: NDArray[np.float64] | None = None,
        use_depth: bool = True,
        use_colour: bool = True,
    ) -> Seen:
        """See a frame once, for any number of questions.

        Args:
            frame: the view.
            regions_px: what ``<region0>`` ... stand for, (x0, y0, x1, y1) in frame pixels.
            boxes_px: every object in view, for the BBox convolution.
            up_in_camera: (3,) up in the optical frame, None where it is unknown.
            use_depth, use_colour: hide a modality.
        """
        pictures = picture(
            frame,
            self.model.config.fine_px,
            up_in_camera=up_in_camera,
            boxes_px=boxes_px,
            regions_px=regions_px,
            use_depth=use_depth,
            use_colour=use_colour,
        )
        return self.look_at(pictures)

    def look_at(self, pictures: Pictures) -> Seen:
        """As ``look``, for a prepared batch of one."""
        with torch.inference_mode():
            moved = pictures.to(self.model.device)
            sight = self.model.see(moved)
            view = View(self.model, sight)
        both = bool(pictures.has_depth[0]) and bool(pictures.has_colour[0])
        modality = "both" if both else "depth" if bool(pictures.has_depth[0]) else "colour"
        return Seen(self, view, modality, sight.pooled)
