"""A caption in, whether it speaks of depth out: the selection of DeepSight's captions.

The paper says that captions which mention depth are selected, not how. Ours, a list that can be
read: a caption is taken when it says where things are along the line of sight (in front of,
behind, background, foreground), how far (near, far, distance, a number with a unit of length), or
compares that (closer, farthest), and not merely in a fixed expression ("front door", "close-up").
"""

from __future__ import annotations

import re

ORDER = (
    r"in front of", r"behind", r"beyond", r"(?:in|at|towards?) the (?:back|front|rear)\b",
    r"background", r"foreground", r"further back", r"farther back", r"(?:way )?off in the",
    r"past the", r"at the (?:far|other|opposite) (?:end|side)",
)  # fmt: skip
RANGE = (
    r"near(?:by|er|est)?", r"close(?:r|st)? (?:to|by|up to)", r"closer", r"closest",
    r"far(?:ther|thest)?", r"further", r"furthest", r"distan(?:t|ce|ces)", r"far away",
    r"a long way", r"depth", r"deep (?:in|into|inside)",
    r"(?:feet|metres?|meters?|miles?|yards?) away",
)  # fmt: skip
LENGTH = r"\d+(?:\.\d+)?\s?(?:cm|mm|m|km|metres?|meters?|centimetres?|centimeters?|ft|feet|inches)"
FIXED = (
    r"front (?:door|yard|seat|porch|desk|wheel|leg|legs|paws?|teeth|view|lawn|lights?|end|row)",
    r"back(?:yard|pack|packs|board|seat| yard| door| seat)",
    r"behind (?:the wheel|bars|the scenes)",
    r"(?:so|too|by|thus) far", r"near perfect", r"nearly",
    r"close[- ]?up(?: (?:photo|view|shot|picture|image))?",
    r"(?:up )?close (?:photo|view|shot|picture|image)",
    r"depth of field", r"deep[- ](?:fried|dish)",
    r"far from (?:perfect|over|it)", r"go(?:ing)? the distance",
    r"plain (?:white |black )?background",
    r"(?:white|black|grey|gray|blurred|blurry|solid) background", r"near[- ]miss",
)  # fmt: skip

_FIXED = re.compile(rf"\b(?:{'|'.join(FIXED)})\b", re.IGNORECASE)
_DEPTH = re.compile(rf"\b(?:{'|'.join((*ORDER, *RANGE, LENGTH))})\b", re.IGNORECASE)


def speaks_of_depth(text: str) -> bool:
    """Whether a caption says anything about depth.

    >>> speaks_of_depth("A dog lies in front of the sofa.")
    True
    >>> speaks_of_depth("A man paints the front door.")
    False
    """
    return _DEPTH.search(_FIXED.sub(" ", text)) is not None
