"""Regions of requests and detections: checked, and carried from colour to depth pixels."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.msg import Region, Regions
from deepsight_ros.nodes.conversions import header, image_message
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.region_messages import DetectionBuffer, ImageView, region_requests

DEPTH = Camera(320, 240, 300.0, 300.0, 159.5, 119.5, frame_id="depth")
COLOUR = Camera(640, 480, 650.0, 650.0, 319.5, 239.5, frame_id="color")
FRAME = RgbdFrame(10**9, DEPTH, np.full((240, 320), 1.5, np.float32))
COLOUR_FROM_DEPTH = RigidTransform(np.eye(3), np.array([-0.03, 0.0, 0.0]))
VIEW = ImageView(COLOUR, COLOUR_FROM_DEPTH)
NAN = float("nan")


def box(*corners: float, image: int = Region.DEPTH_IMAGE, **fields: object) -> Region:
    return Region(kind=Region.BOX, box=np.array(corners, np.float32), image=image, **fields)


def colour_pixel(u: float, v: float) -> tuple[float, float]:
    """Where the colour camera shows a depth pixel at 1.5 m."""
    x, y = (u - 159.5) / 300 * 1.5 - 0.03, (v - 119.5) / 300 * 1.5
    return 319.5 + 650 * x / 1.5, 239.5 + 650 * y / 1.5


def test_regions_get_their_place_as_name() -> None:
    requests = region_requests([box(1, 2, 30, 40), box(5, 5, 9, 9, id="mine")], FRAME, None, None)
    assert [r.id for r in requests] == ["region0", "mine"]
    assert requests[0].box_px == (1, 2, 30, 40)


@pytest.mark.parametrize(
    "region",
    [
        box(NAN, 2, 30, 40),
        box(30, 2, 30, 40),
        box(400, 2, 500, 40),
        Region(kind=Region.POINT, point=np.array([NAN, 3], np.float32)),
        Region(kind=Region.POINT, point=np.array([320, 3], np.float32)),
        Region(kind=Region.MASK),
        Region(
            kind=Region.MASK,
            mask=image_message(np.ones((10, 10), np.uint8), "mono8", header(0, "")),
        ),
        Region(kind=9),
    ],
    ids=["nan", "empty", "outside", "nan point", "point outside", "no mask", "mask size", "kind"],
)
def test_a_bad_region_is_refused_by_name(region: Region) -> None:
    with pytest.raises(DeepsightError, match="region0"):
        region_requests([region], FRAME, None, None)


def test_a_colour_box_is_carried_over() -> None:
    (u0, v0), (u1, v1) = colour_pixel(100, 80), colour_pixel(150, 120)
    region = box(u0, v0, u1, v1, image=Region.COLOR_IMAGE)
    (request,) = region_requests([region], FRAME, None, VIEW)
    assert request.box_px == pytest.approx((100, 80, 150, 120), abs=3)


def test_a_colour_point_is_carried_over() -> None:
    point = np.array(colour_pixel(200, 50), np.float32)
    region = Region(kind=Region.POINT, image=Region.COLOR_IMAGE, point=point)
    (request,) = region_requests([region], FRAME, None, VIEW)
    assert request.point_px == pytest.approx((200, 50), abs=2)


def test_a_colour_mask_is_carried_over() -> None:
    mask = np.zeros((480, 640), np.uint8)
    (u0, v0), (u1, v1) = colour_pixel(100, 80), colour_pixel(150, 120)
    mask[round(v0) : round(v1), round(u0) : round(u1)] = 255
    region = Region(
        kind=Region.MASK,
        image=Region.COLOR_IMAGE,
        mask=image_message(mask, "mono8", header(0, "")),
    )
    (request,) = region_requests([region], FRAME, None, VIEW)
    assert request.mask is not None
    rows, columns = np.nonzero(request.mask)
    assert (columns.min(), rows.min()) == pytest.approx((100, 80), abs=3)
    assert (columns.max(), rows.max()) == pytest.approx((150, 120), abs=3)
    assert request.mask.sum() == pytest.approx(50 * 40, rel=0.15)


def test_detections_are_found_by_stamp_and_bad_boxes_are_counted() -> None:
    faults = FaultLog(lambda _: None)
    buffer = DetectionBuffer(faults)
    good = box(10, 10, 50, 50, label="mug", score=0.8)
    bad = box(NAN, 10, 50, 50, label="bowl")
    buffer.put(Regions(header=header(10**9 + 10**8, "depth"), regions=[good, bad]))
    buffer.put(Regions(header=header(0, "depth"), regions=[good]))
    found = buffer.near(FRAME, 0.5, None, None)
    assert [(d.label, d.score) for d in found] == [("mug", pytest.approx(0.8))]
    assert buffer.near(FRAME, 0.05, None, None) == ()
    assert faults.count("detections", "bad region") == 1
    assert faults.count("detections", "zero stamp") == 1
