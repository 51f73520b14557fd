"""What callers hand in is checked when it is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.perception.inputs import Detection, GivenUp, RegionKind, RegionRequest
from deepsight_ros.scene.objects import UpSource

NAN = float("nan")


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 5), (5, 0, 2, 5), (0, NAN, 5, 5), (0, 0, float("inf"), 1)]
)
def test_boxes_without_area_or_with_nan_are_refused(box: Any) -> None:
    with pytest.raises(InvalidValueError):
        RegionRequest(RegionKind.BOX, box_px=box)
    with pytest.raises(InvalidValueError):
        Detection("mug", 0.5, box)


@pytest.mark.parametrize("kind", list(RegionKind))
def test_a_region_needs_the_field_of_its_kind(kind: RegionKind) -> None:
    with pytest.raises(InvalidValueError, match=kind.name):
        RegionRequest(kind)


def test_points_and_masks_are_checked() -> None:
    with pytest.raises(InvalidValueError):
        RegionRequest(RegionKind.POINT, point_px=(NAN, 3.0))
    with pytest.raises(InvalidValueError):
        RegionRequest(RegionKind.MASK, mask=np.zeros((4, 4), np.uint8))  # type: ignore[arg-type]


@pytest.mark.parametrize("score", [-0.1, 1.1, NAN])
def test_scores_are_shares(score: float) -> None:
    with pytest.raises(InvalidValueError):
        Detection("mug", score, (0, 0, 5, 5))


@pytest.mark.parametrize("vector", [(0, 0, 0), (NAN, 0, 1), (1, 2)])
def test_up_needs_three_finite_numbers(vector: Any) -> None:
    with pytest.raises(InvalidValueError):
        GivenUp(np.array(vector, float), UpSource.IMU)


def test_up_is_normalised_and_says_where_it_came_from() -> None:
    up = GivenUp(np.array([0.0, -9.81, 0.0]), UpSource.IMU)
    assert np.allclose(up.vector, (0, -1, 0))
    with pytest.raises(InvalidValueError):
        GivenUp(np.array([0.0, -1.0, 0.0]), UpSource.PLANE)
