"""The picture pipeline: real loading code on tiny random checkpoints; the rest on known scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepsight_ros.errors import FilteredError, InvalidValueError, ModelFilesError
from deepsight_ros.geometry.backproject import backproject
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.rgb import config as rgb_config
from deepsight_ros.synthesis.rgb.ambiguity import resolve
from deepsight_ros.synthesis.rgb.canonical import find_level
from deepsight_ros.synthesis.rgb.captioners import shorten
from deepsight_ros.synthesis.rgb.config import RgbConfig, StageConfig, make_stage
from deepsight_ros.synthesis.rgb.detectors import Found, keep_best
from deepsight_ros.synthesis.rgb.filters import DROP
from deepsight_ros.synthesis.rgb.pipeline import Picture, RgbPipeline
from deepsight_ros.synthesis.rgb.source import RgbSource
from deepsight_ros.synthesis.samples import SampleSource
from deepsight_ros.synthesis.world import tabletop
from tests.support import tiny_models

pytest.importorskip("transformers", reason="transformers is not installed")
import torch

torch.set_num_threads(1)

MODELS: dict[str, Callable[[Path], Path]] = {
    "clip": tiny_models.save_clip,
    "owlv2": tiny_models.save_owlv2,
    "grounding_dino": tiny_models.save_grounding_dino,
    "sam2": tiny_models.save_sam2,
    "blip": tiny_models.save_blip,
    "depth_anything": tiny_models.save_depth_anything,
    "zoedepth": tiny_models.save_zoedepth,
    "glpn": tiny_models.save_glpn,
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of tiny random checkpoints."""
    base = tmp_path_factory.mktemp("models")
    return {name: str(save(base / name)) for name, save in MODELS.items()}


