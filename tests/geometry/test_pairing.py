"""Stamp pairing: nearest partner, latest wins, bounded, counted, clocks that restart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.pairing import Pair, StampPairer

MS = 1_000_000
PERIOD = 33_333_333


def feed(pairer: StampPairer[str, str], events: list[tuple[str, int]]) -> list[Pair[str, str]]:
    pairs = []
    for kind, stamp in events:
        add = pairer.add_depth if kind == "d" else pairer.add_colour
        pair = add(stamp, f"{kind}{stamp}")
        if pair is not None:
            pairs.append(pair)
    return pairs


def test_equal_stamps_pair_in_either_order() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    pairs = feed(pairer, [("d", 0), ("c", 0), ("c", PERIOD), ("d", PERIOD)])
    assert [(p.depth, p.colour) for p in pairs] == [("d0", "c0"), (f"d{PERIOD}", f"c{PERIOD}")]
    assert pairer.counts.paired == 2
    assert pairer.counts.dropped_depth == pairer.counts.dropped_colour == 0


@pytest.mark.parametrize("offset_ms", [-16, -5, 0, 7, 16])
def test_every_depth_frame_pairs_at_any_phase(offset_ms: int) -> None:
    pairer: StampPairer[str, str] = StampPairer()
    events = sorted(
        [("d", 10**12 + i * PERIOD) for i in range(60)]
        + [("c", 10**12 + i * PERIOD + offset_ms * MS) for i in range(60)],
        key=lambda e: e[1],
    )
    pairs = feed(pairer, events)
    assert len(pairs) >= 59
    assert all(abs(p.offset_ns) <= PERIOD / 2 for p in pairs)


def test_faster_colour_gives_every_depth_frame_its_nearest_colour() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    events = sorted(
        [("d", i * PERIOD + 4 * MS) for i in range(40)]
        + [("c", i * PERIOD // 2) for i in range(80)],
        key=lambda e: e[1],
    )
    pairs = feed(pairer, events)
    assert len(pairs) == 40
    assert all(abs(p.offset_ns) <= PERIOD // 4 + 1 for p in pairs[3:])


def test_slop_is_half_the_faster_period() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    assert pairer.slop_ns == PERIOD // 2
    feed(pairer, [("d", i * 100 * MS) for i in range(5)])
    assert pairer.slop_ns == 50 * MS
    feed(pairer, [("c", i * 10 * MS) for i in range(5)])
    assert pairer.slop_ns == 5 * MS
    assert StampPairer(slop_ns=3).slop_ns == 3


def test_beyond_the_slop_nothing_pairs_and_queues_stay_bounded() -> None:
    pairer: StampPairer[str, str] = StampPairer(slop_ns=MS, capacity=3)
    events = [e for i in range(50) for e in (("d", i * PERIOD), ("c", i * PERIOD + 9 * MS))]
    assert feed(pairer, events) == []
    assert pairer.counts.dropped_depth == pairer.counts.dropped_colour == 47


def test_overtaken_items_are_dropped_and_counted() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    pairs = feed(pairer, [("d", 0), ("d", PERIOD), ("d", 2 * PERIOD), ("c", 2 * PERIOD)])
    assert [p.depth for p in pairs] == [f"d{2 * PERIOD}"]
    assert pairer.counts.dropped_depth == 2
    assert feed(pairer, [("c", 0)]) == []
    assert pairer.counts.out_of_order == 1


def test_repeated_stamps_are_counted_not_paired() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    assert len(feed(pairer, [("d", 0), ("c", 0), ("d", 0), ("c", 0), ("d", 0)])) == 1
    assert pairer.counts.out_of_order == 3


def test_a_looping_bag_goes_on_pairing() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    loop = [e for i in range(100) for e in (("d", i * PERIOD), ("c", i * PERIOD + MS))]
    assert len(feed(pairer, loop * 3)) == 300
    assert pairer.counts.restarts == 4  # two streams, two jumps back
    assert pairer.counts.dropped_depth == pairer.counts.dropped_colour == 0


def test_one_absurd_stamp_does_not_stop_the_stream() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    pairs = feed(pairer, [("d", 2**62), ("d", 0), ("c", 0), ("d", PERIOD), ("c", PERIOD)])
    assert len(pairs) == 2


def test_reset_forgets_what_waits() -> None:
    pairer: StampPairer[str, str] = StampPairer()
    pairer.add_depth(5, "d")
    pairer.reset()
    assert pairer.add_colour(5, "c") is None
    assert pairer.counts.dropped_depth == 1


@pytest.mark.parametrize(("slop_ns", "capacity"), [(-1, 4), (0, 0)])
def test_bad_settings_are_refused(slop_ns: int, capacity: int) -> None:
    with pytest.raises(InvalidValueError, match="expected"):
        StampPairer(slop_ns=slop_ns, capacity=capacity)


@given(
    st.lists(st.tuples(st.sampled_from("dc"), st.integers(-(2**63), 2**63 - 1)), max_size=60),
    st.one_of(st.none(), st.integers(0, 10**10)),
)
@settings(max_examples=150, deadline=None)
def test_any_stamps_keep_the_promises(events: list[tuple[str, int]], slop_ns: int | None) -> None:
    pairer: StampPairer[str, str] = StampPairer(slop_ns=slop_ns, capacity=3)
    last: Pair[str, str] | None = None
    for kind, stamp in events:
        slop_before = pairer.slop_ns
        restarts = pairer.counts.restarts
        pair = (pairer.add_depth if kind == "d" else pairer.add_colour)(stamp, "x")
        if pair is None:
            continue
        assert abs(pair.offset_ns) <= max(slop_before, pairer.slop_ns)
        if last is not None and pairer.counts.restarts == restarts == 0:
            assert pair.depth_stamp_ns > last.depth_stamp_ns
            assert pair.colour_stamp_ns > last.colour_stamp_ns
        last = pair
    counts = pairer.counts
    depths = sum(kind == "d" for kind, _ in events)
    taken = counts.paired + counts.dropped_depth
    assert taken <= depths
    assert depths - taken - counts.out_of_order <= 3
