"""How things look: a label in, the patterns it may wear and how strong they are out."""

from __future__ import annotations

_WOODEN = ("wood", "wood", "wood", "plain")
_SOFT = ("fabric", "fabric", "stripes", "dots", "plain")
_SMOOTH = ("plain", "plain", "speckle", "cloud")
_PRINTED = ("label", "label", "stripes", "checker")
_CERAMIC = ("plain", "plain", "stripes", "dots", "speckle")
_BOOKS = ("plain", "label", "bars")

_PATTERNS: dict[tuple[str, ...], tuple[str, ...]] = {
    (
        "table",
        "desk",
        "coffee table",
        "workbench",
        "bench",
        "nightstand",
        "tv stand",
        "stool",
        "chair",
        "wardrobe",
        "shelf",
        "cabinet",
        "dresser",
        "counter",
        "wall cabinet",
        "cutting board",
        "knife block",
        "crate",
        "picture frame",
    ): _WOODEN,
    ("sofa", "armchair", "bed", "office chair", "towel", "teddy bear", "basket"): _SOFT,
    ("cracker box", "carton", "bag", "can", "package", "box"): _PRINTED,
    ("mug", "cup", "bowl", "plate", "jar", "vase", "pitcher", "pot"): _CERAMIC,
    ("book", "notebook"): _BOOKS,
    ("plant",): ("speckle", "cloud"),
}
_BY_LABEL = {label: found for labels, found in _PATTERNS.items() for label in labels}


def looks_of(label: str) -> tuple[tuple[str, ...], tuple[float, float]]:
    """(patterns, range of contrast) of things with this label."""
    patterns = _BY_LABEL.get(label, _SMOOTH)
    return patterns, (0.08, 0.2) if patterns is _SMOOTH else (0.12, 0.4)
