"""Ids that stay with their things while the camera or the things move.

In: per frame, the positions (fixed frame), sizes and colours of what was segmented. Out: an id
each. Assignment is optimal over all pairs (Hungarian), on predicted position, size and colour;
things out of sight are remembered for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from deepsight_ros.perception.config import PerceptionConfig

Array = NDArray[np.float64]

FORBIDDEN = 1e6
COLOUR_SCALE = 25.0
"""Lab distance at which two colours cost as much as a displacement by the whole gate."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One segment of this frame.

    Attributes:
        position_m: (3,) box centre in the fixed frame.
        size_m: (3,) box sides, longest first (so that it does not depend on yaw).
        lab: (3,) median colour in CIE Lab (OpenCV 8-bit scale), or None without colour.
        is_partial: cut by another thing or by the image border: size and centre are unsure.
    """

    position_m: Array
    size_m: Array
    lab: Array | None
    is_partial: bool = False


@dataclass(frozen=True, eq=False)
class Track:
    """What is remembered of one thing."""

    id: str
    position_m: Array
    velocity_m_s: Array
    size_m: Array
    lab: Array | None
    first_seen_ns: int
    last_seen_ns: int
    frames_seen: int
    label: str = ""
    label_score: float = 0.0


class Tracker:
    """Keeps ids over frames; ``reset`` forgets everything and starts again at o1."""

    def __init__(self, config: PerceptionConfig) -> None:
        self._config = config
        self._tracks: list[Track] = []
        self._next = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Everything remembered, in sight or not."""
        return tuple(self._tracks)

    def reset(self) -> None:
        self._tracks = []
        self._next = 1

    def track(self, object_id: str) -> Track | None:
        """The track with this id, or None when it is not remembered."""
        return next((t for t in self._tracks if t.id == object_id), None)

    def label(self, object_id: str, label: str, score: float) -> None:
        """Remember a name for a track, unless it already has a surer one of another kind."""
        for index, track in enumerate(self._tracks):
            if track.id == object_id:
                decayed = 0.98 * track.label_score
                if label == track.label or score >= decayed:
                    self._tracks[index] = replace(track, label=label, label_score=score)
                else:
                    self._tracks[index] = replace(track, label_score=decayed)

    def update(self, stamp_ns: int, sightings: list[Sighting]) -> list[str]:
        """Ids of the sightings, in their order; "" for one not yet seen often enough."""
        if self._tracks and stamp_ns < max(t.last_seen_ns for t in self._tracks) - 1_000_000_000:
            self.reset()  # the clock went back by more than a second: a new run of a bag
        memory_ns = int(self._config.track_memory_s * 1e9)
        self._tracks = [t for t in self._tracks if stamp_ns - t.last_seen_ns <= memory_ns]
        pairs = self._assign(stamp_ns, sightings)
        ids: list[str] = []
        for index, sighting in enumerate(sightings):
            if index in pairs:
                track = self._advance(self._tracks[pairs[index]], stamp_ns, sighting)
                self._tracks[pairs[index]] = track
            else:
                track = Track(
                    f"o{self._next}",
                    sighting.position_m,
                    np.zeros(3),
                    sighting.size_m,
                    sighting.lab,
                    stamp_ns,
                    stamp_ns,
                    1,
                )
                self._next += 1
                self._tracks.append(track)
            born = track.frames_seen >= self._config.track_birth_frames
            ids.append(track.id if born else "")
        return ids

    def _assign(self, stamp_ns: int, sightings: list[Sighting]) -> dict[int, int]:
        """Sighting index -> track index."""
        if not self._tracks or not sightings:
            return {}
        cost = np.array([[self._cost(stamp_ns, s, t) for t in self._tracks] for s in sightings])
        # A dummy column per sighting lets it stay new rather than take a bad track.
        padded = np.hstack([cost, np.full((len(sightings), len(sightings)), 2.5)])
        rows, columns = linear_sum_assignment(padded)
        return {
            int(r): int(c)
            for r, c in zip(rows, columns, strict=True)
            if c < len(self._tracks) and cost[r, c] < 2.5
        }

    def _cost(self, stamp_ns: int, sighting: Sighting, track: Track) -> float:
        dt = max(0.0, (stamp_ns - track.last_seen_ns) * 1e-9)
        # A thing that is out of sight most likely stays where it was: predict 0.2 s at most.
        predicted = track.position_m + track.velocity_m_s * min(dt, 0.2)
        slack = 0.3 * float(track.size_m[0]) if sighting.is_partial else 0.0
        moved = float(np.linalg.norm(sighting.position_m - predicted))
        gate = self._config.track_gate_m + slack + 0.05 * min(dt, 2.0)
        if moved > 2.0 * gate:
            return FORBIDDEN
        cost = (moved / gate) ** 2
        if sighting.lab is not None and track.lab is not None:
            difference = (sighting.lab - track.lab) * np.array([0.5, 1.0, 1.0])
            cost += min((float(np.linalg.norm(difference)) / COLOUR_SCALE) ** 2, 4.0)
        ratio = np.log(np.maximum(sighting.size_m, 0.005) / np.maximum(track.size_m, 0.005))
        weight = 0.3 if sighting.is_partial else 1.0
        return cost + weight * min(float(np.abs(ratio[:2]).mean() / 0.7) ** 2, 2.0)

    @staticmethod
    def _advance(track: Track, stamp_ns: int, sighting: Sighting) -> Track:
        dt = (stamp_ns - track.last_seen_ns) * 1e-9
        velocity = track.velocity_m_s
        if 1e-3 < dt < 0.5:
            velocity = 0.6 * velocity + 0.4 * (sighting.position_m - track.position_m) / dt
        elif dt >= 0.5:
            velocity = np.zeros(3)
        blend = 0.05 if sighting.is_partial else 0.2
        lab = sighting.lab
        if lab is not None and track.lab is not None:
            lab = (1 - blend) * track.lab + blend * lab
        return replace(
            track,
            position_m=sighting.position_m,
            velocity_m_s=velocity,
            size_m=(1 - blend) * track.size_m + blend * sighting.size_m,
            lab=lab if lab is not None else track.lab,
            last_seen_ns=max(stamp_ns, track.last_seen_ns),
            frames_seen=track.frames_seen + 1,
        )
