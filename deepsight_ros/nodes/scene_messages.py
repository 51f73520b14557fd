"""Scene, Measurement and Answer values to messages, in the optical frame or any other.

Points of a Scene lie in its working frame W; messages carry them in ``header.frame_id``. The
transform between the two (``out_from_working``) is made once per message.
"""

from __future__ import annotations

import math

import numpy as np
from geometry_msgs.msg import Point, Pose
from numpy.typing import NDArray

from deepsight_ros import msg
from deepsight_ros.errors import NoDepthError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes.conversions import header, point, pose, to_duration, to_time, vector
from deepsight_ros.nodes.sight import Sighting
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.measurement import Bound, Measurement
from deepsight_ros.scene.objects import Box3, Scene, SceneObject, UpSource

NAN = float("nan")
BOUNDS = {
    Bound.EXACT: msg.Measurement.EXACT,
    Bound.AT_LEAST: msg.Measurement.AT_LEAST,
    Bound.AT_MOST: msg.Measurement.AT_MOST,
}
UPS = {
    UpSource.UNKNOWN: msg.Scene.UP_NONE,
    UpSource.TF: msg.Scene.UP_TF,
    UpSource.IMU: msg.Scene.UP_IMU,
    UpSource.PLANE: msg.Scene.UP_PLANE,
}
FACES = {
    "top": msg.SceneObject.FACE_TOP,
    "bottom": msg.SceneObject.FACE_BOTTOM,
    "front": msg.SceneObject.FACE_FRONT,
    "back": msg.SceneObject.FACE_BACK,
    "left": msg.SceneObject.FACE_LEFT,
    "right": msg.SceneObject.FACE_RIGHT,
}
STATUSES: dict[Status, int] = {
    status: getattr(msg.SpatialAnswer, status.name) for status in Status
}


def no_point() -> Point:
    """A point that is not there."""
    return Point(x=NAN, y=NAN, z=NAN)


def out_from_working(scene: Scene, out_from_optical: RigidTransform | None) -> RigidTransform:
    """Transform of W into the frame of a message; None means the optical frame."""
    optical_from_working = scene.working_from_camera.inverse()
    if out_from_optical is None:
        return optical_from_working
    return out_from_optical @ optical_from_working


def box_pose(box: Box3, out_from_w: RigidTransform) -> Pose:
    """Pose of a box's centre and axes."""
    c, s = math.cos(box.yaw_rad), math.sin(box.yaw_rad)
    turned = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return pose(out_from_w @ RigidTransform(turned, box.centre_m))


def object_message(
    thing: SceneObject,
    scene: Scene,
    out_from_w: RigidTransform,
    *,
    sighting: Sighting | None = None,
    range_measurement: Measurement | None = None,
) -> msg.SceneObject:
    """One object; the sighting adds what only the frame knows."""
    message = msg.SceneObject(
        id=thing.id,
        label=thing.label,
        label_score=float(thing.score) if thing.label else 0.0,
        score=float(thing.score),
        colours=list(thing.colours or ((thing.colour,) if thing.colour else ())),
        is_gripper=thing.is_gripper,
        truncated=thing.is_truncated,
        occluded=thing.is_occluded,
        faces_seen=sum(FACES[face] for face in thing.faces_seen),
        position_fixed=no_point(),
        nearest_point=no_point(),
        range=NAN,
        last_seen=to_time(scene.stamp_ns),
    )
    if thing.box_px is not None:
        message.box_px = [float(v) for v in thing.box_px]
    box = thing.box
    if np.isfinite(box.centre_m).all():
        message.pose = box_pose(box, out_from_w)
        message.size = vector(box.size_m)
        turn = out_from_w.rotation
        covariance = turn @ thing.centre_covariance_m2 @ turn.T
        message.centre_covariance = covariance.ravel()
    else:
        message.pose.position = no_point()
        message.size = vector([NAN] * 3)
        message.centre_covariance = np.full(9, NAN)
    if range_measurement is not None:
        message.range = range_measurement.value
        if range_measurement.end_points_m is not None:
            message.nearest_point = point(out_from_w.apply(range_measurement.end_points_m[1]))
    if sighting is not None:
        _add_sighting(message, thing, scene, sighting)
    return message


