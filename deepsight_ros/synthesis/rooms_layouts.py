"""How rooms are furnished: what makes a kind of room what it is, then what any room may hold.

Most furniture may stand in any room; kinds differ in how it is arranged. Each kind has one rule of
arrangement for training and another for testing (docs/semantics.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from deepsight_ros.synthesis.rooms_shell import WALL_YAW_RAD, Shell
from deepsight_ros.synthesis.shapes import Family
from deepsight_ros.synthesis.world_fittings import FITTINGS
from deepsight_ros.synthesis.world_furniture import SEATS, STORAGE, TABLES
from deepsight_ros.synthesis.world_models import Model, pick
from deepsight_ros.synthesis.world_stage import ON_WALL, Placed, Stage

Rng = np.random.Generator

FURNISHINGS: tuple[Family, ...] = (*TABLES, *SEATS, *STORAGE, *FITTINGS)
"""Everything that stands on a floor or hangs on a wall."""


@dataclass
class Plan:
    """A room while it is furnished.

    Attributes:
        stage: where things go.
        shell: its walls.
        anchors: what makes the room what it is; the camera looks at these.
    """

    stage: Stage
    shell: Shell
    anchors: list[Placed] = field(default_factory=list)

    @property
    def rng(self) -> Rng:
        return self.stage.rng

    @property
    def is_test(self) -> bool:
        return self.stage.split == "test"

    def draw(self, *labels: str) -> Model:
        """A random instance with one of the labels."""
        return self.stage.draw(families_of(labels, self.stage.split))

    def at_wall(
        self,
        model: Model,
        wall: int,
        along_m: float,
        *,
        z_m: float = 0.0,
        gap_m: float = 0.02,
        beside_m: float = 0.01,
        rests_on: str = "",
    ) -> Placed | None:
        """Its back to a wall, its middle at a place along it."""
        off = gap_m + float(model.high_m[0])
        x, y = self.shell.on_wall(wall, along_m, off)
        return self.stage.put(
            model, x, y, WALL_YAW_RAD[wall], z_m=z_m, gap_m=beside_m, rests_on=rests_on
        )

    def somewhere_at_wall(
        self, model: Model, walls: Sequence[int], tries: int = 8
    ) -> Placed | None:
        """Its back to one of the walls, wherever there is room."""
        for _ in range(tries):
            wall = pick(self.rng, walls)
            half = float(max(-model.low_m[1], model.high_m[1])) + 0.03
            run = self.shell.run_m(wall)
            if run < 2 * half:
                continue
            along = float(self.rng.uniform(half, run - half))
            if self.rng.random() < (0.6 if self.is_test else 0.25):  # into a corner
                along = half if self.rng.random() < 0.5 else run - half
            found = self.at_wall(model, wall, along, gap_m=float(self.rng.uniform(0.01, 0.05)))
            if found is not None:
                return found
        return None

    def anywhere(self, model: Model, tries: int = 6) -> Placed | None:
        """Free in the room, turned at will."""
        for _ in range(tries):
            x = float(self.rng.uniform(0.3, self.shell.length_m - 0.3))
            y = float(self.rng.uniform(0.3, self.shell.width_m - 0.3))
            yaw = float(self.rng.uniform(-np.pi, np.pi))
            found = self.stage.put(model, x, y, yaw, gap_m=0.04)
            if found is not None:
                return found
        return None

    def relative(
        self,
        other: Placed,
        model: Model,
        x_m: float,
        y_m: float,
        turn_rad: float,
        gap_m: float = 0.01,
    ) -> Placed | None:
        """At a place in another's frame."""
        spot = other.to_world(x_m, y_m)
        return self.stage.put(
            model, float(spot[0]), float(spot[1]), other.yaw_rad + turn_rad, gap_m=gap_m
        )

    def anchor(self, found: Placed | None) -> Placed | None:
        if found is not None:
            self.anchors.append(found)
        return found


_BY_LABELS: dict[tuple[tuple[str, ...], str], tuple[Family, ...]] = {}


def families_of(labels: tuple[str, ...], split: str) -> tuple[Family, ...]:
    """Families of furnishings with one of these labels."""
    key = (labels, split)
    if key not in _BY_LABELS:
        _BY_LABELS[key] = tuple(f for f in FURNISHINGS if f.label in labels and f.split == split)
    return _BY_LABELS[key]


