"""Captions in, captions that tell things apart out (SpatialVLM, section 3.3).

Two alike: "more to the left" and "more to the right" are added. More than two alike: all of them
are dropped, for a few added words would not tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TIE_M = 0.02
"""Nearer than this to each other from left to right, two things cannot be told apart by it."""


def resolve(captions: Mapping[str, str], left_m: Mapping[str, float]) -> dict[str, str]:
    """Captions by object id, each of its own.

    Args:
        captions: object id -> caption.
        left_m: object id -> how far to the left its centre is.

    Returns:
        Captions of the objects that can be told apart; the others are left out.
    """
    out: dict[str, str] = {}
    for group in _groups(captions):
        if len(group) == 1:
            out[group[0]] = captions[group[0]]
        elif len(group) == 2 and abs(left_m[group[0]] - left_m[group[1]]) > TIE_M:
            left, right = sorted(group, key=lambda i: -left_m[i])
            out[left] = f"{captions[left]} more to the left"
            out[right] = f"{captions[right]} more to the right"
    return {i: out[i] for i in captions if i in out}


def _groups(captions: Mapping[str, str]) -> list[Sequence[str]]:
    """Object ids by captions that are alike; chains of likeness are one group."""
    groups: list[list[str]] = []
    for item, text in captions.items():
        near = [g for g in groups if any(_alike(text, captions[other]) for other in g)]
        merged = [*(i for g in near for i in g), item]
        groups = [g for g in groups if g not in near] + [merged]
    return list(groups)


def _alike(a: str, b: str) -> bool:
    return _words(a) == _words(b)


def _words(text: str) -> frozenset[str]:
    """Words of a caption without articles and plural endings."""
    return frozenset(w.rstrip("s") for w in text.lower().split() if w not in ("a", "an", "the"))
