"""A sighting in, a MarkerArray out: boxes, names and distances for RViz."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Duration
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes.conversions import header, point, vector
from deepsight_ros.nodes.neighbours import Distances
from deepsight_ros.nodes.overlay import colour_of
from deepsight_ros.nodes.scene_messages import box_pose
from deepsight_ros.nodes.sight import Sighting
from deepsight_ros.scene.measure import CAMERA_ID
from deepsight_ros.scene.objects import SceneObject

LIFETIME = Duration(sec=1)
"""Markers vanish when perception stops."""
TEXT_HEIGHT_M = 0.025


def marker_array(sighting: Sighting, distances: Distances) -> MarkerArray:
    """Everything found in a frame, in its optical frame; replaces what was shown before."""
    scene = sighting.scene
    optical_from_w = scene.working_from_camera.inverse()
    stamp = header(scene.stamp_ns, scene.frame_id)
    markers = [Marker(header=stamp, action=Marker.DELETEALL)]
    for number, thing in enumerate(scene.objects):
        if np.isfinite(thing.box.centre_m).all():
            markers += _object(thing, optical_from_w, stamp, number)
    for number, pair in enumerate(distances.pairs):
        ends = pair.measured.end_points_m
        if ends is None or CAMERA_ID in (pair.from_id, pair.to_id):
            continue
        ends = optical_from_w.apply(ends)
        line = _marker(stamp, "distances", number, Marker.LINE_STRIP, (255, 255, 255), 0.9)
        line.points = [point(p) for p in ends]
        line.scale.x = 0.002
        text = _marker(stamp, "distance_texts", number, Marker.TEXT_VIEW_FACING, (255,) * 3, 1.0)
        text.pose.position = point(ends.mean(axis=0))
        text.scale.z = TEXT_HEIGHT_M * 0.8
        text.text = f"{pair.measured.value:.3f} m"
        markers += [line, text]
    return MarkerArray(markers=markers)


def _object(
    thing: SceneObject, optical_from_w: RigidTransform, stamp: Header, number: int
) -> list[Marker]:
    colour = colour_of(thing.id)
    box = _marker(stamp, "objects", number, Marker.CUBE, colour, 0.35)
    box.pose = box_pose(thing.box, optical_from_w)
    box.scale = vector(np.maximum(thing.box.size_m, 1e-3))  # RViz refuses a side of 0
    name = _marker(stamp, "names", number, Marker.TEXT_VIEW_FACING, colour, 1.0)
    top = thing.box.centre_m + np.array([0.0, 0.0, thing.box.size_m[2] / 2 + TEXT_HEIGHT_M])
    name.pose.position = point(optical_from_w.apply(top))
    name.scale.z = TEXT_HEIGHT_M
    name.text = f"{thing.id} {thing.label or thing.colour}".strip()
    return [box, name]


def _marker(
    stamp: Header,
    namespace: str,
    number: int,
    kind: int,
    colour: tuple[int, ...],
    alpha: float,
) -> Marker:
    r, g, b = (c / 255 for c in colour)
    marker = Marker(
        header=stamp,
        ns=namespace,
        id=number,
        type=kind,
        action=Marker.ADD,
        lifetime=LIFETIME,
        color=ColorRGBA(r=r, g=g, b=b, a=alpha),
    )
    marker.pose.orientation.w = 1.0
    return marker
