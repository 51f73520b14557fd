"""One row per image: the Arrow schema, a sample with its annotations as a row, a row as values.

Sample + Annotations in, dict of Arrow-ready values out (``to_row``); what a reader hands out is a
``Row`` that decodes its images when asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import ndimage

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.samples import Pair, Sample
from deepsight_ros.synthesis.shards import images
from deepsight_ros.synthesis.shards.annotations import Annotations, Caption, Conversation, Turn
from deepsight_ros.synthesis.shards.scene_json import as_json, scene_from_json, scene_to_json

SCHEMA_VERSION = 1
"""Raised with every change of meaning; readers refuse other versions."""

_PAIR = pa.struct(
    [
        ("question", pa.string()),
        ("answer", pa.string()),
        ("type", pa.string()),
        ("object_ids", pa.list_(pa.string())),
        ("regions", pa.list_(pa.string())),
        ("outcome", pa.string()),
        ("value_number", pa.float64()),
        ("value_bool", pa.bool_()),
        ("value_text", pa.string()),
        ("unit", pa.string()),
        ("spoken_unit", pa.string()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("threshold", pa.float64()),
        ("determined", pa.bool_()),
        ("quantity", pa.string()),
        ("noise", pa.float64()),
        ("extra", pa.string()),
    ]
)
_BOX = [(name, pa.int32()) for name in ("x0", "y0", "x1", "y1")]
_OBJECT = pa.struct(
    [
        ("id", pa.string()),
        ("label", pa.string()),
        ("colour", pa.string()),
        ("caption", pa.string()),
        ("instance_id", pa.int32()),
        ("pixels", pa.int32()),
        *_BOX,
    ]
)
_CAPTION = pa.struct(
    [
        ("text", pa.string()),
        ("object_id", pa.string()),
        ("speaks_of_depth", pa.bool_()),
        ("score", pa.float32()),
        *_BOX,
    ]
)
_TURN = pa.struct([("role", pa.string()), ("text", pa.string())])
_CONVERSATION = pa.struct(
    [
        ("kind", pa.string()),
        ("writer", pa.string()),
        ("regions", pa.list_(pa.string())),
        ("turns", pa.list_(_TURN)),
    ]
)
_CAMERA = pa.struct(
    [
        ("width_px", pa.int32()),
        ("height_px", pa.int32()),
        *((name, pa.float64()) for name in ("fx_px", "fy_px", "cx_px", "cy_px")),
        ("frame_id", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("index", pa.int64()),
        ("room", pa.string()),
        ("stamp_ns", pa.int64()),
        ("camera", _CAMERA),
        ("depth", pa.binary()),
        ("depth_unit_m", pa.float64()),
        ("colour", pa.binary()),
        ("instance_id", pa.binary()),
        ("objects", pa.list_(_OBJECT)),
        ("scene", pa.string()),
        ("truth", pa.string()),
        ("pairs", pa.list_(_PAIR)),
        ("captions", pa.list_(_CAPTION)),
        ("conversations", pa.list_(_CONVERSATION)),
        ("sensor", pa.string()),
        ("provenance", pa.string()),
    ],
    metadata={"deepsight_schema_version": str(SCHEMA_VERSION)},
)
IMAGE_COLUMNS = ("depth", "colour", "instance_id")
"""Columns that hold compressed images; Parquet stores them as they are."""

_PAIR_FIELDS = tuple(f.name for f in fields(Pair))
_PAIR_PLAIN = tuple(
    name for name in _PAIR_FIELDS if name != "value" and name in {f.name for f in _PAIR}
)
_PAIR_EXTRA = tuple(name for name in _PAIR_FIELDS if name != "value" and name not in _PAIR_PLAIN)


def to_row(
    index: int, sample: Sample, annotations: Annotations, colour_codec: str, depth_unit_m: float
) -> dict[str, Any]:
    """The row of one sample.

    Raises:
        InvalidValueError: pairs or captions speak of ids that the scene does not have, or an
            image does not fit its codec.
    """
    frame = sample.frame
    camera = frame.camera
    _check_ids(sample, annotations)
    ids = sample.instance_id
    return {
        "key": sample.key,
        "index": index,
        "room": sample.room,
        "stamp_ns": frame.stamp_ns,
        "camera": {name: getattr(camera, name) for name in (f.name for f in _CAMERA)},
        "depth": images.encode_depth(frame.depth_m, depth_unit_m),
        "depth_unit_m": depth_unit_m,
        "colour": None
        if frame.colour is None
        else images.encode_colour(frame.colour, colour_codec),
        "instance_id": None if ids is None else images.encode_ids(ids),
        "objects": _objects(sample),
        "scene": scene_to_json(sample.scene),
        "truth": None if sample.truth is None else scene_to_json(sample.truth),
        "pairs": [_pair(p) for p in annotations.pairs],
        "captions": [_caption(c) for c in annotations.captions],
        "conversations": [asdict(c) for c in annotations.conversations],
        "sensor": as_json(asdict(frame.sensor)),
        "provenance": as_json(dict(sample.provenance)),
    }


@dataclass(frozen=True, eq=False)
class Row:
    """One image as read from a shard; images are decoded when asked for.

    Attributes:
        fields: the columns that were read, as plain Python values.
        where: shard file and row, for messages.
    """

    fields: Mapping[str, Any]
    where: str

    def __getitem__(self, column: str) -> Any:
        if column not in self.fields:
            raise ShardError(
                f"{self.where}: column '{column}' was not read; got {sorted(self.fields)}"
            )
        return self.fields[column]

    @property
    def key(self) -> str:
        return str(self["key"])

    def depth_m(self) -> NDArray[np.float32]:
        """(H, W) float32 metres, NaN = invalid."""
        return images.decode_depth(self["depth"], self["depth_unit_m"])

    def colour(self) -> NDArray[np.uint8] | None:
        """(H, W, 3) uint8 RGB, or None where the camera has none."""
        data = self["colour"]
        return None if data is None else images.decode_colour(data)

    def instance_id(self) -> NDArray[np.int16] | None:
        """(H, W) int16; object ``i`` of the scene is ``i + 1``; None where there are no masks."""
        data = self["instance_id"]
        return None if data is None else images.decode_ids(data)

    @cached_property
    def camera(self) -> Camera:
        """Intrinsics of the row's images."""
        return Camera(**self["camera"])

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Questions with their answers."""
        return tuple(_pair_back(p) for p in self["pairs"])

    @cached_property
    def captions(self) -> tuple[Caption, ...]:
        """Texts about boxes."""
        return tuple(
            Caption(
                c["text"], _box_back(c), c["object_id"], c["speaks_of_depth"], float(c["score"])
            )
            for c in self["captions"]
        )

    @cached_property
    def conversations(self) -> tuple[Conversation, ...]:
        """Conversations about the image."""
        return tuple(
            Conversation(
                tuple(Turn(**t) for t in c["turns"]), c["kind"], tuple(c["regions"]), c["writer"]
            )
            for c in self["conversations"]
        )

    @cached_property
    def boxes_px(self) -> dict[str, tuple[int, int, int, int]]:
        """Object id -> (x0, y0, x1, y1) of its visible pixels, exclusive end."""
        return {o["id"]: _box_back(o) for o in self["objects"] if o["x1"] is not None}

    def scene(self) -> Scene:
        """What the pairs were measured on; observed shapes come back as their boxes."""
        return scene_from_json(self["scene"])

    def truth(self) -> Scene | None:
        """Full solids, or None where no truth is known."""
        text = self["truth"]
        return None if text is None else scene_from_json(text)

    def sample(self) -> Sample:
        """The whole row as a sample again (needs every column)."""
        frame = RgbdFrame(
            self["stamp_ns"],
            self.camera,
            self.depth_m(),
            self.colour(),
            SensorModel(**json.loads(self["sensor"])),
        )
        return Sample(
            self.key,
            frame,
            self.scene(),
            self.truth(),
            self.instance_id(),
            self["room"],
            {o["id"]: o["caption"] for o in self["objects"] if o["caption"]},
            json.loads(self["provenance"]),
        )


def _check_ids(sample: Sample, annotations: Annotations) -> None:
    known = {o.id for o in sample.scene.objects}
    asked = {i for p in annotations.pairs for i in (*p.object_ids, *p.regions)}
    asked |= {c.object_id for c in annotations.captions if c.object_id}
    asked |= {i for c in annotations.conversations for i in c.regions}
    unknown = sorted(asked - known)
    if unknown:
        raise InvalidValueError(
            f"sample {sample.key}: got annotations about {unknown}, expected ids of its scene "
            f"{sorted(known)}"
        )


def _objects(sample: Sample) -> list[dict[str, Any]]:
    """Names, visible boxes and pixel counts; the mask decides, else perception's box."""
    found: list[Any] = []
    counts = np.zeros(0, dtype=np.int64)
    if sample.instance_id is not None:
        ids = np.maximum(sample.instance_id, 0)
        count = max(len(sample.scene.objects), int(ids.max(initial=0)))
        found = ndimage.find_objects(ids, max_label=count)
        counts = np.bincount(ids.ravel(), minlength=count + 1)
    out = []
    for i, item in enumerate(sample.scene.objects):
        box: tuple[int | None, ...] = (None,) * 4
        if i < len(found):
            if found[i] is not None:
                rows, columns = found[i]
                box = (columns.start, rows.start, columns.stop, rows.stop)
        elif item.box_px is not None:
            box = tuple(int(v) for v in item.box_px)
        out.append(
            {
                "id": item.id,
                "label": item.label,
                "colour": item.colour,
                "caption": sample.captions.get(item.id, ""),
                "instance_id": i + 1,
                "pixels": int(counts[i + 1]) if i + 1 < len(counts) else None,
                **dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)),
            }
        )
    return out


