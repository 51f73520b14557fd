"""The outline of the object in a box, drawn where the colour changes.

In: view, the pieces taken for the object, the box. Out: a mask. Depth readings go missing or are
shifted right beside an object's edge, and thin parts have none at all; colour is sharp there.
A graph cut (GrabCut: Rother, Kolmogorov, Blake 2004, as OpenCV has it) divides the box into
object and rest; readings of the support and of other things speak for the rest beforehand.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepsight_ros.perception.view import Bool, WorkingView

ROUNDS = 2
"""Times that the colours of object and rest are learnt again from the last cut."""

SURE_PX = 1
"""How far from its border a piece is surely object, or surely another thing."""

NEAR_PX, APART_M = 9, 0.02
"""How far around to look for the object's depth, and what differs from it beyond noise."""

LEAST_SEED_PX = 6
"""Fewer object pixels than this teach no colours."""

SEED = 1
"""Of OpenCV's generator: the same picture gives the same outline."""


def sharpen(mask: Bool, part: WorkingView, inside: Bool, rest: Bool, *, is_sure: bool) -> Bool:
    """The mask with its outline where the colour changes; as it was without colour.

    Args:
        mask: (h, w) bool, the pieces taken for the object.
        part: view of the box's neighbourhood.
        inside: (h, w) bool, the box.
        rest: (h, w) bool: readings that are no part of the object (support, walls, other things).
        is_sure: the middle of the pieces is certainly object.
    """
    if part.colour is None or np.count_nonzero(mask & inside) < LEAST_SEED_PX:
        return mask
    taken = mask & inside
    state = np.full(mask.shape, cv2.GC_BGD, np.uint8)
    state[inside & ~(_core(rest) | _lies_apart(taken, part))] = cv2.GC_PR_BGD
    state[taken] = cv2.GC_PR_FGD
    core = _core(taken)
    if is_sure and core.any():
        state[core] = cv2.GC_FGD
    if not ((state == cv2.GC_BGD) | (state == cv2.GC_PR_BGD)).any():
        return mask
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(SEED)
    picture = np.ascontiguousarray(part.colour)
    cv2.grabCut(picture, state, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD))


def _lies_apart(taken: Bool, part: WorkingView) -> Bool:
    """(h, w) bool: readings farther from the nearby object's mean depth than noise explains."""
    depth = np.where(taken, part.filled_m, np.float32(0.0))
    near = (NEAR_PX, NEAR_PX)
    number = cv2.blur((depth > 0).astype(np.float32), near, borderType=cv2.BORDER_CONSTANT)
    mean = cv2.blur(depth, near, borderType=cv2.BORDER_CONSTANT) / np.maximum(number, 1e-6)
    off = np.abs(part.filled_m - mean) > APART_M + 3.0 * part.sigma_m
    return np.asarray(off & (number > 0) & part.valid)


def _core(mask: Bool) -> Bool:
    kernel = np.ones((2 * SURE_PX + 1, 2 * SURE_PX + 1), np.uint8)
    return cv2.erode(mask.view(np.uint8), kernel).view(bool)