def _longest(plan: Plan) -> list[int]:
    """Walls, the longest first."""
    walls = list(range(4))
    plan.rng.shuffle(walls)
    return sorted(walls, key=lambda w: -plan.shell.run_m(w))


def _seat_at(plan: Plan, table: Placed, chair: Model, x: float, y: float, out: float) -> None:
    """A chair at a table's edge that looks at its middle; ``out``: pulled out by so much."""
    length = float(np.hypot(x, y))
    reach = -float(chair.low_m[0])
    ux, uy = x / length, y / length
    away = float(np.arctan2(uy, ux))
    jitter = float(plan.rng.normal(0, 0.08))
    for extra in (0.0, 0.12, 0.25):
        far = length + reach * 0.25 + out + extra
        spot = ux * far, uy * far
        if plan.anchor(plan.relative(table, chair, *spot, away + jitter, 0.004)) is not None:
            return


def bedroom(plan: Plan) -> None:
    """Train: bed with its head to the middle of a wall. Test: lengthwise in a corner."""
    rng, bed = plan.rng, plan.draw("bed")
    placed = None
    for wall in _longest(plan):
        half = float(bed.size_m[1]) / 2
        run = plan.shell.run_m(wall)
        if plan.is_test:
            along = half + 0.04 if rng.random() < 0.5 else run - half - 0.04
        else:
            along = float(np.clip(run / 2 + rng.normal(0, 0.25), half + 0.05, run - half - 0.05))
        placed = plan.anchor(plan.at_wall(bed, wall, along))
        if placed is not None:
            break
    if placed is not None:
        for side in (-1, 1) if rng.random() < 0.6 else (pick(rng, [-1, 1]),):
            stand = plan.draw("nightstand")
            x = float(bed.high_m[0] - stand.high_m[0]) - 0.01
            y = side * float(bed.size_m[1] / 2 + stand.size_m[1] / 2 + rng.uniform(0.03, 0.1))
            plan.anchor(plan.relative(placed, stand, x, y, 0.0))
    for label in ("wardrobe", "dresser"):
        if rng.random() < 0.7:
            plan.somewhere_at_wall(plan.draw(label), range(4))


def living_room(plan: Plan) -> None:
    """Train: sofa to a wall, television across. Test: sofa free in the room, a low table ahead."""
    rng, sofa = plan.rng, plan.draw("sofa")
    placed = None
    for wall in _longest(plan):
        run = plan.shell.run_m(wall)
        along = run / 2 + rng.normal(0, 0.2)
        gap = float(rng.uniform(0.9, 1.4)) if plan.is_test else 0.04
        placed = plan.anchor(plan.at_wall(sofa, wall, float(along), gap_m=gap))
        if placed is not None:
            break
    if placed is None:
        return
    table = plan.draw("coffee table")
    front = float(sofa.low_m[0] - table.high_m[0])
    if sofa.family.name == "sofa.corner":
        front += 0.6
    for extra in (0.25, 0.4, 0.6):
        if plan.anchor(plan.relative(placed, table, front - extra, rng.normal(0, 0.08), 0.0)):
            break
    stand = plan.draw("tv stand")
    for extra in (2.2, 1.8, 2.6, 1.4, 3.0):
        x = float(sofa.low_m[0]) - extra
        if plan.anchor(plan.relative(placed, stand, x, float(rng.normal(0, 0.15)), np.pi)):
            break
    for side in (-1, 1):
        if rng.random() < 0.5:
            chair = plan.draw("armchair")
            y = side * float(sofa.size_m[1] / 2 + rng.uniform(0.15, 0.4))
            plan.relative(placed, chair, front - 0.4, y, side * np.pi / 2, 0.05)
    if rng.random() < 0.5:
        lamp = plan.draw("lamp")
        plan.relative(placed, lamp, 0.2, float(sofa.size_m[1] / 2 + 0.3), 0.0)


