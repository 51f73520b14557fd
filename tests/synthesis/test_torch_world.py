"""The batched renderer and noise in torch: the renderer agrees with the numpy one; noise is as its
numbers say."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.synthesis.raster import rasterise
from deepsight_ros.synthesis.rooms import furnished_room
from deepsight_ros.synthesis.scenery import scenery
from deepsight_ros.synthesis.shapes import Part, box, cone, cylinder, sphere
from deepsight_ros.synthesis.things import Material, Thing, World, look
from deepsight_ros.synthesis.world_tables import crowded

torch = pytest.importorskip("torch", reason="the batched renderer needs torch")

from deepsight_ros.synthesis.render_torch import batch_of, render_batch, views_of  # noqa: E402
from deepsight_ros.synthesis.sensor_torch import SensorBatch, measure_batch  # noqa: E402

SIZE = {"width_px": 96, "height_px": 72}


def _agree(worlds: list[World]) -> None:
    drawn = [scenery(w) for w in worlds]
    poses = [w.world_from_camera for w in worlds]
    pictures = render_batch(
        batch_of(drawn, poses=poses), views_of([w.camera for w in worlds], poses)
    )
    for k, world in enumerate(worlds):
        own = rasterise(drawn[k], world.camera, poses[k])
        depth, ids = pictures.depth[k].numpy(), pictures.instance[k].numpy()
        assert np.mean(np.isnan(depth) == np.isnan(own.depth_m)) > 0.999
        same = ids == own.instance_id
        assert same.mean() > 0.995
        both = same & np.isfinite(depth) & np.isfinite(own.depth_m)
        assert np.abs(depth - own.depth_m)[both].max() < 1e-3


@pytest.mark.parametrize("split", ["train", "test"])
def test_depth_and_ids_are_those_of_the_numpy_renderer(split: str) -> None:
    kinds = ("office", "kitchen", "bathroom")
    worlds = [furnished_room(kind, 3, split=split, **SIZE) for kind in kinds]
    worlds += [crowded(kind, 3, split=split, **SIZE) for kind in ("clutter", "bin", "table")]
    _agree(worlds)


@pytest.mark.parametrize("pitch_deg", [-60.0, -20.0, 0.0, 30.0, 89.0])
@pytest.mark.parametrize("tilt_rad", [0.0, 0.6, np.pi / 2])
def test_every_kind_from_every_side_upright_and_tilted(pitch_deg: float, tilt_rad: float) -> None:
    camera = Camera(64, 48, 55.0, 55.0, 31.5, 23.5)
    worlds = []
    for part in (box(0.2, 0.3, 0.4), cylinder(0.3, 0.4), cone(0.3, 0.4), sphere(0.35)):
        turned = Part(part.kind, part.size_m, part.centre_m, 0.3, 1.0, tilt_rad)
        pitch = np.deg2rad(pitch_deg)
        at = np.array([0, 0, 0.2]) - 0.9 * np.array([np.cos(pitch), 0.0, -np.sin(pitch)])
        thing = Thing("o1", "x", "x", (turned,), (0, 0, 0), 0.4, Material("red", (200, 0, 0)))
        worlds.append(World((thing,), (), "table", camera, look(at, 0.0, pitch, 0.05)))
    _agree(worlds)
    for world in worlds:  # and the numpy renderer's hits lie on the exact solid
        picture = rasterise(scenery(world), camera, world.world_from_camera)
        v, u = np.nonzero(picture.instance_id == 1)
        assert len(v) > 100
        z = picture.depth_m[v, u].astype(np.float64)
        points = np.column_stack([(u - 31.5) / 55 * z, (v - 23.5) / 55 * z, z])
        truth = world.truth()
        in_w = truth.working_from_camera.apply(points)
        assert truth.objects[0].shape.distances(in_w).max() < 1e-4  # type: ignore[attr-defined]


def test_views_of_different_sizes_are_refused() -> None:
    pose = look(np.zeros(3), 0.0, 0.0)
    cameras = [Camera(8, 6, 8, 8, 3.5, 2.5), Camera(9, 6, 8, 8, 4, 2.5)]
    with pytest.raises(InvalidValueError):
        views_of(cameras, [pose, pose])


def _sensors(count: int, family: str, spread: float = 0.0, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    return SensorBatch.draw(count, generator, families=(family,), spread=spread), generator


@pytest.mark.parametrize("family", ["structured_light", "stereo", "time_of_flight"])
def test_noise_on_a_wall_has_the_stated_strength(family: str) -> None:
    from deepsight_ros.geometry.noise import FAMILIES

    sensors, generator = _sensors(4, family)
    for z in (1.0, 3.0):
        wall = torch.full((4, 60, 80), z)
        read = measure_batch(wall, torch.full((4,), 80.0), sensors, generator)
        error = (read - wall)[torch.isfinite(read)]
        step = FAMILIES[family].quantisation_m_at_1m * (1 if family == "time_of_flight" else z * z)
        expected = np.hypot(float(FAMILIES[family].sigma_m(np.array(z))), step / np.sqrt(12))
        assert float(error.std()) == pytest.approx(expected, rel=0.15)
        assert 0.0 < float(torch.isnan(read).float().mean()) < 0.03


def test_edges_and_shadows_lose_pixels_and_time_of_flight_casts_no_shadow() -> None:
    step = torch.full((2, 60, 80), 3.0)
    step[:, 15:45, 30:50] = 1.0
    lost = {}
    for family in ("structured_light", "time_of_flight"):
        sensors, generator = _sensors(2, family)
        read = measure_batch(step, torch.full((2,), 80.0), sensors, generator)
        lost[family] = torch.isnan(read)
    beside = slice(25, 30)  # left of the near thing: hidden from the projector
    assert lost["structured_light"][:, 18:42, beside].float().mean() > 0.5
    assert lost["time_of_flight"][:, 18:42, 24:28].float().mean() < 0.2
    away = torch.cat([lost["structured_light"][:, :8], lost["structured_light"][:, 52:]], 1)
    assert away.float().mean() < 0.03


def test_what_lies_out_of_range_or_is_seen_too_flatly_is_lost() -> None:
    sensors, generator = _sensors(1, "time_of_flight")
    far = measure_batch(torch.full((1, 8, 8), 50.0), torch.full((1,), 8.0), sensors, generator)
    assert torch.isnan(far).all()
    v = torch.arange(60.0) - 29.5
    floor = (1.0 / (v.clamp_min(0.5) / 80.0)).clamp(max=30.0)  # a level view 1 m above it
    sensors, generator = _sensors(1, "stereo")
    read = measure_batch(
        floor[None, :, None].expand(1, 60, 80).contiguous(),
        torch.full((1,), 80.0),
        sensors,
        generator,
    )
    assert torch.isnan(read[:, 39:45]).float().mean() > 0.9  # 80-83 degrees off its normal
    assert torch.isnan(read[:, 52:]).float().mean() < 0.1


def test_the_same_seed_gives_the_same_readings_and_spread_goes_beyond_the_real_range() -> None:
    reads = []
    for _ in range(2):
        sensors, generator = _sensors(3, "stereo", 1.0, seed=5)
        reads.append(
            measure_batch(torch.full((3, 20, 30), 2.0), torch.full((3,), 30.0), sensors, generator)
        )
    torch.testing.assert_close(reads[0], reads[1], equal_nan=True)
    many, _ = _sensors(400, "stereo", 1.0)
    assert many.numbers["quadratic_per_m"].max() > 1.8 * 0.0028
    assert many.numbers["quadratic_per_m"].min() < 0.2 * 0.0028
    with pytest.raises(InvalidValueError):
        _sensors(1, "lidar")
