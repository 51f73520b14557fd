from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.questions.answering import answer
from deepsight_ros.questions.japanese_words import COLOURS, NOUNS
from deepsight_ros.scene.answer import Status
from tests.questions.scenes import table, without_up

SCENE = table()


@pytest.mark.parametrize(
    ("question", "quantity", "ids", "value", "unit"),
    [
        ("りんごの高さは何センチですか？", "height", ("o6",), 7.0, "cm"),
        ("赤いマグカップの高さは？", "height", ("o1",), 0.1, "m"),
        ("トレイの幅は何ミリですか", "width", ("o5",), 400.0, "mm"),
        ("シリアルの箱の奥行きを教えてください", "depth", ("o3",), 0.06, "m"),
        ("りんごの直径はどのくらいですか？", "width", ("o6",), 0.07, "m"),
        ("シリアルの箱の体積は何リットルですか", "volume", ("o3",), 3.024, "L"),
        ("シリアルの箱とりんごの距離は？", "surface_distance", ("o3", "o6"), None, "m"),
        ("りんごから赤いマグまで何センチですか？", "surface_distance", ("o6", "o1"), None, "cm"),
        ("りんごとトレイはどのくらい離れていますか", "surface_distance", ("o6", "o5"), None, "m"),
        ("りんごまでの距離を教えてください", "range", ("o6",), None, "m"),
        ("りんごはカメラから何センチ離れていますか", "range", ("o6",), None, "cm"),
        ("りんごとトレイではどちらが近いですか？", "closer", ("o6", "o5"), "o6", ""),
        ("シリアルの箱とりんご、どちらが高いですか", "taller", ("o3", "o6"), "o3", ""),
        ("りんごは赤いマグカップの右にありますか", "right_of", ("o6", "o1"), True, ""),
        ("りんごは赤いマグカップの左側にありますか？", "left_of", ("o6", "o1"), False, ""),
        ("ツナ缶はトレイの上にありますか", "on", ("o4", "o5"), True, ""),
        ("シリアルの箱はりんごの後ろにありますか", "behind", ("o3", "o6"), True, ""),
        ("シリアルの箱はりんごより高いですか", "taller", ("o3", "o6"), True, ""),
        ("マグカップはいくつありますか", "count", ("o1", "o2"), 2, ""),
        ("バナナはありますか？", "count", (), False, ""),
        ("りんごはありますか", "count", ("o6",), True, ""),
        ("一番高いものは何ですか？", "taller", ("o3",), "o3", ""),
        ("りんごはどこにありますか？", "range", ("o6",), None, "m"),
        ("トレイの上に何がありますか？", "on", ("o4", "o5"), "o4", ""),
        ("ツナ缶は何の上にありますか", "on", ("o5", "o4"), "o5", ""),
        ("シリアルの箱の高さは20センチ以上ですか？", "height", ("o3",), True, ""),
        ("りんごの高さは10cm以上ですか？", "height", ("o6",), False, ""),
        ("グリッパーは前にどのくらい進めますか", "free_space", ("o7",), None, "m"),
    ],
)  # fmt: skip
def test_understood_and_answered_in_japanese(
    question: str, quantity: str, ids: tuple[str, ...], value: object, unit: str
) -> None:
    made = answer(question, SCENE)
    assert made.status is Status.OK, made.text
    assert (made.quantity, made.object_ids, made.unit) == (quantity, ids, unit)
    if value is not None:
        assert made.value == (pytest.approx(value) if isinstance(value, float) else value)
    assert made.text.endswith("。")
    assert any("぀" <= c <= "ヿ" for c in made.text)


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("マグカップの高さは？", Status.AMBIGUOUS),
        ("冷蔵庫の高さは？", Status.NOT_FOUND),
        ("ロケットの高さは何センチですか", Status.NOT_FOUND),
        ("りんごの重さは？", Status.UNSUPPORTED),
        ("今日の天気は？", Status.UNSUPPORTED),
        ("こんにちは", Status.UNSUPPORTED),
        ("りんごは高い", Status.UNSUPPORTED),
    ],
)
def test_honest_in_japanese(question: str, status: Status) -> None:
    made = answer(question, SCENE)
    assert made.status is status
    assert made.value is None
    assert made.text.endswith(("。", "？"))


def test_text() -> None:
    assert answer("りんごの高さは何センチですか？", SCENE).text == "りんごの高さは7センチです。"
    assert answer("マグカップの高さは？", SCENE).text == (
        "マグカップは赤いマグカップ、青いマグカップのどれですか。"
    )


def test_no_gravity_in_japanese() -> None:
    made = answer("りんごの高さは？", without_up(SCENE))
    assert made.status is Status.UNSUPPORTED
    assert made.text.endswith("。")


_PIECES = [
    *list(NOUNS.values())[:40],
    *COLOURS.values(),
    "の は と より 高さ 何センチ ですか ？ どちらが 左 上に ありますか 12 センチ",
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([w for p in _PIECES for w in p.split()]), max_size=12))
def test_any_pieces(pieces: list[str]) -> None:
    made = answer("".join(pieces) + "の", SCENE)
    assert isinstance(made.status, Status)
    assert made.text
