"""Openers of recorded sources by name, for ``synthesis.source_names``.

Each takes (argument after the colon, images wanted or None, options) and gives a SampleSource:
``folder:PATH``, ``bag:PATH``, ``nyu:FILE``, ``sun_rgbd:PATH``, ``bop:PATH``, ``rgb:PATH`` and
``coco:PICTURES``. Options are those of the class that reads; ``camera`` is a mapping of
``geometry.Camera``'s fields.
"""

from __future__ import annotations

from typing import Any

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.synthesis.samples import SampleSource

_MODULE = "deepsight_ros.synthesis.recorded_names"
RECORDED: dict[str, str] = {
    "folder": f"{_MODULE}:open_recorded",
    "bag": f"{_MODULE}:open_recorded",
    "nyu": f"{_MODULE}:open_nyu",
    "sun_rgbd": f"{_MODULE}:open_sun_rgbd",
    "bop": f"{_MODULE}:open_bop",
    "rgb": f"{_MODULE}:open_rgb",
    "coco": f"{_MODULE}:open_coco",
}
"""Name -> opener, in the form of ``source_names.SOURCES``."""


def open_recorded(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """A folder of RGB-D images or a bag."""
    from deepsight_ros.geometry.camera import Camera
    from deepsight_ros.synthesis.recorded_source import RecordedSource

    del images
    for name in ("camera", "depth_camera", "colour_camera"):
        if isinstance(options.get(name), dict):
            options[name] = Camera(**options[name])
    return RecordedSource(_path(argument), **options)


def open_nyu(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """NYU Depth V2, the labelled .mat."""
    from deepsight_ros.sources.nyu import NyuDepthV2
    from deepsight_ros.synthesis.annotated_source import AnnotatedSamples

    del images
    return AnnotatedSamples(NyuDepthV2(_path(argument), **options))


def open_sun_rgbd(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """SUN RGB-D, the unpacked folder; option ``meta`` names the file of 3D boxes."""
    from deepsight_ros.sources.sun_rgbd import SunRgbd
    from deepsight_ros.synthesis.annotated_source import AnnotatedSamples

    del images
    return AnnotatedSamples(SunRgbd(_path(argument), **options))


def open_bop(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """A scene folder of a BOP set; option ``names`` maps object ids to nouns."""
    from deepsight_ros.sources.bop import BopScene
    from deepsight_ros.synthesis.annotated_source import AnnotatedSamples

    del images
    if "names" in options:
        options["names"] = {int(k): str(v) for k, v in options["names"].items()}
    return AnnotatedSamples(BopScene(_path(argument), **options))


def open_rgb(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """Plain pictures; options are those of ``rgb.config.RgbConfig``."""
    from deepsight_ros.synthesis.rgb.config import RgbConfig
    from deepsight_ros.synthesis.rgb.source import RgbSource

    del images
    return RgbSource(_path(argument), RgbConfig.from_mapping(options))


def open_coco(argument: str, images: int | None, options: dict[str, Any]) -> SampleSource:
    """COCO pictures with depth by an estimator; options ``captions`` and ``instances`` name the
    JSON files, ``depth`` the estimator (kind, path)."""
    from deepsight_ros.sources.coco import CocoSet
    from deepsight_ros.synthesis.coco_source import CocoDepthSource
    from deepsight_ros.synthesis.rgb.config import StageConfig

    del images
    files = {name: options.pop(name, None) for name in ("captions", "instances")}
    depth = options.pop("depth", None)
    return CocoDepthSource(
        CocoSet(_path(argument), **files),
        None if depth is None else StageConfig(**depth),
        **options,
    )


def _path(argument: str) -> str:
    if not argument:
        raise InvalidValueError("source: got no path, expected NAME:PATH (folder:/data/run1)")
    return argument
