"""The rasteriser's loops over fragments as machine code: faces and round parts in, what each pixel
sees out.

Arrays that are written to, all flat over pixels: ``inverse`` (N,) float32 the largest inverse
depth so far, ``code`` (N,) int64 of the part and face that has it, ``flags`` (T, N) which things
cover a pixel at all, ``alone`` (T,) how many pixels each covers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deepsight_ros.geometry.compiled import compiled


@compiled(
    "f4[::1], i8[::1], b1[:,::1], i8[::1], f8[:,:,::1], f8[:,::1], i8[::1], i8[::1], i8[::1], "
    "i8[::1], f4[::1], i8, f8, f8, f8, f8"
)
def fill_faces(
    inverse: Any,
    code: Any,
    flags: Any,
    alone: Any,
    limits: Any,
    plane: Any,
    codes: Any,
    things: Any,
    first_row: Any,
    end_row: Any,
    ray_x: Any,
    width: int,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
) -> None:
    """Rectangles in space: inverse depth and their sides are linear in pixel coordinates, so each
    image row holds one interval of a face.

    Args:
        limits: (F, 6, 3) a, b, c of a x + b y + c <= 0 on rays (x, y, 1).
        plane: (F, 3) a, b, c of the inverse depth a x + b y + c.
        codes, things: (F,) of each face.
        first_row, end_row: (F,) image rows it may touch.
        ray_x: (W,) x of the rays.
        width, fx, fy, cx, cy: of the picture, pixels.
    """
    for f in range(len(codes)):
        slope = np.float32(plane[f, 0])
        own, thing = codes[f], things[f]
        for row in range(first_row[f], end_row[f]):
            y = (row - cy) / fy
            low, high = -math.inf, math.inf
            for k in range(6):
                a = limits[f, k, 0]
                rest = limits[f, k, 1] * y + limits[f, k, 2]
                if abs(a) < 1e-12:
                    if rest > 0:
                        high = -math.inf
                elif a > 0:
                    high = min(high, rest * (-1.0 / a))
                else:
                    low = max(low, rest * (-1.0 / a))
            begin = math.ceil(min(max(low * fx + cx, 0.0), float(width)) - 1e-6)
            end = math.floor(min(max(high * fx + cx, -1.0), width - 1.0) + 1e-6)
            offset = np.float32(plane[f, 1] * y + plane[f, 2])
            for column in range(int(begin), int(end) + 1):
                at = row * width + column
                w = slope * ray_x[column] + offset
                if w > inverse[at] or (w == inverse[at] and own > code[at]):
                    inverse[at] = w
                    code[at] = own
                if not flags[thing, at]:
                    flags[thing, at] = True
                    alone[thing] += 1


@compiled(
    "f4[::1], i8[::1], b1[:,::1], i8[::1], f8[:,::1], f8[:,:,::1], f8[:,::1], i8[::1], i8[::1], "
    "i8[:,::1], b1[:,::1], f8, i8, f8, f8, f8, f8"
)
def fill_rounds(
    inverse: Any,
    code: Any,
    flags: Any,
    alone: Any,
    origin: Any,
    rotation: Any,
    quadric: Any,
    codes: Any,
    things: Any,
    window: Any,
    kinds: Any,
    near: float,
    width: int,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
) -> None:
    """Cylinder, sphere and cone as x2 + y2 + q (z - apex)2 = rho, with flat caps.

    Args:
        origin, rotation: (P, 3), (P, 3, 3) the camera in each part's own axes.
        quadric: (P, 6) q, q (z0 - apex), c of the equation at the camera, z0, half height, radius.
        codes, things: (P,) of each part.
        window: (P, 4) columns and rows (u0, u1, v0, v1) it may touch, exclusive ends.
        kinds: (P, 2) whether it is a cone, whether its cap can be seen.
        near: least depth of a hit.
        width, fx, fy, cx, cy: of the picture, pixels.
    """
    for p in range(len(codes)):
        q, qo, c, z0, h, radius = quadric[p]
        is_cone, capped = kinds[p]
        o0, o1 = origin[p, 0], origin[p, 1]
        turn = rotation[p]
        for row in range(window[p, 2], window[p, 3]):
            y = (row - cy) / fy
            b0 = turn[0, 1] * y + turn[0, 2]
            b1 = turn[1, 1] * y + turn[1, 2]
            b2 = turn[2, 1] * y + turn[2, 2]
            for column in range(window[p, 0], window[p, 1]):
                x = (column - cx) / fx
                d0 = b0 + turn[0, 0] * x
                d1 = b1 + turn[1, 0] * x
                dz = b2 + turn[2, 0] * x
                a = d0 * d0 + d1 * d1 + q * dz * dz
                b = o0 * d0 + o1 * d1 + qo * dz
                root = b * b - a * c
                if root < 0 and not is_cone:
                    continue
                best = math.inf
                if root >= 0:
                    root = math.sqrt(root)
                    for t in ((-b - root) / a, (-b + root) / a):
                        if t > near and abs(z0 + t * dz) <= h and t < best:
                            best = t
                if capped:
                    side = 1.0 if z0 > 0 else -1.0
                    t = (side * h - z0) / dz
                    px, py = o0 + t * d0, o1 + t * d1
                    if px * px + py * py <= radius * radius and t > near and t < best:
                        best = t
                if best == math.inf:
                    continue
                at = row * width + column
                w = np.float32(1.0 / best)
                if w > inverse[at] or (w == inverse[at] and codes[p] > code[at]):
                    inverse[at] = w
                    code[at] = codes[p]
                if not flags[things[p], at]:
                    flags[things[p], at] = True
                    alone[things[p]] += 1


@compiled("u1[:,::1], f4[::1], i8[::1], f4[:,::1], f4[::1], f4[::1], f4[::1], f4[:,::1], u1[::1]")
def paint(
    rgb: Any,
    depth: Any,
    code: Any,
    table: Any,
    shade: Any,
    ray_x: Any,
    ray_y: Any,
    tiles: Any,
    sky: Any,
) -> None:
    """Colours of the winning fragments.

    Args:
        rgb: (N, 3) to write.
        depth: (N,) NaN where nothing is hit.
        table: (P * 4, 16) of ``raster._surfaces``, a row per code.
        shade: (N,) brightness of the shape beside that of the face.
        ray_x, ray_y: (W,), (H,) of the rays.
        tiles: (rows, tile) patterns, stacked; a tile is square with a power of two as its side.
        sky: (3,) where nothing is hit.
    """
    width = len(ray_x)
    last = tiles.shape[1] - 1
    for at in range(len(depth)):
        z = depth[at]
        if not z > 0:
            rgb[at, 0], rgb[at, 1], rgb[at, 2] = sky[0], sky[1], sky[2]
            continue
        face = table[code[at]]
        x, y = ray_x[at % width] * z, ray_y[at // width] * z
        across = np.int32(face[0] + face[1] * x + face[2] * y + face[3] * z) & last
        down = np.int32(face[4] + face[5] * x + face[6] * y + face[7] * z) & last
        mix = tiles[np.int32(face[8]) + down, across]
        lit = face[9] * shade[at]
        for i in range(3):
            level = (face[13 + i] * mix + face[10 + i]) * lit
            rgb[at, i] = np.uint8(min(level, np.float32(255)))