def noise(height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def stage(kind: str, checkpoints: dict[str, str], name: str, batch: int = 2, **options: object):
    return make_stage(name, StageConfig(kind, checkpoints[kind], batch, options), "cpu")


def test_clip_filter(checkpoints: dict[str, str]) -> None:
    pictures = [noise(seed=i) for i in range(5)]
    reasons = stage("clip", checkpoints, "filter")(pictures)
    assert len(reasons) == 5
    assert set(reasons) <= {"", *DROP}
    always = stage("clip", checkpoints, "filter", keep=["a cat"], drop=[])(pictures)
    never = stage("clip", checkpoints, "filter", keep=[], drop=["a dog"])(pictures)
    assert always == [""] * 5 and never == ["a dog"] * 5
    one_by_one = stage("clip", checkpoints, "filter", batch=1)(pictures)
    assert one_by_one == reasons


@pytest.mark.parametrize("kind", ["owlv2", "grounding_dino"])
def test_detectors(checkpoints: dict[str, str], kind: str) -> None:
    options = {"text_score": 0.0} if kind == "grounding_dino" else {}
    detect = stage(kind, checkpoints, "detector", **options)
    pictures = [noise(60, 80), noise(90, 50), noise(60, 80, 3)]
    found = detect(pictures, ["dog", "mug"], 0.0)
    assert len(found) == 3 and any(found)
    for boxes, picture in zip(found, pictures, strict=True):
        height, width = picture.shape[:2]
        for item in boxes:
            assert item.label in ("dog", "mug") and 0 <= item.score <= 1
            x0, y0, x1, y1 = item.box_px
            assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
    assert detect(pictures[:1], ["dog"], 1.1) == [[]]


def test_sam2(checkpoints: dict[str, str]) -> None:
    segment = stage("sam2", checkpoints, "segmenter")
    found = [Found("dog", 0.9, (5, 5, 40, 30)), Found("mug", 0.8, (50, 20, 79, 59))] * 2
    masks = segment(noise(), found)
    assert len(masks) == 4 and all(m.shape == (60, 80) and m.dtype == bool for m in masks)
    assert np.array_equal(masks[0], masks[2])  # the batch it came in changes nothing
    outside = masks[0].copy()
    outside[2:34, 1:45] = False
    assert not outside.any()
    assert segment(noise(), []) == []


def test_blip(checkpoints: dict[str, str]) -> None:
    caption = stage("blip", checkpoints, "captioner")
    found = [Found("dog", 0.9, (5, 5, 40, 30)), Found("mug", 0.8, (50, 20, 79, 59))] * 2
    texts = caption(noise(), found, [1, 3, 6, 2])
    assert len(texts) == 4
    assert all(1 <= len(t.split()) <= n for t, n in zip(texts, (1, 3, 6, 2), strict=True))


@pytest.mark.parametrize("kind", ["depth_anything", "zoedepth", "glpn"])
def test_depth(checkpoints: dict[str, str], kind: str) -> None:
    estimate = stage(kind, checkpoints, "depth")
    pictures = [noise(64, 96), noise(90, 70), noise(64, 96, 2), noise(64, 96, 3)]
    depths = estimate(pictures)
    assert [d.shape for d in depths] == [p.shape[:2] for p in pictures]
    assert all(d.dtype == np.float32 for d in depths)
    valid = np.concatenate([d[np.isfinite(d)] for d in depths])
    assert len(valid) and valid.min() > 0 and valid.max() <= 80
    alone = estimate([pictures[2]])[0]
    np.testing.assert_allclose(alone, depths[2], atol=1e-4)


def test_relative_depth_is_refused(checkpoints: dict[str, str], tmp_path: Path) -> None:
    folder = tiny_models.save_depth_anything(tmp_path / "relative")
    file = folder / "config.json"
    file.write_text(file.read_text().replace('"metric"', '"relative"'))
    with pytest.raises(ModelFilesError, match="relative"):
        make_stage("depth", StageConfig("depth_anything", str(folder)), "cpu")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_missing_and_broken_files(
    checkpoints: dict[str, str], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = next(s for s, kinds in rgb_config.STAGES.items() if name in kinds)
    with pytest.raises(ModelFilesError, match=r"hf download .* --local-dir"):
        make_stage(where, StageConfig(name, str(tmp_path / "nothing")), "cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFilesError, match="the folder holds"):
        make_stage(where, StageConfig(name, str(tmp_path / "empty")), "cpu")
    with pytest.raises(ModelFilesError, match="got no path"):
        make_stage(where, StageConfig(name), "cpu")


def test_offline_says_what_to_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelFilesError, match="HF_HUB_OFFLINE is set") as caught:
        make_stage("filter", StageConfig("clip", "openai/clip-none"), "cpu")
    assert "hf download openai/clip-none --local-dir models/clip-none" in str(caught.value)


def test_cuda_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    from deepsight_ros.synthesis.rgb.loading import choose_device

    assert choose_device("auto") == "cpu"
    with pytest.raises(ModelFilesError, match="no GPU"):
        choose_device("cuda")


def test_config_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "rgb.yaml"
    file.write_text(
        "detector: {kind: grounding_dino, path: /m/gd, batch: 2, options: {text_score: 0.3}}\n"
        "vocabulary: [mug, cat]\nblock: 3\n"
    )
    config = RgbConfig.read(file)
    assert config.detector.kind == "grounding_dino" and config.vocabulary == ("mug", "cat")
    assert config.depth == RgbConfig().depth
    for bad, words in (
        ("depth: {kind: midas}", "midas"),
        ("detectr: {}", "detectr"),
        ("block: 0", "block"),
        ("depth: {kind: glpn, size: 3}", "size"),
        ("3", "no mapping"),
    ):
        file.write_text(bad)
        with pytest.raises(InvalidValueError, match=words):
            RgbConfig.read(file)


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        ("a photo of a red mug on the wooden table", 6, "red mug on the wooden table"),
        ("a photo of a red mug on the wooden table", 4, "red mug"),
        ("the cat", 3, "cat"),
        ("a", 3, ""),
        ("there is a dog, sitting.", 2, "dog"),
    ],
)
def test_shorten(text: str, words: int, wanted: str) -> None:
    assert shorten(text, words) == wanted


def test_non_maximum_suppression() -> None:
    boxes = [
        Found("a", 0.5, (0, 0, 10, 10)),
        Found("b", 0.9, (1, 0, 11, 10)),
        Found("c", 0.7, (20, 20, 30, 30)),
        Found("d", 0.6, (8, 8, 18, 18)),
    ]
    assert [f.label for f in keep_best(boxes, 0.5, 9)] == ["b", "c", "d"]
    assert [f.label for f in keep_best(boxes, 0.5, 2)] == ["b", "c"]
    assert keep_best([], 0.5, 3) == []


