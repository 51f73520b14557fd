"""Sample, Pair and SampleSource: the currency between sources, the pair engine, shards and audits.

    SampleSource[index] -> Sample --pairs.make_pairs--> Pair ... --shards--> files --audit/train-->

A source is random access: ``source[index]`` depends on the source's configuration and ``index``
alone, never on what was loaded before, so that any worker can make any sample and a killed run can
go on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.scene.objects import Scene


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture with what is known about it.

    Attributes:
        key: stable, unique within its source ("world/kitchen/test/000017").
        frame: depth in metres and colour, as a sensor would give them.
        scene: what answers are measured on: the truth itself, or what perception makes of the
            frame. Its ids are the ids pairs refer to.
        truth: exact Scene of full solids under the same ids, or None where no truth is known.
        instance_id: (H, W) int16 in the frame's size, object ``i`` of ``scene.objects`` is
            ``i + 1``, at most 0 is no object; None where there are no masks.
        room: kind of place ("kitchen", "tabletop"), "" when unknown.
        captions: object id -> caption of 1-6 words, where a source has them.
        provenance: JSON values that say where it came from (source, seed, files, noise).
        surface_m: (H, W) float32, depth of the visible surfaces without sensor noise, from which
            follows what the view determines; None where only the sensor's depth is known.
    """

    key: str
    frame: RgbdFrame
    scene: Scene
    truth: Scene | None = None
    instance_id: NDArray[np.int16] | None = None
    room: str = ""
    captions: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    surface_m: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        size = (self.frame.camera.height_px, self.frame.camera.width_px)
        if self.instance_id is not None and self.instance_id.shape != size:
            raise InvalidValueError(
                f"sample {self.key}: got instance ids {self.instance_id.shape}, expected {size}"
            )
        known = {o.id for o in self.scene.objects}
        unknown = sorted(set(self.captions) - known)
        if unknown:
            raise InvalidValueError(
                f"sample {self.key}: got captions of {unknown}, expected ids of the scene"
            )


@dataclass(frozen=True)
class Pair:
    """One question with its answer about one sample.

    Attributes:
        question, answer: in words; regions are written ``<region0>`` ... in order of ``regions``.
        type: name of the catalogue entry ("height.compare").
        object_ids: the things it is about, in role order.
        regions: ids that ``<regionN>`` stands for, in order; () when things are named in words.
        outcome: key of the entry's answers ("value", "yes", "same" ...).
        value: SI number, truth value, object id or word; None for lists.
        unit: SI unit of a number, "" otherwise.
        spoken_unit: the unit the answer is phrased in ("cm"), "" otherwise.
        lower, upper: 95 % interval of the number in SI, None for exact or no number.
        threshold: SI value a comparison asks about, or None.
        determined: the view determines the answer (docs/semantics.md).
        quantity: what was measured ("surface_distance"), or the predicate.
        noise: label noise added on purpose, SI; 0 when there is none.
    """

    question: str
    answer: str
    type: str
    object_ids: tuple[str, ...]
    regions: tuple[str, ...] = ()
    outcome: str = "value"
    value: float | bool | str | None = None
    unit: str = ""
    spoken_unit: str = ""
    lower: float | None = None
    upper: float | None = None
    threshold: float | None = None
    determined: bool = True
    quantity: str = ""
    noise: float = 0.0


@runtime_checkable
class SampleSource(Protocol):
    """Random access to samples.

    Attributes:
        name: what manifests call it ("world", "folder:/data/run1").
    """

    name: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample:
        """The sample of this index.

        Raises:
            DeepsightError: this one input is broken; the message says how. Others may be fine.
            IndexError: there is no such index.
        """
        ...
