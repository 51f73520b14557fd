"""RecordedSource: an index into a folder of images or a bag in, a Sample out.

    FolderSource / BagSource --frame(index)--> RgbdFrame --Perceiver--> Scene --> Sample

Every sample is perceived by a perceiver of its own, so that it depends on its frame alone. There
is no truth: what pairs are measured on is what perception makes of the frame, intervals included.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError, SourceError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Scene
from deepsight_ros.sources import FolderSource, is_bag
from deepsight_ros.synthesis.samples import Sample


class RecordedSource:
    """Random access to the frames of a folder or a bag; a ``SampleSource``.

    Args:
        path: a folder of images, or a bag.
        perception: settings of perception; None takes the defaults.
        room: kind of place, where the caller knows it.
        options: those of ``FolderSource`` or ``BagSource`` (camera, depth unit, topics ...).

    Raises:
        SourceError: nothing there, or not readable as RGB-D.
        CalibrationError: a camera or the transform between two is missing; says which.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        perception: PerceptionConfig | None = None,
        room: str = "",
        **options: Any,
    ) -> None:
        self._path, self._options = Path(path), options
        self._config, self._room = perception or PerceptionConfig(), room
        if not self._path.exists():
            raise SourceError(f"{path}: got nothing there, expected a bag or a folder of images")
        self.is_bag = is_bag(self._path)
        self.name = f"{'bag' if self.is_bag else 'folder'}:{path}"
        self._open()

    def _open(self) -> None:
        if self.is_bag:
            from deepsight_ros.sources.bag import BagSource  # its library takes 0.3 s

            self._bag = BagSource(self._path, **self._options)
            self._moments = self._bag.moments()
            if not self._moments:
                raise SourceError(
                    f"{self._path}: got no frame from {self._bag.topics}, "
                    f"{self._bag.report.summary()}; are colour and depth recorded at one time?"
                )
        else:
            self._folder = FolderSource(self._path, **self._options)

    def __getstate__(self) -> dict[str, Any]:
        """What a worker needs to open the recording again."""
        kept = ("_path", "_options", "_config", "_room", "is_bag", "name")
        return {key: self.__dict__[key] for key in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._moments) if self.is_bag else len(self._folder)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name}: got index {index}, expected 0 to {len(self) - 1}")
        frame, key, files = self._frame(index)
        scene = Perceiver(self._config).perceive(frame)
        return Sample(
            key=f"{self.name}/{key}",
            frame=frame,
            scene=scene,
            instance_id=instance_image(scene, frame),
            room=self._room,
            provenance={
                "source": self.name,
                "index": index,
                "stamp_ns": frame.stamp_ns,
                "sensor": frame.sensor.family,
                "up": scene.up.value,
                **files,
            },
        )

    def _frame(self, index: int) -> tuple[RgbdFrame, str, dict[str, str]]:
        if self.is_bag:
            moment = self._moments[index]
            topics = self._bag.topics
            colour = "" if topics.colour is None else topics.colour.topic
            about = {"depth": topics.depth.topic, "colour": colour}
            return self._bag.frame_at(moment), str(moment.stamp_ns), about
        try:
            frame = self._folder.frame(index)
        except CalibrationError as error:
            raise CalibrationError(f"{self.name}, image {index}: {error}") from error
        depth, colour_file = self._folder.files(index)
        about = {"depth": depth.name, "colour": "" if colour_file is None else colour_file.name}
        return frame, self._folder.key(index), about


def instance_image(scene: Scene, frame: RgbdFrame) -> NDArray[np.int16]:
    """(H, W) int16 in the frame's size: object ``i`` of the scene is ``i + 1``, else 0.

    Masks at perception resolution are spread over the pixels they stand for; where two overlap
    the smaller one is in front.
    """
    height, width = frame.depth_m.shape
    out = np.zeros((height, width), np.int16)
    masks = [
        (int(np.count_nonzero(o.mask)), i, o.mask)
        for i, o in enumerate(scene.objects)
        if o.mask is not None
    ]
    for _, index, mask in sorted(masks, key=lambda m: -m[0]):
        step = -(-height // mask.shape[0])
        whole = np.repeat(np.repeat(mask, step, axis=0), step, axis=1)[:height, :width]
        out[whole] = index + 1
    return out
