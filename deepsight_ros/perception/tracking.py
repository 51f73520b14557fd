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
NEW_COST = 2.5
"""Above this cost a sighting is taken for a new thing."""

LAB_WEIGHT = np.array([0.5, 1.0, 1.0])
"""Lightness tells things apart less than hue does: it changes with shadow and exposure."""

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
        cost = self._costs(stamp_ns, sightings)
        # A dummy column per sighting lets it stay new rather than take a bad track.
        stay_new = np.full((len(sightings), len(sightings)), NEW_COST)
        rows, columns = linear_sum_assignment(np.hstack([cost, stay_new]))
        return {
            int(r): int(c)
            for r, c in zip(rows, columns, strict=True)
            if c < len(self._tracks) and cost[r, c] < NEW_COST
        }

    def _costs(self, stamp_ns: int, sightings: list[Sighting]) -> Array:
        """(S, T) cost of each sighting being each track; ``FORBIDDEN`` where it cannot be."""
        tracks = self._tracks
        age = np.array([max(0.0, (stamp_ns - t.last_seen_ns) * 1e-9) for t in tracks])
        # A thing that is out of sight most likely stays where it was: predict 0.2 s at most.
        predicted = np.array([t.position_m for t in tracks])
        predicted = predicted + np.array([t.velocity_m_s for t in tracks]) * np.minimum(
            age, 0.2
        ).reshape(-1, 1)
        size = np.maximum(np.array([t.size_m for t in tracks]), 0.005)
        seen_size = np.maximum(np.array([s.size_m for s in sightings]), 0.005)
        partial = np.array([s.is_partial for s in sightings])[:, None]
        at = np.array([s.position_m for s in sightings])
        moved = np.linalg.norm(at[:, None] - predicted[None], axis=2)
        gate = self._config.track_gate_m + 0.05 * np.minimum(age, 2.0)[None]
        gate = gate + np.where(partial, 0.3 * size[None, :, 0], 0.0)
        cost = (moved / gate) ** 2
        ratio = np.abs(np.log(seen_size[:, None, :2] / size[None, :, :2])).mean(axis=2)
        cost += np.where(partial, 0.3, 1.0) * np.minimum((ratio / 0.7) ** 2, 2.0)
        unknown = np.full(3, np.nan)
        lab = np.array([unknown if t.lab is None else t.lab for t in tracks])
        seen_lab = np.array([unknown if s.lab is None else s.lab for s in sightings])
        apart = np.linalg.norm((seen_lab[:, None] - lab[None]) * LAB_WEIGHT, axis=2)
        cost += np.nan_to_num(np.minimum((apart / COLOUR_SCALE) ** 2, 4.0), nan=0.0)
        return np.where(moved > 2.0 * gate, FORBIDDEN, cost)

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