def _run(plan: Plan, wall: int, labels: Sequence[str], along: float, step: int) -> float:
    """A row of fittings side by side along a wall; gives where it ends."""
    for label in labels:
        model = plan.draw(label)
        wide = float(model.size_m[1]) + 0.004
        found = plan.at_wall(model, wall, along + step * wide / 2, gap_m=0.01, beside_m=0.001)
        if found is None:
            return along
        plan.anchor(found)
        if label in ("counter", "sink", "stove") and plan.rng.random() < 0.75:
            hung = plan.draw("wall cabinet")
            z = float(plan.rng.uniform(1.42, 1.55))
            if hung.size_m[1] < wide + 0.3:
                plan.at_wall(
                    hung,
                    wall,
                    along + step * wide / 2,
                    z_m=z,
                    gap_m=0.0,
                    beside_m=0.0,
                    rests_on=ON_WALL,
                )
        along += step * wide
    return along


def kitchen(plan: Plan) -> None:
    """Train: one row of counters along a wall. Test: two rows, around a corner or face to face."""
    rng = plan.rng
    row = ["counter", "sink", "counter", "stove", "counter"]
    if rng.random() < 0.5:
        row.reverse()
    row.insert(0 if rng.random() < 0.5 else len(row), "refrigerator")
    wall = _longest(plan)[0]
    step = pick(rng, [-1, 1])
    start = 0.05 if step > 0 else plan.shell.run_m(wall) - 0.05
    if plan.is_test:
        _run(plan, wall, row[:4], start, step)
        other = (wall + 2) % 4 if rng.random() < 0.5 else (wall + 1) % 4
        _run(
            plan,
            other,
            [*row[4:], "counter", "washing machine"],
            plan.shell.run_m(other) - 0.7,
            -1,
        )
    else:
        _run(plan, wall, row, start, step)
    if rng.random() < 0.5:
        table = plan.anywhere(plan.draw("table"))
        for side in (-1, 1) if table else ():
            chair = plan.draw("chair", "stool")
            _seat_at(plan, table, chair, 0.01, side * float(table.model.size_m[1] / 2), 0.0)


def office(plan: Plan) -> None:
    """Train: desks along the walls, chairs before them. Test: desks in pairs face to face."""
    rng = plan.rng
    for _ in range(int(rng.integers(1, 4))):
        desk = plan.draw("desk")
        if plan.is_test:
            x = plan.shell.length_m * rng.uniform(0.3, 0.7)
            y = plan.shell.width_m * rng.uniform(0.3, 0.7)
            yaw = float(rng.integers(4)) * np.pi / 2
            placed = plan.stage.put(desk, float(x), float(y), yaw, gap_m=0.03)
            if placed is not None and rng.random() < 0.7:
                twin = plan.draw("desk")
                away = float(desk.high_m[0] + twin.high_m[0]) + 0.02
                other = plan.anchor(plan.relative(placed, twin, away, 0.0, np.pi))
                if other is not None:
                    _desk_seat(plan, other)
        else:
            placed = plan.somewhere_at_wall(desk, range(4))
        if placed is not None:
            plan.anchor(placed)
            _desk_seat(plan, placed)
    if rng.random() < 0.6:
        plan.somewhere_at_wall(plan.draw("shelf", "cabinet"), range(4))


def _desk_seat(plan: Plan, desk: Placed) -> None:
    chair = plan.draw("office chair", "office chair", "chair")
    x = float(desk.model.low_m[0])
    if desk.model.family.name == "desk.return":
        x = -0.35
    for out in (0.1, 0.3, 0.5):
        y = float(plan.rng.normal(0, 0.1))
        turn = np.pi + float(plan.rng.normal(0, 0.3))
        if plan.anchor(plan.relative(desk, chair, x - out, y, turn, 0.004)) is not None:
            return


