"""What every recorded source of RGB-D frames offers, and the account it keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.transform_buffer import TransformBuffer

KEPT_SKIPS = 100
"""How many skipped inputs a report keeps word for word; all are counted."""


@dataclass(frozen=True)
class Skipped:
    """An input that gave no frame.

    Attributes:
        where: file, or topic and stamp.
        reason: what was got, what was expected, what to do.
    """

    where: str
    reason: str


@dataclass
class SourceReport:
    """What a pass over a source found; filled while it runs, begun anew by the next pass.

    Attributes:
        frames: frames handed out.
        skipped_count: inputs that gave no frame because they are broken.
        skipped: the first of them.
        unpaired_depth, unpaired_colour: images without a partner in time.
        notes: choices the source made by itself, in words.
    """

    frames: int = 0
    skipped_count: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    unpaired_depth: int = 0
    unpaired_colour: int = 0
    notes: list[str] = field(default_factory=list)

    def skip(self, where: str, reason: object) -> None:
        """Count a broken input."""
        self.skipped_count += 1
        if len(self.skipped) < KEPT_SKIPS:
            self.skipped.append(Skipped(where, str(reason)))

    def restart(self) -> None:
        """Forget the last pass; what was decided when the source was opened stays."""
        self.frames = self.skipped_count = self.unpaired_depth = self.unpaired_colour = 0
        self.skipped.clear()

    def summary(self) -> str:
        """One line for a log: counts, and the commonest reason for skipping."""
        parts = [f"{self.frames} frames"]
        if self.skipped_count:
            reason, _ = Counter(s.reason for s in self.skipped).most_common(1)[0]
            parts.append(f"{self.skipped_count} skipped ({reason})")
        if self.unpaired_depth or self.unpaired_colour:
            parts.append(
                f"without partner: {self.unpaired_depth} depth, {self.unpaired_colour} colour"
            )
        return ", ".join(parts)


@runtime_checkable
class RgbdSource(Protocol):
    """Recorded RGB-D frames, in order of their stamps. May be iterated again and again.

    Attributes:
        name: what reports call it, usually the path.
        transforms: poses of the cameras as far as they are recorded. While a frame is in hand,
            they are known at its stamp; only about ten seconds of history are kept.
        report: the account of the last or current pass.
    """

    name: str
    transforms: TransformBuffer
    report: SourceReport

    def __iter__(self) -> Iterator[RgbdFrame]: ...
