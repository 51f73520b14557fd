"""measure(scene, quantity, ids) -> Measurement: all of docs/semantics.md, one entry point.

Objects are exact solids or observed shapes; the families (distances, sizes, free_space) work on
both through ``body.Body``. Besides object ids, "camera" stands for the camera's origin and
"gripper" for the scene's gripper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError, NeedsGravityError, UnknownReferenceError
from deepsight_ros.scene import calibration, distances, sizes
from deepsight_ros.scene.body import Body, ExactBody, PointSolid, body_of
from deepsight_ros.scene.estimate import RawEstimate
from deepsight_ros.scene.free_space import free_space, gripper_plate, robot_plate
from deepsight_ros.scene.measurement import OFFSET_UNITS, QUANTITY_UNITS, Measurement
from deepsight_ros.scene.objects import Scene, UpSource

Array = NDArray[np.float64]

_UNITS = {**QUANTITY_UNITS, **OFFSET_UNITS}
CAMERA_ID = "camera"
GRIPPER_ID = "gripper"


_PAIRS: dict[str, tuple[Callable[[Body, Body], RawEstimate], bool]] = {
    "surface_distance": (distances.surface_distance, False),
    "centre_distance": (distances.centre_distance, False),
    "mean_nearest_distance": (distances.mean_nearest_distance, False),
    "horizontal_distance": (distances.horizontal_distance, True),
    "vertical_distance": (distances.vertical_distance, True),
    "offset_ahead": (distances.offset_ahead, True),
    "offset_sideways": (distances.offset_sideways, True),
    "direction": (distances.direction, True),
}
_SINGLES: dict[str, Callable[[Body], RawEstimate]] = {
    "height": sizes.height,
    "top": sizes.top,
    "width": sizes.width,
    "depth": sizes.depth,
    "length": sizes.length,
    "breadth": sizes.breadth,
    "grasp_width": sizes.grasp_width,
    "thickness": sizes.thickness,
    "diameter": sizes.diameter,
    "volume": sizes.volume,
}


def measure(
    scene: Scene,
    quantity: str,
    object_ids: Sequence[str],
    *,
    width_m: float | None = None,
    height_m: float | None = None,
) -> Measurement:
    """Measure one quantity.

    Args:
        scene: exact or observed.
        quantity: key of ``QUANTITY_UNITS`` or ``OFFSET_UNITS``.
        object_ids: one or two ids, in the order of the question. ``free_space`` takes ("gripper",)
            or the gripper object's id for the gripper, and () for a driving robot; ``count`` takes
            the ids counted.
        width_m, height_m: swept box of ``free_space``; None: those of docs/semantics.md.

    Returns:
        Measurement with its 95 % interval. ``direction`` is the nearest clock hour (1-12); its
        interval is in hours around it and may run below 1 or beyond 12 on the dial.

    Raises:
        NeedsGravityError: the quantity needs to know up, and the scene does not.
        NoDepthError: an object has no usable points.
        UnknownReferenceError: an id the scene does not have.
        InvalidValueError: unknown quantity or wrong number of objects.
    """
    ids = tuple(object_ids)
    raw = estimate(scene, quantity, ids, width_m=width_m, height_m=height_m)
    lower, upper = calibration.interval(quantity, raw)
    value = raw.value
    if quantity == "direction":
        value = nearest_hour(raw.value)
        # the dial wraps: speak of the interval on the side of the hour it belongs to
        turn = value + (raw.value - value + 6.0) % 12.0 - 6.0 - raw.value
        if raw.sigma > 0:
            lower, upper = min(value, lower + turn), max(value, upper + turn)
        else:
            lower = upper = value
    return Measurement(
        quantity=quantity,
        value=value,
        lower=lower,
        upper=upper,
        unit=_UNITS[quantity],
        bound=raw.bound,
        object_ids=ids,
        end_points_m=raw.end_points_m,
        measured_as=raw.measured_as,
    )


def estimate(
    scene: Scene,
    quantity: str,
    object_ids: Sequence[str],
    *,
    width_m: float | None = None,
    height_m: float | None = None,
) -> RawEstimate:
    """The estimate behind ``measure``, before calibration (same arguments and errors)."""
    ids = tuple(object_ids)
    asked = (quantity, ids, width_m, height_m)
    found: RawEstimate | None = scene.known.get(asked)
    if found is None:
        found = scene.known[asked] = _estimate(scene, quantity, ids, width_m, height_m)
    return found


def _estimate(
    scene: Scene,
    quantity: str,
    ids: tuple[str, ...],
    width_m: float | None,
    height_m: float | None,
) -> RawEstimate:
    if quantity not in _UNITS:
        raise InvalidValueError(
            f"measure: got quantity '{quantity}', expected one of {sorted(_UNITS)}"
        )
    if quantity == "count":
        for object_id in ids:
            scene.object(object_id)
        return RawEstimate(float(len(ids)))
    if quantity == "free_space":
        return _free_space(scene, ids, width_m, height_m)
    if quantity == "range":
        _expect(quantity, ids, 1)
        return distances.range_to(resolve(scene, ids[0]), scene.camera_position_m)
    if quantity in _SINGLES:
        _expect(quantity, ids, 1)
        require_gravity(scene, quantity)
        return _SINGLES[quantity](resolve(scene, ids[0]))
    function, needs_gravity = _PAIRS[quantity]
    _expect(quantity, ids, 2)
    if needs_gravity:
        require_gravity(scene, quantity)
    return function(resolve(scene, ids[0]), resolve(scene, ids[1]))


def nearest_hour(hours: float) -> float:
    """Clock hour 1-12 nearest to continuous hours."""
    return float(round(hours) % 12) or 12.0


def resolve(scene: Scene, object_id: str) -> Body:
    """Body of an object id, of "camera" or of "gripper".

    Raises:
        UnknownReferenceError: no such object, or no gripper in the scene.
        NoDepthError: the object has no usable points.
    """
    if object_id == CAMERA_ID:
        return ExactBody(PointSolid(scene.camera_position_m))
    if object_id == GRIPPER_ID and not any(o.id == GRIPPER_ID for o in scene.objects):
        if scene.gripper is None:
            raise UnknownReferenceError("scene has no gripper; give its frame or an object for it")
        if not scene.gripper.object_id:
            return ExactBody(PointSolid(scene.gripper.pose.translation_m))
        object_id = scene.gripper.object_id
    return body_of(scene.object(object_id).shape)


def require_gravity(scene: Scene, what: str) -> None:
    """Raise ``NeedsGravityError`` when the scene does not know up."""
    if scene.up is UpSource.UNKNOWN:
        raise NeedsGravityError(
            f"{what} needs to know which way is up and nothing tells: no gravity frame in TF, no "
            "IMU, no horizontal surface accepted; set gravity_frame or show the support"
        )


def _free_space(
    scene: Scene, ids: tuple[str, ...], width_m: float | None, height_m: float | None
) -> RawEstimate:
    mover = ""
    if ids:
        _expect("free_space", ids, 1)
        if scene.gripper is None:
            raise UnknownReferenceError("free space of the gripper: the scene has no gripper")
        if ids[0] not in (GRIPPER_ID, scene.gripper.object_id):
            raise InvalidValueError(
                f"free space: got object '{ids[0]}', expected the gripper "
                f"('{scene.gripper.object_id or GRIPPER_ID}') or nothing for a driving robot"
            )
        mover = scene.gripper.object_id
        plate = gripper_plate(scene, width_m, height_m)
    else:
        require_gravity(scene, "free space of a driving robot")
        plate = robot_plate(scene, width_m, height_m)
    moving = scene.object(mover) if mover else None
    in_the_way = [body_of(o.shape) for o in scene.objects if not o.is_region and o is not moving]
    return free_space(scene, plate, in_the_way, moving)


def _expect(quantity: str, ids: tuple[str, ...], number: int) -> None:
    if len(ids) != number:
        raise InvalidValueError(f"{quantity}: got {len(ids)} objects {ids}, expected {number}")
