"""Ray caster: a World and its camera in; perfect depth, instance ids and colour out.

Every part is intersected analytically and only within the rectangle that its bounding box covers
on the screen. The ray of a pixel has optical z = 1, so the ray parameter of a hit is its depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.shapes import BOX, CONE, CYLINDER, SPHERE, PartArrays, place
from deepsight_ros.synthesis.things import Material, Thing, World

F32 = NDArray[np.float32]
Vector = NDArray[np.float64]
Directions = tuple[F32, ...]
Rect = tuple[int, int, int, int]

NEAR_M = 0.02
_LIGHT = np.array([-0.45, 0.35, 0.82]) / np.linalg.norm([-0.45, 0.35, 0.82])
_AMBIENT, _DIFFUSE = 0.55, 0.5
_LEVEL_BITS, _LEVELS_PER_UNIT = 9, 320.0
"""Brightness is kept in 1/320 up to 1.6 times a material's colour."""


@dataclass(frozen=True, eq=False)
class Rendering:
    """What a perfect camera would see.

    Attributes:
        depth_m: (H, W) float32 along optical z; NaN where no ray hits anything.
        instance_id: (H, W) int16; ``i + 1`` for thing i, negative for fixtures, 0 for nothing.
        colour: (H, W, 3) uint8 RGB.
    """

    depth_m: F32
    instance_id: NDArray[np.int16]
    colour: NDArray[np.uint8]

    def copy(self) -> Rendering:
        return Rendering(self.depth_m.copy(), self.instance_id.copy(), self.colour.copy())


def render(world: World, camera: Camera | None = None) -> Rendering:
    """Render everything in the world from its camera pose; ``camera`` replaces the intrinsics."""
    caster = RayCaster(camera or world.camera, world.world_from_camera)
    caster.draw_fixtures(world)
    for index, thing in enumerate(world.things):
        caster.draw_thing(thing, index + 1)
    return caster.finish()