def _add_sighting(
    message: msg.SceneObject, thing: SceneObject, scene: Scene, sighting: Sighting
) -> None:
    message.frames_seen = sighting.frames_seen.get(thing.id, 1)
    if sighting.fixed_from_camera is not None and np.isfinite(thing.box.centre_m).all():
        fixed_from_w = out_from_working(scene, sighting.fixed_from_camera)
        message.position_fixed = point(fixed_from_w.apply(thing.box.centre_m))
    if thing.mask is not None and thing.box_px is not None:
        step = max(1, round(sighting.frame.depth_m.shape[0] / thing.mask.shape[0]))
        u0, v0, u1, v1 = (int(v) // step for v in thing.box_px)
        inside = thing.mask[v0 : v1 + 1, u0 : u1 + 1]
        depth = sighting.frame.depth_m[::step, ::step][v0 : v1 + 1, u0 : u1 + 1]
        valid = int(np.count_nonzero(np.isfinite(depth) & inside))
        message.num_points = valid * step * step
        message.depth_valid_fraction = valid / max(1, int(np.count_nonzero(inside)))


def scene_message(sighting: Sighting, ranges: dict[str, Measurement]) -> msg.Scene:
    """The whole scene in the optical frame, nearest object first.

    Args:
        sighting: what was seen.
        ranges: object id -> its measured range.
    """
    scene, frame = sighting.scene, sighting.frame
    optical_from_w = scene.working_from_camera.inverse()
    camera = frame.camera
    message = msg.Scene(
        header=header(scene.stamp_ns, scene.frame_id),
        sequence=sighting.sequence,
        fixed_frame=sighting.fixed_frame,
        has_fixed_pose=sighting.fixed_from_camera is not None,
        up_source=UPS[scene.up],
        up_stddev=NAN,
        support_label=scene.support_label,
        support_offset=NAN,
        support_stddev=NAN,
        width=camera.width_px,
        height=camera.height_px,
        fx=camera.fx_px,
        fy=camera.fy_px,
        cx=camera.cx_px,
        cy=camera.cy_px,
        has_colour=frame.colour is not None,
        depth_valid_fraction=valid_fraction(frame.depth_m),
    )
    if sighting.fixed_from_camera is not None:
        message.fixed_pose = pose(sighting.fixed_from_camera)
    if scene.up is not UpSource.UNKNOWN:
        message.up = vector(optical_from_w.rotation[:, 2])
        message.gravity_pose = pose(optical_from_w)
    if scene.support is not None:
        message.has_support = True
        message.support_id = "support"
        message.support_normal = vector(scene.support.normal)
        message.support_offset = float(scene.support.offset_m)
        message.support_stddev = float(scene.support.sigma_m)
        message.support_label = scene.support_label or scene.support.label

    def distance(thing: SceneObject) -> float:
        measured = ranges.get(thing.id)
        return math.inf if measured is None else measured.value

    message.objects = [
        object_message(
            thing, scene, optical_from_w, sighting=sighting, range_measurement=ranges.get(thing.id)
        )
        for thing in sorted(scene.objects, key=distance)
    ]
    return message


def valid_fraction(depth_m: NDArray[np.float32]) -> float:
    """Share of pixels with valid depth, from every fourth row and column."""
    some = depth_m[::4, ::4]
    return float(np.count_nonzero(np.isfinite(some)) / some.size)


def _range(scene: Scene, object_id: str) -> Measurement | None:
    """Distance of an object from the camera, None where it has no depth."""
    try:
        return measure(scene, "range", (object_id,))
    except NoDepthError:
        return None


def measurement_message(measured: Measurement, out_from_w: RigidTransform) -> msg.Measurement:
    """A measurement with its end points in the frame of the carrier."""
    ends = measured.end_points_m
    return msg.Measurement(
        quantity=measured.quantity,
        value=float(measured.value),
        lower=float(measured.lower),
        upper=float(measured.upper),
        bound=BOUNDS[measured.bound],
        unit=measured.unit,
        measured_as=measured.measured_as,
        object_ids=list(measured.object_ids),
        points=[] if ends is None else [point(p) for p in out_from_w.apply(ends)],
    )


def distance_message(
    measured: Measurement, scene: Scene, out_from_w: RigidTransform, from_id: str, to_id: str
) -> msg.DistanceEstimate:
    """A distance between two objects, or of one to the camera or gripper."""
    labels = {thing.id: thing.label for thing in scene.objects}
    ends = measured.end_points_m
    points = [point(p) for p in out_from_w.apply(ends)] if ends is not None else []
    points = points or [no_point(), no_point()]
    return msg.DistanceEstimate(
        from_id=from_id,
        from_label=labels.get(from_id, ""),
        to_id=to_id,
        to_label=labels.get(to_id, ""),
        definition=measured.quantity,
        distance=float(measured.value),
        lower=float(measured.lower),
        upper=float(measured.upper),
        bound=BOUNDS[measured.bound],
        from_point=points[0],
        to_point=points[1],
    )


def no_distance(definition: str) -> msg.DistanceEstimate:
    """The estimate of a response that has none."""
    return msg.DistanceEstimate(
        definition=definition,
        distance=NAN,
        lower=NAN,
        upper=NAN,
        from_point=no_point(),
        to_point=no_point(),
    )


def answer_message(
    answer: Answer,
    request_id: str,
    *,
    scene: Scene | None = None,
    sighting: Sighting | None = None,
    out_frame: str = "",
    out_from_optical: RigidTransform | None = None,
    latency_s: float = 0.0,
    age_s: float = 0.0,
) -> msg.SpatialAnswer:
    """An answer and its evidence; without a scene only status and reason.

    Args:
        answer: what was concluded.
        request_id: that of the request.
        scene: what it rests on.
        sighting: what the scene was made of: tells how the objects were seen.
        out_frame: frame of the points; "" for the optical frame.
        out_from_optical: transform into ``out_frame`` at the image stamp.
        latency_s: from the arrival of the question.
        age_s: of the image.
    """
    good = answer.status is Status.OK
    message = msg.SpatialAnswer(
        request_id=request_id,
        question=answer.question,
        question_type=answer.question_type,
        quantity=answer.quantity,
        status=STATUSES[answer.status],
        status_name=answer.status.value,
        error="" if good else answer.text,
        text=answer.text if good else "",
        spoken_value=NAN,
        object_ids=list(answer.object_ids),
        method=answer.method.value if good else "",
        model_value=NAN,
        model_lower=NAN,
        model_upper=NAN,
        latency=to_duration(latency_s),
    )
    value = answer.value
    if isinstance(value, bool):
        message.has_bool, message.yes = True, value
    elif isinstance(value, str):
        message.choice = "" if value == "same" else value
    elif value is not None:
        message.spoken_value, message.spoken_unit = float(value), answer.unit
    if scene is None:
        return message
    message.header = header(scene.stamp_ns, out_frame or scene.frame_id)
    message.age = to_duration(max(0.0, age_s))
    out_from_w = out_from_working(scene, out_from_optical)
    known = {thing.id: thing for thing in scene.objects}
    message.objects = [
        object_message(
            known[i],
            scene,
            out_from_w,
            sighting=sighting,
            range_measurement=_range(scene, i),
        )
        for i in answer.object_ids
        if i in known
    ]
    if good:
        message.measurements = [measurement_message(m, out_from_w) for m in answer.measurements]
    return message
