"""The loops of ``surface.see_surface``, compiled: pixels of one object's window in, rows out.

Inverse depth is linear over a plane's pixels, so a fit of value and gradient around each pixel
gives its point and normal; what lies beyond each crack of the mask's outline is looked up in the
readings beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled

Float = NDArray[np.float32]
Array = NDArray[np.float64]
Index = NDArray[np.int64]
Bool = NDArray[np.bool_]

FREE, OCCLUDED, TRUNCATED, CONTACT, STANDING, UNKNOWN = range(6)
"""Values of ``surface.Edge``: compiled code reads plain numbers."""


@compiled(", ".join(["f4[:,::1]"] * 9) + ", f4")
def solve_fit(
    n: Float,
    u: Float,
    v: Float,
    uu: Float,
    vv: Float,
    uv: Float,
    d: Float,
    ud: Float,
    vd: Float,
    ridge: np.float32,
) -> Float:
    """(3, H, W) value and gradient (du, dv) of inverse depth around each pixel.

    Args:
        n, u, v, uu, vv, uv, d, ud, vd: (H, W) sums over the window around each pixel of 1, column
            and row from the middle, their squares and product, inverse depth and its products.
        ridge: added to the variances: where the window holds a line of pixels only, the slope
            across it is 0.
    """
    rows, columns = n.shape
    out = np.empty((3, rows, columns), np.float32)
    for r in range(rows):
        for c in range(columns):
            share = np.float32(1.0) / max(n[r, c], np.float32(0.5))
            mu, mv, md = (
                u[r, c] * share,
                v[r, c] * share,
                d[r, c] * share,
            )
            cuu = uu[r, c] * share - mu * mu + ridge
            cvv = vv[r, c] * share - mv * mv + ridge
            cuv = uv[r, c] * share - mu * mv
            cud = ud[r, c] * share - mu * md
            cvd = vd[r, c] * share - mv * md
            scale = np.float32(1.0) / (cuu * cvv - cuv * cuv)
            du = (cvv * cud - cuv * cvd) * scale
            dv = (cuu * cvd - cuv * cud) * scale
            out[0, r, c] = md - du * mu - dv * mv
            out[1, r, c] = du
            out[2, r, c] = dv
    return out


@compiled("f4[:,:,::1], i8[:,::1], f8, f8[::1], f8[:,::1], f8[::1]")
def lift(
    fit: Float, at: Index, half: float, camera: Array, rotation: Array, translation_m: Array
) -> tuple[Array, Array, Array, Array]:
    """Points, normals, depths and unit rays at pixels, in the frame of ``rotation``.

    Args:
        fit: (3, H, W) of ``solve_fit``.
        at: (N, 4) row, column and a step (dr, dc) from there.
        half: how much of the step is gone.
        camera: fx, fy, cx, cy of the window.
    """
    number = len(at)
    points, normals, rays = np.empty((number, 3)), np.empty((number, 3)), np.empty((number, 3))
    depths = np.empty(number)
    fx, fy, cx, cy = camera[0], camera[1], camera[2], camera[3]
    for i in range(number):
        r, c = at[i, 0], at[i, 1]
        dr, dc = half * at[i, 2], half * at[i, 3]
        here = np.float64(fit[0, r, c])
        du, dv = np.float64(fit[1, r, c]), np.float64(fit[2, r, c])
        # near a limb the slope runs away: half a pixel moves the surface by one pixel's size at
        # most
        most = here / fx
        depth = 1.0 / (here + min(max(du * dc + dv * dr, -most), most))
        x, y = (c + dc - cx) / fx, (r + dr - cy) / fy
        # the plane n.P = 1 has inverse depth n.(x, y, 1)
        nx, ny = du * fx, dv * fy
        nz = here - nx * (c - cx) / fx - ny * (r - cy) / fy
        length, norm = np.sqrt(x * x + y * y + 1.0), np.sqrt(nx * nx + ny * ny + nz * nz)
        depths[i] = depth
        for k in range(3):
            ray = rotation[k, 0] * x + rotation[k, 1] * y + rotation[k, 2]
            points[i, k] = ray * depth + translation_m[k]
            rays[i, k] = ray / length
            normal = rotation[k, 0] * nx + rotation[k, 1] * ny + rotation[k, 2] * nz
            normals[i, k] = -normal / norm
    return points, normals, depths, rays


@compiled("u1[:,::1], b1[:,::1]")
def cracks(mask: NDArray[np.uint8], usable: Bool) -> Index:
    """(M, 4) inside pixel (row, column) and outward step (dr, dc) of every crack of the mask whose
    inside pixel is usable."""
    rows, columns = mask.shape
    out = np.empty((4 * rows * columns, 4), np.int64)
    number = 0
    for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        for r in range(rows):
            for c in range(columns):
                if not mask[r, c] or not usable[r, c]:
                    continue
                rr, cc = r + dr, c + dc
                if 0 <= rr < rows and 0 <= cc < columns and mask[rr, cc]:
                    continue
                out[number, 0], out[number, 1], out[number, 2], out[number, 3] = r, c, dr, dc
                number += 1
    return out[:number].copy()


@compiled(
    "i8[:,::1], i8[::1], u1[:,::1], f4[:,::1], f8[:,::1], f8[::1], f8[::1], f8[::1], f8[::1], "
    "f8, f8[::1], b1[::1]"
)
def edge_kinds(
    at: Index,
    steps_px: Index,
    mask: NDArray[np.uint8],
    depth_m: Float,
    outline_m: Array,
    outline_depth_m: Array,
    sigma_m: Array,
    camera: Array,
    up_row: Array,
    up_offset_m: float,
    limits_m: Array,
    at_border: Bool,
) -> NDArray[np.int8]:
    """(M,) what lies beyond each crack: see ``surface.Edge``.

    Args:
        at: (M, 4) of ``cracks``.
        steps_px: how far out readings are looked for, in this order.
        up_row, up_offset_m: height over the support of a camera point p is up_row @ p + offset.
        limits_m: "same depth", "on the support" (infinitely negative: support unknown), "stands".
        at_border: whether the mask touches the top, left, bottom, right of the picture.
    """
    rows, columns = mask.shape
    fx, fy, cx, cy = camera[0], camera[1], camera[2], camera[3]
    kinds = np.full(len(at), CONTACT, np.int8)
    for i in range(len(at)):
        r, c, dr, dc = at[i, 0], at[i, 1], at[i, 2], at[i, 3]
        if (
            (at_border[0] and dr < 0 and r == 0)
            or (at_border[1] and dc < 0 and c == 0)
            or (at_border[2] and dr > 0 and r == rows - 1)
            or (at_border[3] and dc > 0 and c == columns - 1)
        ):
            kinds[i] = TRUNCATED
            continue
        beyond, height = 0.0, 0.0
        for step in steps_px:
            rr, cc = r + step * dr, c + step * dc
            if rr < 0 or rr >= rows or cc < 0 or cc >= columns or mask[rr, cc]:
                continue
            if depth_m[rr, cc] > 0:  # NaN compares False
                beyond = np.float64(depth_m[rr, cc])
                x, y = (cc - cx) / fx, (rr - cy) / fy
                height = (up_row[0] * x + up_row[1] * y + up_row[2]) * beyond + up_offset_m
                break
        if beyond == 0.0:
            kinds[i] = UNKNOWN
            continue
        slack = 3.0 * sigma_m[i]
        same = limits_m[0] + 4.0 * sigma_m[i]
        if abs(height) < limits_m[1] + slack:
            # the support cannot hide what stands on it: beyond a raised edge it is farther
            foot = limits_m[2] + slack + outline_depth_m[i] / fx
            kinds[i] = STANDING if outline_m[i, 2] < foot else FREE
        elif beyond > outline_depth_m[i] + same:
            kinds[i] = FREE
        elif beyond < outline_depth_m[i] - same:
            kinds[i] = OCCLUDED
    return kinds