class RayCaster:
    """Draws parts into depth, id and colour buffers, nearest surface wins.

    Start it on a finished ``Rendering`` of the same camera to add things to that picture.
    """

    def __init__(
        self, camera: Camera, world_from_camera: RigidTransform, onto: Rendering | None = None
    ) -> None:
        shape = (camera.height_px, camera.width_px)
        self.camera = camera
        self.rotation = world_from_camera.rotation
        self.origin = world_from_camera.translation_m
        self.x = ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px).astype(np.float32)
        self._y64 = (np.arange(camera.height_px) - camera.cy_px) / camera.fy_px
        self.y = self._y64.astype(np.float32)
        self._code = np.zeros(shape, np.int32)
        self._materials: list[tuple[Material, int]] = []
        self._base = onto
        if onto is None:
            self.depth = np.full(shape, np.inf, np.float32)
        else:
            self.depth = np.where(np.isnan(onto.depth_m), np.float32(np.inf), onto.depth_m)

    def draw_thing(self, thing: Thing, instance_id: int) -> None:
        self.draw(thing.placed(), [p.tint for p in thing.parts], thing.material, instance_id)

    def draw_fixtures(self, world: World) -> None:
        for fixture in world.fixtures:
            parts = place(fixture.parts, np.zeros(3), 0.0)
            tints = [p.tint for p in fixture.parts]
            self.draw(parts, tints, fixture.material, fixture.instance_id)

    def draw(
        self, parts: PartArrays, tints: list[float], material: Material, instance_id: int
    ) -> None:
        """Draw parts (in M) as one instance with one material."""
        if parts.tilt_rad is not None:
            raise InvalidValueError(
                "ray caster: got tilted parts, expected upright ones; use synthesis.raster"
            )
        self._materials.append((material, instance_id))
        for k in range(len(parts)):
            self._draw_part(parts, k, tints[k], material)

    def _draw_part(self, parts: PartArrays, k: int, tint: float, material: Material) -> None:
        c, s = np.cos(parts.yaw_rad[k]), np.sin(parts.yaw_rad[k])
        local_from_world = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
        origin = local_from_world @ (self.origin - parts.centre_m[k])
        rotation = local_from_world @ self.rotation
        half = parts.size_m[k] / 2
        light = local_from_world @ _LIGHT
        kind = int(parts.kind[k])
        if kind == BOX:
            for axis in range(3):
                if abs(origin[axis]) > half[axis]:
                    self._draw_face(axis, origin, rotation, half, light, tint, material)
            return
        rect = self._screen_rect(_CORNERS * half, origin, rotation)
        if rect is None:
            return
        d = self._directions(rotation, rect)
        t, shade = _INTERSECT[kind](origin, d, half, light)
        self._put(rect, t, shade * np.float32(tint), self._pattern(material, origin, d, t))

    def _draw_face(
        self,
        axis: int,
        origin: Vector,
        rotation: NDArray[np.float64],
        half: Vector,
        light: Vector,
        tint: float,
        material: Material,
    ) -> None:
        """The face of a box that is turned to the camera along ``axis``.

        Inverse depth and the four sides of a rectangle in space are linear in pixel coordinates,
        so each image row holds one interval of the face.
        """
        side = 1.0 if origin[axis] > 0 else -1.0
        inverse = rotation[axis] / (side * half[axis] - origin[axis])  # (a, b, c): ax + by + c
        limits = [-inverse, inverse - np.array([0.0, 0.0, 1.0 / NEAR_M])]
        for other in (axis - 1, axis - 2):
            limits.append(rotation[other] + (origin[other] - half[other]) * inverse)
            limits.append(-rotation[other] - (origin[other] + half[other]) * inverse)
        low = np.full(len(self.y), -np.inf)
        high = np.full(len(self.y), np.inf)
        for a, b, c in limits:  # a x + b y + c <= 0
            rest = -(b * self._y64 + c)
            if abs(a) < 1e-12:
                high[rest < 0] = -np.inf
            elif a > 0:
                np.minimum(high, rest / a, out=high)
            else:
                np.maximum(low, rest / a, out=low)
        cam = self.camera
        first = np.ceil(np.clip(low * cam.fx_px + cam.cx_px, 0, cam.width_px) - 1e-6)
        last = np.floor(np.clip(high * cam.fx_px + cam.cx_px, -1, cam.width_px - 1) + 1e-6)
        rows = np.nonzero(first <= last)[0]
        if not len(rows):
            return
        v0, v1 = int(rows[0]), int(rows[-1]) + 1
        u0, u1 = int(first[rows].min()), int(last[rows].max()) + 1
        column = np.arange(u0, u1, dtype=np.int16)
        within = (column >= first[v0:v1, None].astype(np.int16)) & (
            column <= last[v0:v1, None].astype(np.int16)
        )
        x, y = self.x[u0:u1], self.y[v0:v1, None]
        with np.errstate(divide="ignore"):
            t = np.float32(inverse[0]) * x + (np.float32(inverse[1]) * y + np.float32(inverse[2]))
            np.divide(np.float32(1.0), t, out=t)
        rect = (u0, v0, u1, v1)
        pattern: F32 | None = None
        if material.pattern != "plain":
            d = self._directions(rotation, rect)
            pattern = self._pattern(material, origin, d, t)
        self._put(rect, t, np.float32(_lit(side * light[axis]) * tint), pattern, within)

    def _directions(self, rotation: NDArray[np.float64], rect: Rect) -> Directions:
        """Ray directions (x, y, z planes) in a part's frame for the pixels of a rectangle."""
        u0, v0, u1, v1 = rect
        x, y = self.x[u0:u1], self.y[v0:v1, None]
        return tuple(
            np.float32(r[0]) * x + (np.float32(r[1]) * y + np.float32(r[2])) for r in rotation
        )

    def _put(
        self,
        rect: Rect,
        t: F32,
        shade: F32 | np.float32,
        pattern: F32 | None = None,
        within: NDArray[np.bool_] | None = None,
    ) -> None:
        """Keep what is nearer than the picture so far."""
        u0, v0, u1, v1 = rect
        depth = self.depth[v0:v1, u0:u1]
        nearer = t < depth
        if within is not None:
            nearer &= within
        if pattern is not None:
            shade = shade * pattern
        first = len(self._materials) << _LEVEL_BITS
        code = (shade * np.float32(_LEVELS_PER_UNIT)).astype(np.int32) + np.int32(first)
        np.copyto(depth, t, where=nearer)
        np.copyto(self._code[v0:v1, u0:u1], code, where=nearer)

    @staticmethod
    def _pattern(material: Material, o: Vector, d: Directions, t: F32) -> F32 | None:
        """Brightness factor of the material's pattern at the hit points (local coordinates)."""
        if material.pattern == "plain":
            return None
        scale = np.float32(1.0 / material.period_m)
        t = np.where(np.isfinite(t), t, np.float32(0))
        if material.pattern == "stripes":
            cell = np.floor((np.float32(o[2]) + t * d[2]) * scale)
        else:
            cell = np.floor((np.float32(o[0]) + t * d[0]) * scale)
            cell += np.floor((np.float32(o[1]) + t * d[1]) * scale)
        odd = cell.astype(np.int32) & 1
        return np.where(odd, np.float32(1.0 - material.contrast), np.float32(1.0))

    def _screen_rect(
        self, corners_m: NDArray[np.float64], origin: Vector, rotation: NDArray[np.float64]
    ) -> Rect | None:
        """Pixels that the hull of 8 box corners may cover; None: out of view."""
        corners = (corners_m - origin) @ rotation  # optical frame
        z = corners[:, 2]
        if (z < NEAR_M).all():
            return None
        if (z < NEAR_M).any():  # cut the edges at the near plane
            a, b = corners[_EDGES[:, 0]], corners[_EDGES[:, 1]]
            crossing = (a[:, 2] < NEAR_M) != (b[:, 2] < NEAR_M)
            a, b = a[crossing], b[crossing]
            w = ((NEAR_M - a[:, 2]) / (b[:, 2] - a[:, 2]))[:, None]
            corners = np.vstack([corners[z >= NEAR_M], a + w * (b - a)])
            z = corners[:, 2]
        cam = self.camera
        u = corners[:, 0] / z * cam.fx_px + cam.cx_px
        v = corners[:, 1] / z * cam.fy_px + cam.cy_px
        u0, u1 = max(int(np.floor(u.min())), 0), min(int(np.ceil(u.max())) + 1, cam.width_px)
        v0, v1 = max(int(np.floor(v.min())), 0), min(int(np.ceil(v.max())) + 1, cam.height_px)
        return (u0, v0, u1, v1) if u0 < u1 and v0 < v1 else None

    def finish(self) -> Rendering:
        """The picture so far; the caster is not to be used afterwards."""
        # one table look-up per pixel: RGB of (material, brightness level) packed in 32 bits
        count = len(self._materials) + 1
        rgb = np.array([(0, 0, 0), *(m.rgb for m, _ in self._materials)], dtype=np.float32)
        levels = np.arange(1 << _LEVEL_BITS, dtype=np.float32) / np.float32(_LEVELS_PER_UNIT)
        table = np.zeros((count, 1 << _LEVEL_BITS, 4), np.uint8)
        table[..., :3] = np.minimum(rgb[:, None] * levels[None, :, None], 255.0)
        packed = table.reshape(-1, 4).view(np.uint32)[:, 0].take(self._code)
        colour = np.ascontiguousarray(packed.view(np.uint8).reshape(*self._code.shape, 4)[..., :3])
        ids = np.array([0, *(i for _, i in self._materials)], dtype=np.int16)
        instance_id = ids.take(self._code >> _LEVEL_BITS)
        if self._base is not None:
            kept = self._code == 0
            np.copyto(colour, self._base.colour, where=kept[..., None])
            np.copyto(instance_id, self._base.instance_id, where=kept)
        depth = self.depth
        depth[np.isinf(depth)] = np.nan
        return Rendering(depth, instance_id, colour)


