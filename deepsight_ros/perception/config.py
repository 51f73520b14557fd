"""PerceptionConfig: every number perception can be tuned with, checked when made.

The node's ROS parameters are generated from these fields, so each is a plain float, int, str or
bool with its unit in its name, and the docstring under it is the parameter's description.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from deepsight_ros.errors import InvalidValueError

DETECTORS = ("none", "topic", "model")
"""Object namers this build has; learnt ones register here when a model is installed."""


@dataclass(frozen=True)
class PerceptionConfig:
    """Settings of ``Perceiver``; published figures were made with the defaults."""

    working_width_px: int = 320
    """Width the depth image is subsampled to (by a whole step) before it is segmented."""

    max_range_m: float = 6.0
    """Depth beyond this is ignored: the far end of the working volume."""

    max_height_m: float = 2.2
    """Points higher than this above the support belong to no object."""

    max_object_size_m: float = 2.2
    """A segment whose longest upright side exceeds this is furniture or wall, not an object."""

    min_object_size_m: float = 0.012
    """A segment whose longest side stays below this is noise."""

    min_object_px: int = 40
    """Fewest pixels (at perception resolution) of an object."""

    min_height_m: float = 0.006
    """Least height above the support that counts as an object rather than as the surface."""

    pitch_up_limit_deg: float = 15.0
    """Prior used when neither TF nor IMU gives up: the camera looks up by at most this."""

    pitch_down_limit_deg: float = 70.0
    """Prior used when neither TF nor IMU gives up: the camera looks down by at most this."""

    roll_limit_deg: float = 30.0
    """Prior used when neither TF nor IMU gives up: the camera rolls by at most this."""

    up_tolerance_deg: float = 8.0
    """A plane whose normal lies within this of a given up (TF, IMU) is taken as horizontal."""

    snap_up_deg: float = 3.0
    """Within this of a given up, the support's own normal is used as z: it is measured finer."""

    min_support_share: float = 0.02
    """Least share of the valid pixels that must lie on a plane for it to be a support."""

    min_support_side_m: float = 0.10
    """Least extent, in both directions, of a plane that can be a support."""

    use_colour: bool = True
    """Let colour edges separate what depth cannot (touching or stacked things); needs colour."""

    part_at_log_odds: float = 0.7
    """How sure (log odds) a border between two pieces must be to part two things; higher joins
    more, lower splits more."""

    outlier_cell_m: float = 0.02
    """Gap between points (m, grows with range) that parts an outlier cluster from its object."""

    track_gate_m: float = 0.15
    """Farthest a thing may move between two frames and keep its id."""

    track_memory_s: float = 5.0
    """How long a thing that is not seen any more keeps its id for when it comes back."""

    track_birth_frames: int = 1
    """Frames a new thing must be seen in before it is published."""

    track_smoothing: float = 0.0
    """Share of the last pose kept in the published one (0: every frame stands for itself)."""

    detector: str = "none"
    """Who names objects: ``none``, ``topic`` (boxes from an outside detector) or ``model`` (the
    depth-language model, at a low rate)."""

    detector_iou: float = 0.35
    """Least overlap (intersection over union) at which a detector's box names a segment."""

    gripper_label: str = "gripper"
    """Label that marks a detected object as the robot's gripper."""

    gripper_colour: str = ""
    """Colour word that marks an object as the gripper without a TF pose; empty: none."""

    gripper_radius_m: float = 0.12
    """Objects whose points lie within this of the gripper's TF pose are the gripper."""

    cloud_step_px: int = 1
    """Keep every n-th working pixel in the free-space cloud."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise InvalidValueError(f"perception.{f.name}: got {value}, expected finite")
        positive = (
            "working_width_px",
            "max_range_m",
            "max_height_m",
            "max_object_size_m",
            "min_object_px",
            "outlier_cell_m",
            "track_gate_m",
            "track_birth_frames",
            "up_tolerance_deg",
            "gripper_radius_m",
            "cloud_step_px",
        )
        for name in positive:
            if getattr(self, name) <= 0:
                raise InvalidValueError(
                    f"perception.{name}: got {getattr(self, name)}, expected more than 0"
                )
        limits = {
            "working_width_px": (8, 4096),
            "pitch_up_limit_deg": (0.0, 60.0),
            "pitch_down_limit_deg": (0.0, 85.0),
            "roll_limit_deg": (0.0, 60.0),
            "up_tolerance_deg": (0.1, 30.0),
            "snap_up_deg": (0.0, 30.0),
            "min_support_share": (0.0, 1.0),
            "part_at_log_odds": (-10.0, 10.0),
            "track_memory_s": (0.0, 3600.0),
            "track_smoothing": (0.0, 0.95),
            "detector_iou": (0.05, 1.0),
            "min_height_m": (0.001, 0.2),
            "min_object_size_m": (0.0, self.max_object_size_m),
            "min_support_side_m": (0.0, 10.0),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidValueError(
                    f"perception.{name}: got {value}, expected {low} to {high}"
                )
        if self.detector not in DETECTORS:
            raise InvalidValueError(
                f"perception.detector: got '{self.detector}', which is not installed; available: "
                f"{', '.join(DETECTORS)}. Publish boxes of your own detector and use 'topic', or "
                "name objects by colour, size, position or region, which needs none"
            )
