"""Changes of colours: alike for alike seeds, absent as often as asked, none when switched off."""

from __future__ import annotations

import numpy as np

from deepsight_ros.training.segment_colours import ColourChange, changed_colour

STILL = ColourChange(0.0, 1.0, 0.0, 0.0, 0.0, (1.0, 1.0), 0.0, 0)


def picture() -> np.ndarray:
    made = np.full((41, 60, 3), (200, 60, 40), np.uint8)
    made[:, 30:] = (40, 90, 180)
    return made


def test_the_same_draw_gives_the_same_picture() -> None:
    a, b = (changed_colour(picture(), ColourChange(0.0), np.random.default_rng(3)) for _ in "ab")
    assert a is not None and b is not None
    np.testing.assert_array_equal(a, b)
    assert a.shape == picture().shape and a.dtype == np.uint8
    assert np.abs(a.astype(int) - picture()).mean() > 1


def test_colour_is_absent_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    absent = [changed_colour(picture(), ColourChange(0.4), rng) is None for _ in range(400)]
    assert 0.32 < np.mean(absent) < 0.48


def test_nothing_switched_on_changes_nothing_much() -> None:
    same = changed_colour(picture(), STILL, np.random.default_rng(1))
    assert same is not None
    assert np.abs(same.astype(int) - picture()).max() <= 3  # hues are whole numbers


def test_without_saturation_it_is_grey_and_a_shift_moves_the_edge() -> None:
    how = ColourChange(0.0, 1.0, 0.0, 0.0, 180.0, (0.0, 0.0), 0.0, 2)
    moved = set()
    for seed in range(12):
        out = changed_colour(picture(), how, np.random.default_rng(seed))
        assert out is not None
        assert np.ptp(out.astype(int), axis=2).max() <= 1
        row = out[20, :, 0].astype(int)
        moved.add(int(np.argmax(np.abs(np.diff(row)))) - 29)
    assert moved <= {-2, -1, 0, 1, 2} and len(moved) > 2
