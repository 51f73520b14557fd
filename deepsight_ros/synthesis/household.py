"""Things that stand on tables: families of household objects with plausible sizes.

Several families may share a label; those tagged ``test`` have parts or proportions that no
``train`` family of the label has.
"""

from __future__ import annotations

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Parts, box, cone, cylinder, sphere

Rng = np.random.Generator


def _mug(rng: Rng) -> Parts:
    d, z = rng.uniform(0.07, 0.095), rng.uniform(0.08, 0.12)
    h = z * rng.uniform(0.45, 0.6)
    return cylinder(d, z), box(0.03, 0.012, h, (d / 2 + 0.012, 0, (z - h) / 2))


def _mug_square_handle(rng: Rng) -> Parts:
    d, z = rng.uniform(0.075, 0.1), rng.uniform(0.07, 0.1)
    reach = 0.035
    low, high = z * 0.2, z * 0.75
    return (
        cylinder(d, z),
        box(reach, 0.014, 0.012, (d / 2 + reach / 2 - 0.004, 0, low)),
        box(reach, 0.014, 0.012, (d / 2 + reach / 2 - 0.004, 0, high)),
        box(0.012, 0.014, high - low + 0.012, (d / 2 + reach - 0.008, 0, low)),
    )


def _cup(rng: Rng) -> Parts:
    d, z = rng.uniform(0.06, 0.085), rng.uniform(0.08, 0.13)
    return (cylinder(d, z),)


def _cup_tapered(rng: Rng) -> Parts:
    d, z = rng.uniform(0.07, 0.09), rng.uniform(0.09, 0.13)
    return tuple(cylinder(d * (0.76 + 0.12 * i), z / 3, (0, 0, i * z / 3)) for i in range(3))


def _can(rng: Rng) -> Parts:
    return (cylinder(rng.uniform(0.055, 0.085), rng.uniform(0.06, 0.14)),)


def _can_flat(rng: Rng) -> Parts:
    return (cylinder(rng.uniform(0.085, 0.11), rng.uniform(0.035, 0.05)),)


def _bottle(rng: Rng) -> Parts:
    d, body = rng.uniform(0.055, 0.09), rng.uniform(0.11, 0.18)
    neck = d * rng.uniform(0.3, 0.45)
    shoulder = d * rng.uniform(0.5, 0.9)
    return (
        cylinder(d, body),
        cone(d, shoulder, (0, 0, body)),
        cylinder(neck, shoulder + 0.03, (0, 0, body), 0.8),
    )


def _bottle_square(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.06, 0.09), rng.uniform(0.045, 0.065), rng.uniform(0.13, 0.2)
    return box(x, y, z), cylinder(0.032, 0.045, (0, 0, z), 0.7)


def _bowl(rng: Rng) -> Parts:
    d, z = rng.uniform(0.12, 0.18), rng.uniform(0.045, 0.07)
    return (
        cylinder(d * 0.62, z * 0.4),
        cylinder(d * 0.86, z * 0.35, (0, 0, z * 0.3)),
        cylinder(d, z * 0.4, (0, 0, z * 0.6)),
    )


def _bowl_hollow(rng: Rng) -> Parts:
    """An octagonal ring of walls on a floor: hollow, as real bowls are."""
    d, z, wall = rng.uniform(0.14, 0.2), rng.uniform(0.05, 0.08), 0.008
    side = (d - wall) * np.tan(np.pi / 8)
    angles = np.arange(8) * np.pi / 4
    ring = tuple(
        box(
            wall,
            side,
            z,
            ((d - wall) / 2 * np.cos(a), (d - wall) / 2 * np.sin(a), 0),
            float(a),
        )
        for a in angles
    )
    return (cylinder(d - wall, 0.008), *ring)


def _plate(rng: Rng) -> Parts:
    d = rng.uniform(0.18, 0.27)
    return cylinder(d * 0.6, 0.012), cylinder(d, 0.010, (0, 0, 0.010))


def _plate_square(rng: Rng) -> Parts:
    d = rng.uniform(0.16, 0.22)
    return box(d * 0.7, d * 0.7, 0.012), box(d, d, 0.010, (0, 0, 0.010))


def _box(rng: Rng) -> Parts:
    return (box(rng.uniform(0.06, 0.2), rng.uniform(0.04, 0.16), rng.uniform(0.05, 0.2)),)


def _cracker_box(rng: Rng) -> Parts:
    return (box(rng.uniform(0.05, 0.08), rng.uniform(0.13, 0.18), rng.uniform(0.18, 0.25)),)


def _milk_carton(rng: Rng) -> Parts:
    d, z = rng.uniform(0.065, 0.085), rng.uniform(0.14, 0.2)
    return box(d, d, z), box(d, d * 0.35, 0.03, (0, 0, z), 0.0, 0.9)


