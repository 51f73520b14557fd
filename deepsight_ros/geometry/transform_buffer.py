"""Stamped transforms in, the transform between any two frames at any stamp out.

A small stand-in for tf2's buffer, for hosts without it and for reading bags: static and moving
edges of a tree, ten seconds of history, linear and spherical interpolation, and errors that say
which frames and which stamps there are. Conventions are tf2's: a transform message with
``header.frame_id`` = parent and ``child_frame_id`` = child is ``parent_from_child``.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError, TransformError
from deepsight_ros.geometry.transforms import RigidTransform

Array = NDArray[np.float64]

CACHE_S = 10.0
QUATERNION_TOLERANCE = 0.01
"""Largest departure of a quaternion's length from 1 that is rounding and gets normalised."""
MAX_FRAMES_NAMED = 20
"""How many frames an error message lists."""


@dataclass
class _Edge:
    """Poses of one child in its parent; stamps ascending. A static edge has one pose, no stamp."""

    parent: str
    is_static: bool
    stamps_ns: list[int] = field(default_factory=list)
    poses: list[RigidTransform] = field(default_factory=list)

    def insert(self, stamp_ns: int, pose: RigidTransform, cache_ns: int) -> None:
        stamps, poses = self.stamps_ns, self.poses
        # Far older than all there is: the clock restarted (a bag loops, a simulator resets).
        if stamps and stamp_ns < stamps[-1] - cache_ns:
            stamps.clear()
            poses.clear()
        at = bisect_left(stamps, stamp_ns)
        if at < len(stamps) and stamps[at] == stamp_ns:
            poses[at] = pose
            return
        stamps.insert(at, stamp_ns)
        poses.insert(at, pose)
        expired = bisect_left(stamps, stamps[-1] - cache_ns)
        if expired > 0:
            del stamps[:expired], poses[:expired]


class TransformBuffer:
    """Frames as a tree; safe to use from several threads.

    Args:
        cache_s: how much history of moving frames is kept, counted back from each one's newest.
    """

    def __init__(self, cache_s: float = CACHE_S) -> None:
        if not (np.isfinite(cache_s) and cache_s > 0.0):
            raise InvalidValueError(
                f"transform buffer: got cache {cache_s} s, expected more than 0"
            )
        self._cache_ns = int(cache_s * 1e9)
        self._edges: dict[str, _Edge] = {}  # by child
        self._roots: set[str] = set()  # frames that occur as parents only
        self._lock = threading.Lock()

    def add(
        self,
        parent: str,
        child: str,
        translation_m: Array,
        quaternion_xyzw: Array,
        stamp_ns: int,
        is_static: bool = False,
    ) -> None:
        """Take one geometry_msgs/TransformStamped: ``parent_from_child`` at ``stamp_ns``.

        Raises:
            InvalidValueError: empty or equal frame names, NaN, a quaternion that is not of unit
                length within 1 %, or an edge that would close a cycle.
        """
        quaternion = np.asarray(quaternion_xyzw, dtype=np.float64)
        length = float(np.linalg.norm(quaternion)) if quaternion.shape == (4,) else float("nan")
        if not abs(length - 1.0) <= QUATERNION_TOLERANCE:
            raise InvalidValueError(
                f"transform {parent} -> {child}: got quaternion {quaternion} of length "
                f"{length:.3g}, expected x, y, z, w of length 1; the publisher is broken"
            )
        self.add_transform(
            parent,
            child,
            RigidTransform.from_quaternion(quaternion, translation_m),
            stamp_ns,
            is_static,
        )

    def add_transform(
        self,
        parent: str,
        child: str,
        parent_from_child: RigidTransform,
        stamp_ns: int,
        is_static: bool = False,
    ) -> None:
        """As ``add``, of a transform that is one already."""
        parent, child = _frame(parent), _frame(child)
        if parent == child:
            raise InvalidValueError(
                f"transform {parent} -> {child}: a frame cannot be its own parent"
            )
        with self._lock:
            edge = self._edges.get(child)
            if edge is None or edge.parent != parent or edge.is_static != is_static:
                self._refuse_cycle(parent, child)
                edge = self._edges[child] = _Edge(parent, is_static)
                self._roots = {e.parent for e in self._edges.values()} - self._edges.keys()
            if is_static:
                edge.poses[:] = [parent_from_child]
            else:
                edge.insert(int(stamp_ns), parent_from_child, self._cache_ns)

    def lookup(
        self, target: str, source: str, stamp_ns: int | None = None, tolerance_ns: int = 0
    ) -> RigidTransform:
        """``target_from_source`` at a stamp.

        Args:
            target, source: frame names; a leading slash is ignored.
            stamp_ns: time of the data; None takes the newest that all moving edges share.
            tolerance_ns: how far beyond the newest (oldest) pose that pose still stands in.

        Raises:
            TransformError: an unknown frame, frames of two trees, or no pose at that time.
        """
        target, source = target.lstrip("/"), source.lstrip("/")
        with self._lock:
            up, down = self._path(target, source)
            if stamp_ns is None:
                stamp_ns = self._newest_common_ns(up + down)
            wanted = f"transform from '{source}' to '{target}'"
            root_from_source = self._chain(up, stamp_ns, tolerance_ns, wanted)
            root_from_target = self._chain(down, stamp_ns, tolerance_ns, wanted)
        return root_from_target.inverse() @ root_from_source

    def can_transform(self, target: str, source: str, stamp_ns: int | None = None) -> bool:
        """Whether ``lookup`` would succeed."""
        try:
            self.lookup(target, source, stamp_ns)
        except TransformError:
            return False
        return True

    def frames(self) -> list[str]:
        """Names of all known frames, sorted."""
        with self._lock:
            return sorted(self._edges.keys() | self._roots)

    def clear(self) -> None:
        """Forget moving transforms (the clock jumped); static ones stay."""
        with self._lock:
            self._edges = {child: edge for child, edge in self._edges.items() if edge.is_static}
            self._roots = {e.parent for e in self._edges.values()} - self._edges.keys()

    def _refuse_cycle(self, parent: str, child: str) -> None:
        if child in self._ancestors(parent):
            raise InvalidValueError(
                f"transform {parent} -> {child}: '{child}' is already above '{parent}', expected "
                "a tree; two publishers disagree about which frame is the parent"
            )

    def _ancestors(self, frame: str) -> list[str]:
        """The frame, its parent, and so on to the root."""
        chain = [frame]
        while (edge := self._edges.get(chain[-1])) is not None:
            chain.append(edge.parent)
        return chain

    def _path(self, target: str, source: str) -> tuple[list[str], list[str]]:
        """Children of the edges from source, and from target, up to where they meet."""
        known = self._edges.keys() | self._roots
        for frame in (target, source):
            if frame not in known and target != source:
                raise TransformError(
                    f"transform from '{source}' to '{target}': got unknown frame '{frame}', "
                    f"expected one of {_listed(known)}; is its publisher running?"
                )
        above_source, above_target = self._ancestors(source), self._ancestors(target)
        if above_source[-1] != above_target[-1]:
            raise TransformError(
                f"transform from '{source}' to '{target}': they hang on different roots, "
                f"'{above_source[-1]}' and '{above_target[-1]}'; publish a transform between "
                f"these two. Known frames: {_listed(known)}"
            )
        shared = set(above_source) & set(above_target)
        return (
            [frame for frame in above_source if frame not in shared],
            [frame for frame in above_target if frame not in shared],
        )

    def _newest_common_ns(self, children: list[str]) -> int | None:
        newest = [e.stamps_ns[-1] for c in children if not (e := self._edges[c]).is_static]
        return min(newest, default=None)

    def _chain(
        self, children: list[str], stamp_ns: int | None, tolerance_ns: int, wanted: str
    ) -> RigidTransform:
        """``ancestor_from_first`` along edges that lead upwards."""
        total = RigidTransform.identity()
        for child in children:
            edge = self._edges[child]
            pose = (
                edge.poses[0]
                if edge.is_static or stamp_ns is None
                else _pose_at(edge, child, stamp_ns, tolerance_ns, wanted)
            )
            total = pose @ total
        return total