def test_ambiguity() -> None:
    left = {"o1": 0.3, "o2": -0.2, "o3": 0.0, "o4": 0.31}
    assert resolve({"o1": "red mug", "o2": "cat"}, left) == {"o1": "red mug", "o2": "cat"}
    two = resolve({"o2": "red mug", "o1": "mug red", "o3": "cat"}, left)
    assert two["o1"].endswith("more to the left") and two["o2"].endswith("more to the right")
    assert two["o3"] == "cat"
    assert resolve({"o1": "mug", "o2": "mug", "o3": "mug", "o4": "cat"}, left) == {"o4": "cat"}
    assert resolve({"o1": "mug", "o4": "mug"}, left) == {}, "one centimetre is no left or right"


def rendered(seed: int = 3):
    world = tabletop(seed, width_px=320, height_px=240)
    picture = render(world)
    depth = np.where(np.isfinite(picture.depth_m), picture.depth_m, np.nan).astype(np.float32)
    return world, picture, depth


def test_level_of_a_table_and_of_a_wall() -> None:
    world, picture, depth = rendered()
    points = backproject(depth, world.camera)
    truth = world.truth()
    table = picture.instance_id <= 0
    up = truth.working_from_camera.rotation[2]
    near = np.abs(truth.working_from_camera.apply(points.reshape(-1, 3))[:, 2]) < 0.004
    table &= near.reshape(table.shape)
    rng = np.random.default_rng(0)
    how = {"least_share": 0.6, "gap_m": 0.02, "rng": rng}
    level = find_level(points, [("table top", table)], **how)
    assert level.label == "table top" and level.share > 0.95
    assert np.degrees(np.arccos(min(1.0, level.up @ up))) < 1.0
    assert level.height_m == pytest.approx(truth.working_from_camera.translation_m[2], abs=0.01)
    wall = np.full(depth.shape, 2.0, np.float32)
    assert find_level(backproject(wall, world.camera), [("floor", wall > 0)], **how) is None
    rough = depth + rng.normal(0, 0.5, depth.shape).astype(np.float32)
    assert find_level(backproject(rough, world.camera), [("floor", table)], **how) is None
    assert find_level(points, [], **how) is None


class Known:
    """Stages that know the rendered scene: what is tested is everything between them."""

    def __init__(self, seed: int = 3, surface: bool = True) -> None:
        self.world, self.picture, self.depth_m = rendered(seed)
        self.truth = self.world.truth()
        self.masks = {}
        for i, thing in enumerate(self.truth.objects):
            mask = self.picture.instance_id == i + 1
            if np.count_nonzero(mask) > 150:
                self.masks[thing.id] = mask
        points = backproject(self.depth_m, self.world.camera)
        heights = self.truth.working_from_camera.apply(points.reshape(-1, 3))[:, 2]
        self.table = (np.abs(heights) < 0.004).reshape(self.depth_m.shape)
        self.table &= self.picture.instance_id <= 0
        self.surface = surface

    def found(self) -> list[Found]:
        out = []
        for name, mask in self.masks.items():
            v, u = np.nonzero(mask)
            box = (float(u.min()), float(v.min()), float(u.max() + 1), float(v.max() + 1))
            out.append(Found(f"thing {name}", 0.9, box))
        return out

    def detector(self, pictures: Sequence, words: Sequence[str], score: float) -> list:
        del words, score
        floor = [Found("table top", 0.5, (0.0, 0.0, 320.0, 240.0))] if self.surface else []
        return [[*self.found(), *floor] for _ in pictures]

    def segmenter(self, picture: np.ndarray, found: Sequence[Found]) -> list[np.ndarray]:
        del picture
        return [
            self.table if f.label == "table top" else self.masks[f.label.split()[1]] for f in found
        ]

    def stages(self) -> dict[str, object]:
        return {
            "filter": lambda pictures: ["" for _ in pictures],
            "detector": self.detector,
            "captioner": lambda picture, found, lengths: [f.label for f in found],
            "segmenter": self.segmenter,
            "depth": lambda pictures: [self.depth_m for _ in pictures],
        }


def pipeline(known: Known) -> RgbPipeline:
    made = RgbPipeline.__new__(RgbPipeline)
    made.config = RgbConfig(nms_iou=1.0)
    made.stages = known.stages()
    return made