def _brick(rng: Rng) -> Parts:
    return (box(rng.uniform(0.18, 0.24), rng.uniform(0.09, 0.12), rng.uniform(0.055, 0.075)),)


def _cube(rng: Rng) -> Parts:
    d = rng.uniform(0.04, 0.09)
    return (box(d, d, d),)


def _toy_brick(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.08, 0.12), rng.uniform(0.05, 0.06), rng.uniform(0.04, 0.05)
    studs = tuple(
        cylinder(0.018, 0.008, (i * x / 4, j * y / 4, z)) for i in (-1, 1) for j in (-1, 1)
    )
    return (box(x, y, z), *studs)


def _book(rng: Rng) -> Parts:
    return (box(rng.uniform(0.18, 0.26), rng.uniform(0.12, 0.18), rng.uniform(0.02, 0.05)),)


def _book_standing(rng: Rng) -> Parts:
    return (box(rng.uniform(0.04, 0.06), rng.uniform(0.14, 0.18), rng.uniform(0.19, 0.25)),)


def _ball(rng: Rng) -> Parts:
    return (sphere(rng.uniform(0.05, 0.12)),)


def _apple(rng: Rng) -> Parts:
    d = rng.uniform(0.065, 0.085)
    return sphere(d), cylinder(0.008, 0.02, (0, 0, d - 0.006), 0.4)


def _cone(rng: Rng) -> Parts:
    return (cone(rng.uniform(0.07, 0.13), rng.uniform(0.1, 0.2)),)


def _traffic_cone(rng: Rng) -> Parts:
    d, z = rng.uniform(0.1, 0.14), rng.uniform(0.14, 0.22)
    return box(d, d, 0.012), cone(d * 0.8, z, (0, 0, 0.012))


def _remote(rng: Rng) -> Parts:
    return (box(rng.uniform(0.15, 0.22), rng.uniform(0.045, 0.06), rng.uniform(0.02, 0.028)),)


def _phone(rng: Rng) -> Parts:
    return (box(rng.uniform(0.14, 0.165), rng.uniform(0.068, 0.08), rng.uniform(0.012, 0.018)),)


def _screwdriver(rng: Rng) -> Parts:
    handle, shaft = rng.uniform(0.09, 0.12), rng.uniform(0.08, 0.15)
    return (
        box(handle, 0.032, 0.032, (-shaft / 2, 0, 0)),
        box(shaft, 0.016, 0.016, (handle / 2, 0, 0.008), 0.0, 0.5),
    )


def _banana(rng: Rng) -> Parts:
    d = rng.uniform(0.03, 0.038)
    a, bend = rng.uniform(0.055, 0.07), rng.uniform(0.35, 0.55)
    tip = (a / 2 + a / 2 * np.cos(bend)) * 0.95
    side = a / 2 * np.sin(bend) * 0.95
    return (
        box(a, d, d),
        box(a, d * 0.9, d * 0.9, (tip, side, 0), bend),
        box(a, d * 0.9, d * 0.9, (-tip, side, 0), -bend),
    )


def _clamp(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.1, 0.16), rng.uniform(0.025, 0.035), rng.uniform(0.03, 0.04)
    arm = rng.uniform(0.05, 0.09)
    return (
        box(x, y, z),
        box(0.03, arm, z, (x / 2 - 0.015, arm / 2, 0)),
        box(0.03, arm, z, (-x / 2 + 0.015, arm / 2, 0)),
    )


def _pitcher(rng: Rng) -> Parts:
    d, z = rng.uniform(0.1, 0.14), rng.uniform(0.17, 0.23)
    return (
        cylinder(d, z),
        box(0.05, 0.02, 0.02, (d / 2 + 0.02, 0, z * 0.8)),
        box(0.05, 0.02, 0.02, (d / 2 + 0.02, 0, z * 0.25)),
        box(0.02, 0.02, z * 0.55 + 0.02, (d / 2 + 0.04, 0, z * 0.25)),
    )


def _candle(rng: Rng) -> Parts:
    d, z = rng.uniform(0.05, 0.08), rng.uniform(0.08, 0.16)
    return cylinder(d, z), cone(0.02, 0.03, (0, 0, z), 0.7)


def _salt_shaker(rng: Rng) -> Parts:
    d, z = rng.uniform(0.04, 0.055), rng.uniform(0.06, 0.09)
    return cylinder(d, z), sphere(d * 0.96, (0, 0, z - d * 0.48), 0.8)


def _tray(rng: Rng) -> Parts:
    """A flat open box: five boards."""
    x, y, z = rng.uniform(0.2, 0.3), rng.uniform(0.15, 0.22), rng.uniform(0.04, 0.07)
    w = 0.01
    return (
        box(x, y, w),
        box(w, y, z, ((x - w) / 2, 0, 0)),
        box(w, y, z, (-(x - w) / 2, 0, 0)),
        box(x, w, z, (0, (y - w) / 2, 0)),
        box(x, w, z, (0, -(y - w) / 2, 0)),
    )