def _pose_at(
    edge: _Edge, child: str, stamp_ns: int, tolerance_ns: int, wanted: str
) -> RigidTransform:
    stamps = edge.stamps_ns
    at = bisect_left(stamps, stamp_ns)
    if at < len(stamps) and stamps[at] == stamp_ns:
        return edge.poses[at]
    if 0 < at < len(stamps):
        share = (stamp_ns - stamps[at - 1]) / (stamps[at] - stamps[at - 1])
        return interpolate(edge.poses[at - 1], edge.poses[at], share)
    end, where = (0, "past") if at == 0 else (-1, "future")
    beyond_ns = abs(stamp_ns - stamps[end])
    if beyond_ns <= tolerance_ns:
        return edge.poses[end]
    raise TransformError(
        f"{wanted}: extrapolation into the {where} by {beyond_ns / 1e9:.3f} s: stamp "
        f"{stamp_ns / 1e9:.3f} s wanted, '{edge.parent}' -> '{child}' is known from "
        f"{stamps[0] / 1e9:.3f} to {stamps[-1] / 1e9:.3f} s ({len(stamps)} poses); "
        + (
            "wait for newer transforms or check that the clocks agree"
            if where == "future"
            else "the data is older than the history that is kept, or the publisher started late"
        )
    )


def interpolate(a: RigidTransform, b: RigidTransform, share: float) -> RigidTransform:
    """Pose between two: translation linear, rotation spherical; share 0 gives a, 1 gives b."""
    qa, qb = a.quaternion_xyzw(), b.quaternion_xyzw()
    cosine = float(qa @ qb)
    if cosine < 0.0:  # the same rotation, the short way round
        qb, cosine = -qb, -cosine
    angle = float(np.arccos(min(cosine, 1.0)))
    if angle < 1e-6:
        q = (1.0 - share) * qa + share * qb
    else:
        q = np.sin((1.0 - share) * angle) * qa + np.sin(share * angle) * qb
    t = (1.0 - share) * a.translation_m + share * b.translation_m
    return RigidTransform.from_quaternion(q, t)


def _frame(name: str) -> str:
    stripped = name.lstrip("/")
    if not stripped:
        raise InvalidValueError(
            "transform: got an empty frame name, expected one such as 'base_link'; the message's "
            "header.frame_id is not filled in"
        )
    return stripped


def _listed(frames: set[str]) -> str:
    names = sorted(frames)
    more = f" and {len(names) - MAX_FRAMES_NAMED} more" if len(names) > MAX_FRAMES_NAMED else ""
    return (", ".join(names[:MAX_FRAMES_NAMED]) or "none (no transform has arrived)") + more
