"""What needs no model: best constant, blind guesser, nearest neighbours, bag of boxes.

Each is fitted on items of the training split and answers items of the test split. All but chance
and constant are the same k-nearest-neighbour vote; they differ in what they may look at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepsight_ros.evaluation.depth_template.views import TemplateView
from deepsight_ros.synthesis.depth_template import TemplateItem

Features = Callable[[TemplateView, TemplateItem], NDArray[np.float64]]
NEIGHBOURS = 15
THUMBNAIL_PX = 16
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) (cm|m)\b")


@dataclass(frozen=True)
class Asked:
    """An item with its view."""

    view: TemplateView
    item: TemplateItem


def asked(views: Sequence[TemplateView], task: str) -> list[Asked]:
    """Every item of a task."""
    return [Asked(v, i) for v in views for i in v.items if i.task == task]


def blind(view: TemplateView, item: TemplateItem) -> NDArray[np.float64]:
    """Words only: the numbers of the question in metres, nothing of the picture."""
    lengths = [float(n) * (0.01 if u == "cm" else 1.0) for n, u in _LENGTH.findall(item.question)]
    return np.log(np.array([*lengths, 1.0]))


def bag_of_boxes(view: TemplateView, item: TemplateItem) -> NDArray[np.float64]:
    """Boxes in the picture and the words, no depth."""
    camera = view.frame.camera
    scale = np.array([camera.width_px, camera.height_px] * 2, dtype=np.float64)
    boxes = np.array(list(view.boxes_px.values()), dtype=np.float64).reshape(-1, 4) / scale
    histogram = np.zeros(26)
    if len(boxes):
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        area = np.log2(np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-4))
        cells = np.clip((centres * 4).astype(int), 0, 3)
        histogram[:16] = np.bincount(cells[:, 1] * 4 + cells[:, 0], minlength=16)
        histogram[16:26] = np.histogram(area, 10, (-14, 0))[0]
    own = [np.array(b) / scale for b in view.regions_px(item)]
    size = [np.log(np.maximum(b[2:] - b[:2], 1e-3)) for b in own]
    if item.task == "scene":
        return histogram
    if item.task == "security":
        return np.concatenate([histogram * 0.3, blind(view, item) * 3])
    return np.concatenate([*own, *size])


def thumbnails(view: TemplateView, item: TemplateItem) -> NDArray[np.float64]:
    """16x16 log depth: of the whole view (scene, security), or of the item's regions."""
    depth = view.frame.depth_m
    if item.task == "scene":
        return thumbnail(depth)
    if item.task == "security":
        return np.concatenate([thumbnail(depth), blind(view, item) * 8])
    crops = [thumbnail(depth[y0:y1, x0:x1]) for x0, y0, x1, y1 in view.regions_px(item)]
    if item.task == "recognition":
        x0, y0, x1, y1 = view.regions_px(item)[0]
        middle = float(np.median(crops[0]))
        metric = np.log(np.array([x1 - x0, y1 - y0]) / view.frame.camera.fx_px) + middle
        return np.concatenate([(crops[0] - middle) * 4, metric * 8])
    return np.concatenate(crops)


def thumbnail(depth_m: NDArray[np.float32]) -> NDArray[np.float64]:
    """(256,) log depth on a 16x16 grid; a hole takes the median."""
    rows = np.linspace(0, depth_m.shape[0] - 1, THUMBNAIL_PX).round().astype(int)
    columns = np.linspace(0, depth_m.shape[1] - 1, THUMBNAIL_PX).round().astype(int)
    picked = depth_m[np.ix_(rows, columns)].astype(np.float64)
    valid = np.isfinite(picked) & (picked > 0)
    middle = float(np.median(picked[valid])) if valid.any() else 1.0
    return np.log(np.where(valid, picked, middle)).ravel()


class Neighbours:
    """k-nearest-neighbour vote over what was the right answer of training items."""

    def __init__(self, features: Features, training: Sequence[Asked]) -> None:
        self._features = features
        points = np.array([features(a.view, a.item) for a in training])
        self._middle = points.mean(axis=0)
        self._answers = [answer_word(a.item) for a in training]
        self._tree = cKDTree(points - self._middle)

    def choose(self, question: Asked) -> int:
        """Index of the option that most neighbours voted for; ties by closeness."""
        point = self._features(question.view, question.item) - self._middle
        count = min(NEIGHBOURS, len(self._answers))
        distances, found = self._tree.query(point, k=count)
        votes: Counter[str] = Counter()
        for d, i in zip(np.atleast_1d(distances), np.atleast_1d(found), strict=True):
            votes[self._answers[int(i)]] += 1.0 / (1.0 + d)  # type: ignore[assignment]
        words = option_words(question.item)
        return int(np.argmax([votes.get(w, 0.0) for w in words]))


class Constant:
    """The commonest right answer of training items."""

    def __init__(self, training: Sequence[Asked]) -> None:
        self._counts = Counter(answer_word(a.item) for a in training)

    def choose(self, question: Asked) -> int:
        return int(np.argmax([self._counts.get(w, 0) for w in option_words(question.item)]))


def option_words(item: TemplateItem) -> tuple[str, ...]:
    """What an option means across items: "first" and "second" for regions, else itself."""
    return ("first", "second") if item.task == "distance" else item.options


def answer_word(item: TemplateItem) -> str:
    return option_words(item)[item.answer]
