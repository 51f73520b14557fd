"""Outlines from the geometry, judgement from the network."""

from __future__ import annotations

import numpy as np

from deepsight_ros.perception.fusing import fuse


def _boxes(*spans: tuple[int, int]) -> np.ndarray:
    labels = np.zeros((10, 60), np.int32)
    for k, (a, b) in enumerate(spans, start=1):
        labels[2:8, a:b] = k
    return labels


def _fused(cut: np.ndarray, seen: np.ndarray, sure: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    objectness = np.where((cut > 0) | (seen > 0), sure, 0.0).astype(np.float32)
    scores = np.full(int(seen.max()), 0.6, np.float32)
    return fuse(cut, seen, scores, objectness)


def test_agreement_keeps_the_geometrys_outline() -> None:
    labels, scores = _fused(_boxes((10, 20)), _boxes((9, 21)))
    assert labels.max() == 1 and (labels > 0).sum() == 60 and abs(scores[0] - 0.9) < 1e-6


def test_what_the_network_calls_no_object_goes() -> None:
    labels, scores = _fused(_boxes((10, 20)), _boxes(), sure=0.1)
    assert not labels.any() and not len(scores)


def test_what_the_network_divides_is_divided() -> None:
    labels, _ = _fused(_boxes((10, 30)), _boxes((10, 20), (20, 30)))
    assert labels.max() == 2 and labels[5, 15] != labels[5, 25]


def test_a_speck_divides_nothing() -> None:
    labels, _ = _fused(_boxes((10, 30)), _boxes((10, 28), (28, 30)))
    assert labels.max() == 1


def test_what_geometry_missed_is_added() -> None:
    labels, scores = _fused(_boxes((10, 20)), _boxes((10, 20), (40, 50)))
    assert labels.max() == 2 and labels[5, 45] == 2
    np.testing.assert_allclose(scores, [0.9, 0.6], atol=1e-6)


def test_nothing_is_nothing() -> None:
    labels, scores = _fused(_boxes(), _boxes())
    assert not labels.any() and not len(scores)
