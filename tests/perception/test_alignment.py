"""A shape seen earlier is found again from depth alone, and not where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.gravity import gravity_frame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.alignment import Model, Present, align, judge
from deepsight_ros.perception.view import WorkingView, make_view
from deepsight_ros.scene.objects import SupportPlane
from deepsight_ros.scene.observed import ObservedShape

CAMERA = Camera(320, 240, 300.0, 300.0, 159.5, 119.5)
DOWN_RAD = np.deg2rad(40.0)
UP = np.array([0.0, -np.cos(DOWN_RAD), -np.sin(DOWN_RAD)])
HEIGHT_M = 0.6
W_FROM_CAMERA = gravity_frame(UP, HEIGHT_M)
BOX_M = np.array([0.75, 0.05, 0.05])
HALF_M = 0.05


def picture(centre_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth of a table with a cube of 0.1 m on it, and which pixels show the cube."""
    v, u = np.mgrid[:240, :320]
    rays = np.stack([(u - 159.5) / 300.0, (v - 119.5) / 300.0, np.ones(u.shape)], axis=-1)
    way = W_FROM_CAMERA.rotate(rays.reshape(-1, 3))
    start = W_FROM_CAMERA.translation_m
    with np.errstate(divide="ignore"):
        table = np.where(way[:, 2] < -1e-6, -start[2] / way[:, 2], np.inf)
        near = (centre_m - HALF_M - start) / way
        far = (centre_m + HALF_M - start) / way
    first = np.minimum(near, far).max(axis=1)
    hit = (first < np.maximum(near, far).min(axis=1)) & (first > 0)
    depth = np.where(hit, first, table).reshape(240, 320)
    depth[~(depth < 4.0)] = np.nan
    return depth.astype(np.float32), hit.reshape(240, 320)


def seen_at(centre_m: np.ndarray) -> tuple[WorkingView, np.ndarray]:
    depth, mask = picture(centre_m)
    return make_view(RgbdFrame(1, CAMERA, depth), 1, 6.0), mask


@pytest.fixture(scope="module")
def model() -> Model:
    view, mask = seen_at(BOX_M)
    sensor = RgbdFrame(1, CAMERA, view.depth_m).sensor
    shape = ObservedShape.from_mask(mask, view.depth_m, CAMERA, W_FROM_CAMERA, sensor)
    assert shape is not None
    return Model.of(shape)


def present(view: WorkingView) -> Present:
    return Present.of(view, SupportPlane(UP, HEIGHT_M))


@pytest.mark.parametrize(
    "shift", [(0.0, 0.0, 0.0), (0.012, 0.0, 0.0), (0.0, 0.014, 0.0), (0.004, -0.01, 0.008)]
)
def test_a_moved_cube_is_found(model: Model, shift: tuple[float, float, float]) -> None:
    view, _ = seen_at(BOX_M + shift)
    guess = W_FROM_CAMERA.inverse()
    found = align(model, guess, present(view))
    assert found is not None
    moved = W_FROM_CAMERA.rotate(found.camera_from_model.translation_m - guess.translation_m)
    assert moved == pytest.approx(np.array(shift), abs=0.003)
    assert found.agrees > 0.95
    assert found.visible > 0.95


def test_where_only_the_table_is_the_cube_is_not(model: Model) -> None:
    view, _ = seen_at(BOX_M + np.array([0.0, 0.3, 0.0]))
    found = judge(model, W_FROM_CAMERA.inverse(), present(view))
    assert found is not None
    assert found.agrees < 0.2


def test_what_stands_before_it_hides_it(model: Model) -> None:
    view, mask = seen_at(BOX_M)
    depth = view.depth_m.copy()
    left = mask & (np.arange(320)[None, :] < 150)
    depth[left] = 0.3
    found = judge(
        model, W_FROM_CAMERA.inverse(), present(make_view(RgbdFrame(1, CAMERA, depth), 1, 6.0))
    )
    assert found is not None
    assert found.visible == pytest.approx(1.0 - left.sum() / mask.sum(), abs=0.1)
    assert found.agrees > 0.95


def test_far_off_says_so_in_standard_deviations(model: Model) -> None:
    view, _ = seen_at(BOX_M)
    found = align(model, W_FROM_CAMERA.inverse(), present(view))
    assert found is not None
    here = found.camera_from_model
    assert found.off(here) == 0.0
    away = RigidTransform(here.rotation, here.translation_m + np.array([0.0, 0.0, 0.02]))
    assert found.off(away) > 5.0


def test_out_of_the_picture_is_nowhere(model: Model) -> None:
    view, _ = seen_at(BOX_M)
    here = W_FROM_CAMERA.inverse()
    beside = RigidTransform(here.rotation, here.translation_m + np.array([5.0, 0.0, 0.0]))
    assert align(model, beside, present(view)) is None