def _pair(pair: Pair) -> dict[str, Any]:
    value = pair.value
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    out = {name: getattr(pair, name) for name in _PAIR_PLAIN}
    out["value_number"] = float(value) if is_number else None
    out["value_bool"] = bool(value) if isinstance(value, bool | np.bool_) else None
    out["value_text"] = value if isinstance(value, str) else None
    extra = {name: getattr(pair, name) for name in _PAIR_EXTRA}
    out["extra"] = as_json(extra) if extra else ""
    return out


def _pair_back(fields_in: Mapping[str, Any]) -> Pair:
    values = [fields_in[f"value_{kind}"] for kind in ("number", "bool", "text")]
    value = next((v for v in values if v is not None), None)
    plain = {name: fields_in[name] for name in _PAIR_PLAIN}
    plain["object_ids"] = tuple(plain["object_ids"])
    plain["regions"] = tuple(plain["regions"])
    known = set(_PAIR_EXTRA)
    extra = json.loads(fields_in["extra"]) if fields_in["extra"] else {}
    more = {
        name: tuple(v) if isinstance(v, list) else v for name, v in extra.items() if name in known
    }
    return Pair(value=value, **plain, **more)


def _caption(caption: Caption) -> dict[str, Any]:
    x0, y0, x1, y1 = (int(v) for v in caption.box_px)
    return {
        "text": caption.text,
        "object_id": caption.object_id,
        "speaks_of_depth": caption.speaks_of_depth,
        "score": caption.score,
        "x0": x0,
        "y0": y0,
        "x1": x1,
        "y1": y1,
    }


def _box_back(fields_in: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return fields_in["x0"], fields_in["y0"], fields_in["x1"], fields_in["y1"]