def bathroom(plan: Plan) -> None:
    """Train: bath along the longest wall, the rest on another. Test: everything on one wall."""
    rng = plan.rng
    walls = _longest(plan)
    if plan.is_test:
        row = ["washbasin", "toilet", "washing machine"]
        rng.shuffle(row)
        at = 0.08
        for label in row:
            model = plan.draw(label)
            at += float(model.size_m[1]) / 2
            plan.anchor(plan.at_wall(model, walls[0], at))
            at += float(model.size_m[1]) / 2 + float(rng.uniform(0.05, 0.3))
        if rng.random() < 0.7:
            plan.anchor(plan.somewhere_at_wall(plan.draw("bathtub"), range(4)))
        return
    if rng.random() < 0.8:
        tub = plan.draw("bathtub")
        half = float(tub.size_m[1] / 2) + 0.02
        run = plan.shell.run_m(walls[0])
        along = half if rng.random() < 0.5 else run - half
        plan.anchor(plan.at_wall(tub, walls[0], along, gap_m=0.01))
    for label, chance in (("toilet", 0.95), ("washbasin", 1.0), ("washing machine", 0.4)):
        if rng.random() < chance:
            plan.anchor(plan.somewhere_at_wall(plan.draw(label), walls[1:], 14))


def dining_room(plan: Plan) -> None:
    """Train: chairs in pairs along two sides. Test: around all sides, some pulled out."""
    rng, table = plan.rng, plan.draw("table")
    placed = None
    for _ in range(6):
        x = plan.shell.length_m / 2 + rng.normal(0, 0.2)
        y = plan.shell.width_m / 2 + rng.normal(0, 0.2)
        turn = float(rng.integers(2)) * np.pi / 2
        placed = plan.anchor(plan.stage.put(table, float(x), float(y), turn))
        if placed is not None:
            break
    if placed is None:
        return
    half_x, half_y = float(table.size_m[0]) / 2, float(table.size_m[1]) / 2
    chair = plan.draw("chair")  # all chairs of a table are alike
    if table.parts[0].kind == "cylinder" or plan.is_test:
        n = int(rng.integers(4, 7))
        for k in range(n):
            a = 2 * np.pi * k / n + float(rng.uniform(-0.15, 0.15))
            grow = 1 / max(abs(np.cos(a)) / half_x, abs(np.sin(a)) / half_y)
            if table.parts[0].kind == "cylinder":
                grow = half_x
            out = float(rng.uniform(0.0, 0.35)) if plan.is_test else 0.05
            _seat_at(plan, placed, chair, grow * np.cos(a), grow * np.sin(a), out)
    else:
        n = max(1, round(2 * half_y / 0.65))
        for side in (-1, 1):
            for k in range(n):
                y = (k + 0.5) * 2 * half_y / n - half_y
                reach = float(-chair.low_m[0])
                out = half_x + reach * 0.25 + float(rng.uniform(0.0, 0.1))
                turn = 0.0 if side > 0 else np.pi
                plan.anchor(plan.relative(placed, chair, side * out, y, turn, 0.004))
    if rng.random() < 0.7:
        plan.somewhere_at_wall(plan.draw("cabinet", "dresser"), range(4))


def corridor(plan: Plan) -> None:
    """Train: things along one long wall. Test: along both, and at the end."""
    walls = _longest(plan)
    sides = walls[:2] if plan.is_test else walls[:1]
    for _ in range(int(plan.rng.integers(1, 4))):
        label = pick(plan.rng, ["bench", "coat rack", "cabinet", "shelf", "stool", "plant"])
        model = plan.draw(label)
        if model.size_m[0] < plan.shell.run_m(walls[3]) - 0.75:
            plan.anchor(plan.somewhere_at_wall(model, sides))


def workshop(plan: Plan) -> None:
    """Train: benches along the walls. Test: a bench as an island, shelves along the walls."""
    rng = plan.rng
    for _ in range(int(rng.integers(1, 4))):
        bench = plan.draw("workbench")
        placed = (
            plan.anywhere(bench)
            if plan.is_test and not plan.anchors
            else plan.somewhere_at_wall(bench, range(4))
        )
        plan.anchor(placed)
        if placed is not None and rng.random() < 0.6:
            x = float(bench.low_m[0]) - 0.25
            plan.relative(placed, plan.draw("stool"), x, float(rng.normal(0, 0.3)), 0.0)
    for label, chance in (
        ("shelf", 0.8),
        ("tool cart", 0.7),
        ("step ladder", 0.5),
        ("crate", 0.6),
        ("box", 0.6),
    ):
        if rng.random() < chance:
            model = plan.draw(label)
            found = plan.somewhere_at_wall(model, range(4))
            if label in ("shelf", "tool cart"):
                plan.anchor(found)