_CORNERS = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=float)
_EDGES = np.array(
    [(a, b) for a in range(8) for b in range(a + 1, 8) if bin(a ^ b).count("1") == 1]
)


def _lit(cosine: F32 | float) -> F32:
    """Brightness of a surface whose unit normal has this cosine with the light."""
    return np.asarray(_AMBIENT + _DIFFUSE * np.maximum(cosine, -0.3), dtype=np.float32)


def _caps(
    o: Vector, d: Directions, height: float, radius: float, side: float
) -> tuple[F32, NDArray[np.bool_]]:
    """Where rays meet the disc z = height, and whether within its radius."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.float32(height - o[2]) / d[2]
        x = np.float32(o[0]) + t * d[0]
        y = np.float32(o[1]) + t * d[1]
        hit = (x * x + y * y <= np.float32(radius * radius)) & (t > NEAR_M)
    return t, hit & (d[2] * np.float32(side) < 0)


def _hit_cylinder(o: Vector, d: Directions, half: Vector, light: Vector) -> tuple[F32, F32]:
    """Side by closest approach to the axis (stable far away), then the cap in view."""
    radius, top = float(half[0]), float(half[2])
    ox, oy = np.float32(o[0]), np.float32(o[1])
    a = d[0] * d[0] + d[1] * d[1]
    cross = ox * d[1] - oy * d[0]
    root = np.float32(radius * radius) * a - cross * cross
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (-(ox * d[0] + oy * d[1]) - np.sqrt(np.maximum(root, 0))) / a
        z = np.float32(o[2]) + t * d[2]
        missed = (root < 0) | (t < NEAR_M) | (np.abs(z) > np.float32(top)) | ~(a > 0)
        normal = (ox + t * d[0]) * np.float32(light[0] / radius)
        normal += (oy + t * d[1]) * np.float32(light[1] / radius)
    shade = _lit(np.where(missed, np.float32(0), normal))
    t = np.where(missed, np.float32(np.inf), t)
    if abs(o[2]) > top:
        side = 1.0 if o[2] > 0 else -1.0
        cap, hit = _caps(o, d, side * top, radius, side)
        hit &= cap < t
        np.copyto(t, cap, where=hit)
        np.copyto(shade, _lit(side * light[2]), where=hit)
    return t, shade


def _hit_sphere(o: Vector, d: Directions, half: Vector, light: Vector) -> tuple[F32, F32]:
    radius = float(half[0])
    o32 = o.astype(np.float32)
    dd = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    along = -(o32[0] * d[0] + o32[1] * d[1] + o32[2] * d[2]) / dd
    px, py, pz = (o32[i] + along * d[i] for i in range(3))  # closest approach to the centre
    root = np.float32(radius * radius) - (px * px + py * py + pz * pz)
    t = along - np.sqrt(np.maximum(root, 0) / dd)
    missed = (root < 0) | (t < NEAR_M)
    normal = sum((o32[i] + t * d[i]) * np.float32(light[i] / radius) for i in range(3))
    return np.where(missed, np.float32(np.inf), t), _lit(normal)


def _hit_cone(o: Vector, d: Directions, half: Vector, light: Vector) -> tuple[F32, F32]:
    """Both roots of the quadric, in float64: near the apex float32 loses the edge."""
    radius, height = float(half[0]), 2 * float(half[2])
    slope = radius / height
    dx, dy, dz = (c.astype(np.float64) for c in d)
    oz = o[2] - half[2]  # from the apex
    a = dx * dx + dy * dy - slope**2 * dz * dz
    b = o[0] * dx + o[1] * dy - slope**2 * oz * dz
    c = o[0] ** 2 + o[1] ** 2 - slope**2 * oz**2
    root = b * b - a * c
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.sqrt(np.maximum(root, 0))
        t = np.full(dx.shape, np.inf)
        for candidate in ((-b - q) / a, (-b + q) / a):
            z = oz + candidate * dz
            fits = (root >= 0) & (candidate > NEAR_M) & (z <= 0) & (z >= -height)
            fits &= candidate < t
            t[fits] = candidate[fits]
        depth_below = np.where(np.isfinite(t), -(oz + t * dz), 1.0)
        x, y = o[0] + t * dx, o[1] + t * dy
        length = np.hypot(1.0, slope)
        normal = (x * light[0] + y * light[1]) / (slope * depth_below) + slope * light[2]
        shade = _lit(np.nan_to_num(normal / length, posinf=0.0, neginf=0.0))
    t32 = t.astype(np.float32)
    if o[2] < -half[2]:
        cap, hit = _caps(o, d, -float(half[2]), radius, -1.0)
        hit &= cap < t32
        np.copyto(t32, cap, where=hit)
        np.copyto(shade, _lit(-light[2]), where=hit)
    return t32, shade


_INTERSECT = {CYLINDER: _hit_cylinder, SPHERE: _hit_sphere, CONE: _hit_cone}


def visible_fractions(world: World, camera: Camera | None = None) -> NDArray[np.float64]:
    """Per thing: visible pixels over the pixels it would cover alone in this view.

    1 where nothing hides it, 0 where it is out of view; parts beyond the image border count
    neither as visible nor as hidden.
    """
    camera = camera or world.camera
    whole = RayCaster(camera, world.world_from_camera)
    whole.draw_fixtures(world)
    alone = np.zeros(len(world.things))
    for index, thing in enumerate(world.things):
        single = RayCaster(camera, world.world_from_camera)
        single.draw_thing(thing, 1)
        alone[index] = np.count_nonzero(np.isfinite(single.depth))
        whole.draw_thing(thing, index + 1)
    ids = np.maximum(whole.finish().instance_id, 0)
    seen = np.bincount(ids.ravel(), minlength=len(world.things) + 1)[1:]
    return seen / np.maximum(alone, 1.0)
