"""The ray caster against sphere tracing of the exact solids, which shares no code with it."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.solids import Solid
from deepsight_ros.synthesis.render import RayCaster, render, visible_fractions
from deepsight_ros.synthesis.shapes import box, cone, cylinder, place, sphere
from deepsight_ros.synthesis.things import Material, Thing, World, look, solid
from deepsight_ros.synthesis.world import room, tabletop

CAMERA = Camera(64, 48, 55.0, 55.0, 31.5, 23.5)


def trace(solids: list[Solid], origin: np.ndarray, rays: np.ndarray, far: float) -> tuple:
    """First hit of each ray by sphere tracing: (ray parameter or nan, index of the solid)."""
    length = np.linalg.norm(rays, axis=1)
    t = np.zeros(len(rays))
    nearest = np.zeros(len(rays), dtype=int)
    going = np.ones(len(rays), dtype=bool)
    for _ in range(600):
        points = origin + t[going, None] * rays[going]
        distances = np.stack([s.distances(points) for s in solids])
        nearest[going] = distances.argmin(axis=0)
        step = distances.min(axis=0)
        t[going] += step / length[going]
        still = (step > 1e-7) & (t[going] < far)
        going[np.nonzero(going)[0]] = still
        if not going.any():
            break
    t[t >= far] = np.nan
    return t, nearest


def check(world: World, camera: Camera) -> None:
    picture = render(world, camera)
    identity = RigidTransform.identity()
    solids = [solid(t.placed(), identity) for t in world.things]
    ids = [i + 1 for i in range(len(world.things))]
    for fixture in world.fixtures:
        solids.append(solid(place(fixture.parts, np.zeros(3), 0.0), identity))
        ids.append(fixture.instance_id)
    u, v = np.meshgrid(np.arange(camera.width_px), np.arange(camera.height_px))
    local = np.stack(
        [(u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px, np.ones(u.shape)],
        -1,
    ).reshape(-1, 3)
    pose = world.world_from_camera
    t, which = trace(solids, pose.translation_m, pose.rotate(local), 40.0)
    depth = picture.depth_m.ravel()
    assert np.mean(np.isnan(depth) == np.isnan(t)) > 0.999
    both = np.isfinite(depth) & np.isfinite(t)
    error = np.abs(depth - t)[both]
    # a ray that grazes an edge may go either way: the hit itself must still lie on a surface
    assert np.mean(error < 2e-4) > 0.995
    same = (picture.instance_id.ravel() == np.array(ids)[which])[both]
    assert np.mean(same | (error > 2e-4)) > 0.995
    hits = pose.translation_m + depth[both, None] * pose.rotate(local)[both]
    off = np.stack([s.distances(hits) for s in solids]).min(axis=0)
    assert off.max() < 1e-4


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("split", ["train", "test"])
def test_tabletop_depth_and_ids_are_those_of_the_nearest_solid(seed: int, split: str) -> None:
    check(tabletop(seed, split=split), CAMERA)


@pytest.mark.parametrize("seed", range(2))
def test_room_depth_and_ids_are_those_of_the_nearest_solid(seed: int) -> None:
    check(room(seed), CAMERA)


@pytest.mark.parametrize("pitch_deg", [-60.0, -20.0, 0.0, 30.0, 89.9])
@pytest.mark.parametrize(
    "part",
    [box(0.2, 0.3, 0.4, yaw_rad=0.3), cylinder(0.3, 0.4), cone(0.3, 0.4), sphere(0.35)],
    ids=lambda p: p.kind,
)
def test_every_kind_from_every_side(part, pitch_deg: float) -> None:
    """Seen from above, from below and level, also where only caps are in view."""
    pitch = np.deg2rad(pitch_deg)
    middle = np.array([0.0, 0.0, 0.2])
    at = middle - 0.9 * np.array([np.cos(pitch), 0.0, -np.sin(pitch)])
    thing = Thing("o1", "x", "x", (part,), (0, 0, 0), 0.4, Material("red", (200, 0, 0)))
    world = World((thing,), (), "table", CAMERA, look(at, 0.0, pitch, 0.05))
    assert (render(world).instance_id == 1).sum() > 100
    check(world, CAMERA)


def test_drawing_onto_a_picture_equals_drawing_everything() -> None:
    world = tabletop(5, width_px=160, height_px=120)
    whole = render(world)
    first = World(world.things[:-1], world.fixtures, "", world.camera, world.world_from_camera)
    caster = RayCaster(world.camera, world.world_from_camera, onto=render(first))
    caster.draw_thing(world.things[-1], len(world.things))
    added = caster.finish()
    np.testing.assert_array_equal(added.depth_m, whole.depth_m)
    np.testing.assert_array_equal(added.instance_id, whole.instance_id)
    np.testing.assert_array_equal(added.colour, whole.colour)


def test_nothing_in_view_is_nan_and_no_instance() -> None:
    world = World((), (), "table", CAMERA, look(np.array([0, 0, 1.0]), 0.0, 0.2))
    picture = render(world)
    assert np.isnan(picture.depth_m).all()
    assert not picture.instance_id.any()


def test_visible_fraction_halves_behind_a_box_that_covers_half() -> None:
    plain = Material("red", (200, 0, 0))
    back = Thing("o1", "box", "b", (box(0.1, 0.4, 0.4),), (2.0, 0, 0), 0.0, plain)
    front = Thing("o2", "box", "b", (box(0.1, 1.0, 1.0),), (1.0, 0.5, -0.3), 0.0, plain)
    view = look(np.array([0.0, 0.0, 0.2]), 0.0, 0.0)
    world = World((back, front), (), "table", CAMERA, view)
    fractions = visible_fractions(world, Camera(320, 240, 300.0, 300.0, 159.5, 119.5))
    assert fractions[0] == pytest.approx(0.5, abs=0.03)
    assert fractions[1] == 1.0