@dataclass(frozen=True)
class RoomKind:
    """A kind of room.

    Attributes:
        length_m, width_m: ranges of its inside.
        furnish: puts in what makes it what it is.
        doors, windows: how many, least and most.
        fillers: labels that any such room may hold besides.
        filler_count: how many of these are tried.
        goods: labels of small things that lie about there.
        least_anchors: at least so many of the things that make it what it is are in view.
    """

    length_m: tuple[float, float]
    width_m: tuple[float, float]
    furnish: Callable[[Plan], None]
    doors: tuple[int, int]
    windows: tuple[int, int]
    fillers: tuple[str, ...]
    filler_count: tuple[int, int]
    goods: tuple[str, ...]
    least_anchors: int = 2


_ANY = (
    "cabinet",
    "shelf",
    "table",
    "chair",
    "stool",
    "box",
    "bin",
    "plant",
    "lamp",
    "radiator",
    "dresser",
    "bench",
    "suitcase",
    "crate",
)
"""May stand in every kind of room."""
_GOODS = ("book", "vase", "candle", "package", "cup", "mug", "bottle", "tray", "basket")

ROOM_KINDS: dict[str, RoomKind] = {
    "bedroom": RoomKind(
        (3.2, 4.8),
        (2.9, 4.2),
        bedroom,
        (1, 2),
        (1, 2),
        (*_ANY, "desk", "armchair", "nightstand"),
        (2, 5),
        (*_GOODS, "table lamp", "clock", "teddy bear", "phone", "picture frame", "towel"),
    ),
    "living room": RoomKind(
        (3.8, 6.0),
        (3.4, 5.0),
        living_room,
        (1, 2),
        (1, 2),
        (*_ANY, "coffee table", "armchair", "desk"),
        (2, 6),
        (*_GOODS, "remote", "speaker", "picture frame", "ball", "table lamp", "bowl"),
    ),
    "kitchen": RoomKind(
        (3.3, 5.0),
        (2.6, 4.2),
        kitchen,
        (1, 2),
        (1, 2),
        (*_ANY, "washing machine", "coat rack"),
        (1, 4),
        (
            *_GOODS,
            "plate",
            "bowl",
            "pot",
            "pan",
            "kettle",
            "toaster",
            "microwave",
            "coffee maker",
            "cutting board",
            "knife block",
            "jar",
            "carton",
            "cracker box",
            "apple",
            "banana",
        ),
        3,
    ),
    "office": RoomKind(
        (3.2, 5.5),
        (2.9, 4.8),
        office,
        (1, 2),
        (1, 3),
        (*_ANY, "coat rack", "armchair", "coffee table"),
        (2, 5),
        (*_GOODS, "notebook", "printer", "pen holder", "phone", "table lamp", "laptop"),
    ),
    "bathroom": RoomKind(
        (2.3, 3.6),
        (1.9, 2.8),
        bathroom,
        (1, 1),
        (0, 1),
        (*_ANY, "washing machine"),
        (0, 3),
        (*_GOODS, "soap dispenser", "toilet paper", "towel", "jar"),
    ),
    "dining room": RoomKind(
        (3.3, 5.2),
        (3.0, 4.6),
        dining_room,
        (1, 2),
        (1, 2),
        (*_ANY, "wardrobe", "armchair"),
        (2, 5),
        (*_GOODS, "plate", "bowl", "pitcher", "jar", "orange", "apple"),
        3,
    ),
    "corridor": RoomKind(
        (4.5, 9.0),
        (1.35, 2.2),
        corridor,
        (2, 5),
        (0, 1),
        (*_ANY, "coat rack"),
        (0, 3),
        (*_GOODS, "phone", "bag", "ball"),
        1,
    ),
    "workshop": RoomKind(
        (3.8, 6.5),
        (3.2, 5.2),
        workshop,
        (1, 2),
        (0, 2),
        (*_ANY, "tool cart", "step ladder"),
        (2, 6),
        (
            *_GOODS,
            "hammer",
            "screwdriver",
            "wrench",
            "drill",
            "tool box",
            "clamp",
            "tape",
            "paint can",
            "cone",
        ),
    ),
}
"""Kind of room -> what it is made of."""