def _jar(rng: Rng) -> Parts:
    d, z = rng.uniform(0.065, 0.1), rng.uniform(0.08, 0.13)
    return cylinder(d, z), cylinder(d * 0.85, 0.02, (0, 0, z), 0.6)


def _cube_on_foot(rng: Rng) -> Parts:
    """An alarm clock: a block on two feet."""
    x, y, z = rng.uniform(0.05, 0.07), rng.uniform(0.09, 0.14), rng.uniform(0.07, 0.1)
    return (
        box(x, y, z, (0, 0, 0.012)),
        box(x, 0.02, 0.012, (0, y / 3, 0)),
        box(x, 0.02, 0.012, (0, -y / 3, 0)),
    )


def _notebook(rng: Rng) -> Parts:
    """Lying, with a spine that stands out."""
    x, y, z = rng.uniform(0.2, 0.28), rng.uniform(0.14, 0.2), rng.uniform(0.015, 0.03)
    return box(x, y, z), box(x, 0.012, z + 0.004, (0, y / 2, 0), 0.0, 0.6)


def _carton_lid(rng: Rng) -> Parts:
    """A box with a lid wider than itself."""
    x, y, z = rng.uniform(0.14, 0.22), rng.uniform(0.1, 0.16), rng.uniform(0.06, 0.12)
    return box(x, y, z), box(x + 0.012, y + 0.012, 0.03, (0, 0, z - 0.02), 0.0, 0.85)


def _sugar_box(rng: Rng) -> Parts:
    """Lying on its broad side, with a pouring spout."""
    x, y, z = rng.uniform(0.16, 0.19), rng.uniform(0.085, 0.1), rng.uniform(0.04, 0.05)
    return box(x, y, z), box(0.012, 0.03, 0.02, (x / 2 + 0.006, y / 4, 0.01), 0.0, 0.7)


HOUSEHOLD: tuple[Family, ...] = (
    Family("mug_handle", "mug", "train", _mug, flat_top=True),
    Family("mug_square_handle", "mug", "test", _mug_square_handle, flat_top=True),
    Family("cup_plain", "cup", "train", _cup, flat_top=True),
    Family("cup_tapered", "cup", "test", _cup_tapered, flat_top=True),
    Family("can_tall", "can", "train", _can, flat_top=True),
    Family("can_flat", "tuna can", "test", _can_flat, flat_top=True),
    Family("bottle_round", "bottle", "train", _bottle, stackable=False),
    Family("bottle_square", "bottle", "test", _bottle_square, stackable=False),
    Family("bowl_stepped", "bowl", "train", _bowl),
    Family("bowl_hollow", "bowl", "test", _bowl_hollow),
    Family("plate_round", "plate", "train", _plate),
    Family("plate_square", "plate", "test", _plate_square),
    Family("box_plain", "box", "train", _box, flat_top=True),
    Family("cracker_box", "cracker box", "train", _cracker_box, flat_top=True),
    Family("milk_carton", "milk carton", "test", _milk_carton, stackable=False),
    Family("brick_plain", "brick", "train", _brick, flat_top=True),
    Family("cube_plain", "cube", "train", _cube, flat_top=True),
    Family("toy_brick", "toy brick", "test", _toy_brick),
    Family("book_lying", "book", "train", _book, flat_top=True),
    Family("book_standing", "dictionary", "test", _book_standing, stackable=False),
    Family("ball_plain", "ball", "train", _ball, stackable=False),
    Family("apple", "apple", "test", _apple, stackable=False, colours=("red", "green", "yellow")),
    Family("cone_plain", "cone", "train", _cone),
    Family("traffic_cone", "traffic cone", "test", _traffic_cone, colours=("orange", "red")),
    Family("remote", "remote", "train", _remote, flat_top=True, colours=("black", "grey")),
    Family("phone", "phone", "test", _phone, flat_top=True, colours=("black", "white", "blue")),
    Family("screwdriver", "screwdriver", "train", _screwdriver),
    Family("banana", "banana", "train", _banana, colours=("yellow",)),
    Family("clamp", "clamp", "test", _clamp),
    Family("pitcher", "pitcher", "test", _pitcher, stackable=False),
    Family("candle", "candle", "train", _candle),
    Family("salt_shaker", "salt shaker", "train", _salt_shaker),
    Family("tray", "tray", "test", _tray, stackable=False),
    Family("jar", "jar", "train", _jar, flat_top=True),
    Family("notebook", "notebook", "test", _notebook, flat_top=False),
    Family("carton_lid", "carton", "test", _carton_lid, flat_top=True),
    Family("sugar_box", "sugar box", "test", _sugar_box, flat_top=True),
    Family("alarm_clock", "alarm clock", "test", _cube_on_foot, flat_top=True),
)
"""Every tabletop family."""