def test_a_known_scene_comes_out_in_metres() -> None:
    known = Known()
    (sample,) = pipeline(known)([Picture("p", known.picture.colour, known.world.camera, 1)])
    assert sample.scene.up is UpSource.PLANE and sample.scene.support_label == "table top"
    assert len(sample.scene.objects) >= 3 and sample.truth is None
    for item in sample.scene.objects:
        true = known.truth.object(item.label.split()[1])
        assert sample.captions[item.id] == item.label
        if not (item.is_occluded or item.is_truncated):
            height = measure(sample.scene, "height", [item.id]).value
            assert height == pytest.approx(true.box.size_m[2], rel=0.2, abs=0.015)
        np.testing.assert_allclose(item.box.centre_m, true.box.centre_m, atol=0.1)
        index = 1 + [o.id for o in sample.scene.objects].index(item.id)
        both = known.masks[true.id] & (sample.instance_id == index)
        assert np.count_nonzero(both) > 0.8 * np.count_nonzero(sample.instance_id == index)


def test_without_a_surface_up_stays_unknown() -> None:
    known = Known(surface=False)
    (sample,) = pipeline(known)([Picture("p", known.picture.colour, known.world.camera, 1)])
    assert sample.scene.up is UpSource.UNKNOWN and sample.scene.support is None


def test_what_is_left_out_says_why() -> None:
    known = Known()
    made = pipeline(known)
    made.stages["filter"] = lambda pictures: ["a screenshot", ""]
    made.stages["captioner"] = lambda picture, found, lengths: ["mug"] * len(found)
    picture = Picture("p", known.picture.colour, known.world.camera, 1)
    first, second = made([picture, picture])
    assert isinstance(first, FilteredError) and "screenshot" in str(first)
    assert isinstance(second, FilteredError) and "told apart" in str(second)


@pytest.mark.parametrize("detector", ["owlv2", "grounding_dino"])
def test_a_folder_of_pictures(checkpoints: dict[str, str], tmp_path: Path, detector: str) -> None:
    """All stages with random weights: it runs, says why it leaves out, and repeats itself."""
    for i in range(5):
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), noise(96, 128, i))
    (tmp_path / "3.jpg").write_bytes(b"no picture")
    config = RgbConfig(
        filter=StageConfig("none"),
        detector=StageConfig(detector, checkpoints[detector], 2),
        captioner=StageConfig("blip", checkpoints["blip"]),
        segmenter=StageConfig("box"),
        depth=StageConfig("glpn", checkpoints["glpn"]),
        vocabulary=("dog", "mug"),
        surfaces=("floor",),
        score=0.0,
        block=2,
    )
    source = RgbSource(tmp_path, config)
    assert isinstance(source, SampleSource) and len(source) == 5

    def outcome(index: int) -> object:
        try:
            sample = source[index]
        except Exception as error:  # noqa: BLE001 - the kind of error is what is compared
            return type(error).__name__, str(error)
        return sample.key, [o.label for o in sample.scene.objects], dict(sample.captions)

    forward = [outcome(i) for i in range(5)]
    assert [outcome(i) for i in (4, 0, 2)] == [forward[4], forward[0], forward[2]]
    assert forward[3][0] == "DecodeError" and "3.jpg" in forward[3][1]
    assert all(f[0] != "DecodeError" for i, f in enumerate(forward) if i != 3)


def test_a_picture_that_tells_its_focal_length(tmp_path: Path) -> None:
    from PIL import Image

    image = Image.fromarray(noise(60, 80))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0xA405] = 18
    image.save(tmp_path / "a.jpg", exif=exif)
    image.save(tmp_path / "b.jpg")
    source = RgbSource(tmp_path, replace(RgbConfig(), field_of_view_deg=90.0))
    told, assumed = (source._read(p).camera for p in source._files)
    assert told.fx_px == pytest.approx(40) and assumed.fx_px == pytest.approx(40)
    narrow = RgbSource(tmp_path, replace(RgbConfig(), field_of_view_deg=45.0))
    assert narrow._read(narrow._files[1]).camera.fx_px == pytest.approx(96.57, abs=0.01)
    assert narrow._read(narrow._files[0]).camera.fx_px == pytest.approx(40)
