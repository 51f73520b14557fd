"""AnnotatedSamples: a data set's things and names with perception's gravity; truth where known."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.gravity import gravity_frame, up_from_pitch_roll
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.scene.solids import BoxSolid, PrismSolid
from deepsight_ros.sources.annotated import AnnotatedFrame, Annotation, OrientedBox
from deepsight_ros.sources.bop import BopScene
from deepsight_ros.synthesis.annotated_source import AnnotatedSamples, upright_solid
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.samples import SampleSource
from deepsight_ros.synthesis.world import tabletop


class Tables:
    """Rendered tabletops as a data set, true boxes and all."""

    name = "tables"

    def __init__(self, with_solids: bool = True, up: bool = True) -> None:
        self.with_solids, self.up = with_solids, up

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> AnnotatedFrame:
        world = tabletop(index, width_px=320, height_px=240)
        picture, truth = render(world), world.truth()
        to_camera = truth.working_from_camera.inverse()
        things = []
        for i, thing in enumerate(truth.objects):
            mask = picture.instance_id == i + 1
            if np.count_nonzero(mask) < 150:
                continue
            box, c, s = thing.box, np.cos(thing.box.yaw_rad), np.sin(thing.box.yaw_rad)
            turned = to_camera.rotation @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
            solid = OrientedBox(to_camera.apply(box.centre_m), turned, box.size_m)
            things.append(
                Annotation(thing.id, thing.label, mask, solid=solid if self.with_solids else None)
            )
        depth = np.where(np.isfinite(picture.depth_m), picture.depth_m, np.nan)
        frame = RgbdFrame(index + 1, world.camera, depth.astype(np.float32), picture.colour)
        up = truth.working_from_camera.rotation[2] if self.up else None
        return AnnotatedFrame(f"tables/{index}", frame, tuple(things), "tabletop", up)


def test_names_and_masks_become_a_sample() -> None:
    source = AnnotatedSamples(Tables())
    assert isinstance(source, SampleSource) and len(source) == 3
    sample, given = source[1], Tables()[1]
    assert sample.scene.up is UpSource.IMU and sample.room == "tabletop"
    assert [o.label for o in sample.scene.objects] == [t.label for t in given.things]
    assert not any(o.is_region for o in sample.scene.objects)
    assert set(sample.captions) == {o.id for o in sample.scene.objects}
    for i, thing in enumerate(given.things):
        drawn = sample.instance_id == i + 1
        both = np.count_nonzero(drawn & thing.mask)
        assert both / np.count_nonzero(drawn | thing.mask) > 0.7
    truth, known = sample.truth, tabletop(1, width_px=320, height_px=240).truth()
    assert truth.is_exact
    for item in truth.objects:
        wanted = known.object(item.id).box
        np.testing.assert_allclose(item.box.size_m[2], wanted.size_m[2], atol=2e-3)
        np.testing.assert_allclose(item.box.centre_m, wanted.centre_m, atol=8e-3)


def test_without_solids_there_is_no_truth_and_up_comes_from_the_plane() -> None:
    sample = AnnotatedSamples(Tables(with_solids=False, up=False))[0]
    assert sample.truth is None and sample.scene.up is UpSource.PLANE


def test_a_frame_without_things_is_refused() -> None:
    class Empty(Tables):
        def __getitem__(self, index: int) -> AnnotatedFrame:
            given = super().__getitem__(index)
            return AnnotatedFrame(given.key, given.frame, ())

    with pytest.raises(DecodeError, match="no thing"):
        AnnotatedSamples(Empty())[0]


def test_upright_and_tilted_boxes() -> None:
    """A camera that looks down by 30 degrees; a box turned by 20 degrees, standing on its x."""
    working = gravity_frame(up_from_pitch_roll(np.radians(30)), 1.0)
    yaw = np.radians(20)
    c, s = np.cos(yaw), np.sin(yaw)
    upright = np.array([[0, c, -s], [0, s, c], [1.0, 0, 0]])  # own x is up
    centre = np.array([1.0, 0.2, 0.15])
    size = np.array([0.3, 0.2, 0.1])
    box = OrientedBox(working.inverse().apply(centre), working.inverse().rotation @ upright, size)
    solid, tilt_deg = upright_solid(box, working)
    assert isinstance(solid, BoxSolid) and tilt_deg == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(solid.centre_m, centre, atol=1e-9)
    np.testing.assert_allclose(solid.size_m, [0.2, 0.1, 0.3])
    assert solid.yaw_rad == pytest.approx(yaw)
    lean = np.radians(25)
    turn = np.array([[np.cos(lean), 0, np.sin(lean)], [0, 1, 0], [-np.sin(lean), 0, np.cos(lean)]])
    leaning = OrientedBox(box.centre_m, working.inverse().rotation @ turn, size)
    solid, tilt_deg = upright_solid(leaning, working)
    assert isinstance(solid, PrismSolid) and tilt_deg == pytest.approx(25)
    high = 0.3 * np.sin(lean) + 0.1 * np.cos(lean)
    assert solid.top_m - solid.bottom_m == pytest.approx(high)


def test_real_scene_is_not_contradicted_by_its_poses(shared_data: Path) -> None:
    """Distances between centres: the interval measured holds the one of the poses."""
    sample = AnnotatedSamples(BopScene(shared_data / "lmo_tabletop_gt"))[0]
    ids = [o.id for o in sample.scene.objects]
    assert sample.truth is not None and len(ids) >= 6
    assert sample.provenance["truth"] == "boxes"
    covered = []
    for a, b in combinations(ids, 2):
        seen = measure(sample.scene, "centre_distance", [a, b])
        true = measure(sample.truth, "centre_distance", [a, b]).value
        covered.append(seen.lower <= true <= seen.upper)
    assert np.mean(covered) >= 0.9, f"{np.mean(covered):.2f} of {len(covered)} intervals"
