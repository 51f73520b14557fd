"""AnnotatedSamples: frames of a data set in (NYU, SUN RGB-D, BOP), Samples out.

    AnnotatedSource[index] -> AnnotatedFrame --Perceiver, regions--> Scene --> Sample
                                             \\--solids-----------> truth

Perception finds up and the support; the data set says which pixels are which thing and what it is
called. Where every thing has a true box, the sample has a truth: boxes, whose centres and sizes
are the things' own, while their corners reach nearer to the camera and to others than what is in
them. Ranges and gaps of such a truth are lower bounds (provenance: truth = "boxes").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.boxes import convex_hull
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.inputs import GivenUp, RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Scene, SceneObject, UpSource
from deepsight_ros.scene.solids import BoxSolid, PrismSolid, Solid
from deepsight_ros.sources.annotated import (
    AnnotatedFrame,
    AnnotatedSource,
    Annotation,
    OrientedBox,
)
from deepsight_ros.synthesis.recorded_source import instance_image
from deepsight_ros.synthesis.samples import Sample

UPRIGHT_DEG = 3.0
"""A box whose axis lies within this of up is taken as upright; else its upright hull stands."""


class AnnotatedSamples:
    """Random access to samples of a data set; a ``SampleSource``.

    Args:
        frames: reader of the data set.
        perception: settings of perception; None takes the defaults.
    """

    def __init__(
        self, frames: AnnotatedSource, *, perception: PerceptionConfig | None = None
    ) -> None:
        self._frames, self._config = frames, perception or PerceptionConfig()
        self.name = frames.name

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Sample:
        given = self._frames[index]
        scene = self._scene(given)
        solids = {t.id: t.solid for t in given.things if t.solid is not None}
        truth, tilts = None, {}
        if solids and scene.objects and all(o.id in solids for o in scene.objects):
            truth, tilts = _truth(scene, solids)
        provenance: dict[str, Any] = {
            **given.provenance,
            "sensor": given.frame.sensor.family,
            "up": scene.up.value,
        }
        if tilts:
            provenance["truth"] = "boxes"
            provenance["box_tilt_deg"] = tilts
        return Sample(
            key=given.key,
            frame=given.frame,
            scene=scene,
            truth=truth,
            instance_id=instance_image(scene, given.frame),
            room=given.room,
            captions={o.id: o.label for o in scene.objects},
            provenance=provenance,
        )

    def _scene(self, given: AnnotatedFrame) -> Scene:
        up = None
        if given.up_in_camera is not None:
            up = GivenUp(given.up_in_camera, UpSource.IMU)
        perceiver = Perceiver(self._config)
        regions = [r for r in map(_region, given.things) if r is not None]
        scene = perceiver.perceive(given.frame, up_in_camera=up)
        if not regions:
            raise DecodeError(f"{given.key}: got no thing with pixels, expected at least one")
        scene = perceiver.perceive_regions(given.frame, scene, regions)
        wanted = {r.id for r in regions}
        things = tuple(
            replace(o, is_region=False)
            for o in scene.objects
            if o.id in wanted and o.is_region and np.isfinite(o.box.centre_m).all()
        )
        return replace(scene, objects=things)


def _region(thing: Annotation) -> RegionRequest | None:
    about = {"id": thing.id, "label": thing.label}
    if thing.mask is not None and thing.mask.any():
        return RegionRequest(RegionKind.MASK, mask=thing.mask, **about)
    if thing.box_px is not None:
        return RegionRequest(RegionKind.BOX, box_px=thing.box_px, **about)
    return None


def _truth(scene: Scene, solids: dict[str, OrientedBox]) -> tuple[Scene, dict[str, float]]:
    """The scene with true solids in W, and how far from upright each box stands, degrees."""
    objects, tilts = [], {}
    for item in scene.objects:
        shape, tilt_deg = upright_solid(solids[item.id], scene.working_from_camera)
        tilts[item.id] = round(tilt_deg, 1)
        objects.append(
            SceneObject(
                item.id,
                shape,
                label=item.label,
                colour=item.colour,
                colours=item.colours,
                box_px=item.box_px,
                is_occluded=item.is_occluded,
                is_truncated=item.is_truncated,
            )
        )
    return replace(scene, objects=tuple(objects), is_exact=True, cloud=None), tilts


def upright_solid(box: OrientedBox, working_from_camera: RigidTransform) -> tuple[Solid, float]:
    """A box of the optical frame as a solid in W, and its tilt from upright in degrees.

    A box that stands upright stays a box; a tilted one becomes the upright prism over its outline
    from above, between its lowest and highest corner, which holds it.
    """
    axes = working_from_camera.rotation @ box.axes
    standing = int(np.argmax(np.abs(axes[2])))
    tilt_deg = float(np.degrees(np.arccos(np.clip(abs(axes[2, standing]), 0.0, 1.0))))
    centre = working_from_camera.apply(box.centre_m)
    if tilt_deg <= UPRIGHT_DEG:
        first, second = (i for i in range(3) if i != standing)
        along = axes[:2, first]
        size = np.array([box.size_m[first], box.size_m[second], box.size_m[standing]])
        return BoxSolid(centre, size, float(np.arctan2(along[1], along[0]))), tilt_deg
    corners = working_from_camera.apply(box.corners_m())
    low, high = float(corners[:, 2].min()), float(corners[:, 2].max())
    return PrismSolid(convex_hull(corners[:, :2]), low, high), tilt_deg
