"""Speed and memory of a model: a loaded model in, medians and ceilings (JSON values) out.

Everything is measured in one run on one machine: our decoding, plain ``generate`` of the same
language model behind the same picture, and on a GPU the memory bandwidth and the training step
that they are held against.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.model.config import (
    AlignConfig,
    BoxConfig,
    DeepSightConfig,
    LanguageConfig,
    RegionConfig,
    TowerConfig,
)
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.pictures import Pictures, collate, picture
from deepsight_ros.model.predictor import DeepSight, Seen
from deepsight_ros.model.text import QuestionAnswer, TextCodec, train_tokenizer

QUESTION = "How far is <region0>?"
SHORT, LONG = 8, 64
PEAKS_TFLOPS = {"H100": 989.0, "H200": 989.0, "A100": 312.0}
"""Vendors' dense bf16 peaks (NVIDIA data sheets, SXM parts)."""
DEVICES_GB = (8, 16, 24, 80)
BYTES = {"float32": 4.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5 + 2.0 / 32}
"""Per weight; int4 carries a 16-bit scale for every 32 weights."""

SHAPES: dict[str, DeepSightConfig] = {
    "tiny": DeepSightConfig(language=LanguageConfig(vocabulary=1498)),
    "llama-7b": DeepSightConfig(
        tower=TowerConfig((252, 336), 14, 1024, 24, 16, 4096, select_layer=-2),
        box=BoxConfig(maps_px=7, channels=64),
        region=RegionConfig(fine=1, crop_px=32, channels=64),
        language=LanguageConfig(32064, 4096, 32, 32, 11008, 4096, tied=False),
        align=AlignConfig(layers=0),
        rgb=False,
    ),
}
"""Shapes with random weights: the shipped model's, and CLIP-L with Llama-7B."""


def random_model(
    shape: str, device: str = "cpu", dtype: torch.dtype = torch.float32, seed: int = 0
) -> DeepSight:
    """A model of a shape; its words mean nothing, its speed does."""
    config = SHAPES[shape]
    tokenizer = train_tokenizer([QUESTION, "It is about <num> cm away."] * 20, 400, 16)
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = DeepSightModel(config)
    finally:
        torch.set_default_dtype(before)
    return DeepSight(model.to(device), TextCodec(tokenizer, config.prompt, config.region.most))


def frame(width_px: int = 640, height_px: int = 480) -> RgbdFrame:
    """A slope with a nearer block, in the size of a usual camera."""
    camera = Camera(width_px, height_px, 600.0, 600.0, 319.5, 239.5, frame_id="optical")
    depth = np.tile(np.linspace(1, 2, height_px, dtype=np.float32)[:, None], (1, width_px))
    depth[200:300, 250:350] = 0.8
    return RgbdFrame(1, camera, depth, np.full((height_px, width_px, 3), 128, np.uint8))


def load_seconds(folder: Path, device: str = "cpu") -> float:
    """From the folder to a model that can be asked, imports done."""
    started = time.perf_counter()
    DeepSight.from_pretrained(folder, device=device)
    return time.perf_counter() - started


def speed(model: DeepSight, *, rounds: int = 9, colour: bool = False) -> dict[str, float]:
    """Medians over ``rounds`` of one question about one region, by depth alone by default."""
    shown, boxes = frame(), [(250, 200, 350, 300), (20, 20, 120, 120)]

    def look() -> Seen:
        return model.look(shown, regions_px=boxes, boxes_px=boxes, use_colour=colour)

    seen = look()
    seen.write(QUESTION, 2)

    def first() -> None:
        look().write(QUESTION, 1)

    def short() -> None:
        look().write(QUESTION, SHORT)

    written = seen.write(QUESTION, LONG)
    tokens = max(1, len(written.ids))
    whole = median_s(lambda: seen.write(QUESTION, LONG), rounds, model.model.device)
    start = median_s(lambda: seen.write(QUESTION, 1), rounds, model.model.device)
    rows = {
        "image_to_first_token_ms": 1e3 * median_s(first, rounds, model.model.device),
        "short_answer_ms": 1e3 * median_s(short, rounds, model.model.device),
        "tokens_per_s": (tokens - 1) / max(whole - start, 1e-9) if tokens > 1 else float("nan"),
    }
    embedded, new = _prompt(model, seen), LONG
    plain = median_s(lambda: _generate(model, embedded, new), max(3, rounds // 3), embedded.device)
    begin = median_s(lambda: _generate(model, embedded, 1), max(3, rounds // 3), embedded.device)
    rows["generate_first_token_ms"] = 1e3 * begin
    rows["generate_tokens_per_s"] = (new - 1) / max(plain - begin, 1e-9)
    return {k: round(v, 2) for k, v in rows.items()}


@torch.inference_mode()
def _prompt(model: DeepSight, seen: Seen) -> torch.Tensor:
    """Picture and question as plain ``generate`` takes them."""
    inner = model.model
    sight = seen.sight
    prompt = model.codec.prompt_ids(QUESTION, sight.regions.shape[1])
    ids = torch.tensor([prompt.ids], device=inner.device)
    region = torch.tensor([model.codec.region_indices(prompt.ids)], device=inner.device)
    given = torch.tensor([prompt.given], device=inner.device)
    about = torch.tensor([model.codec.about(prompt.ids)], device=inner.device)
    about = about[:, None].expand(-1, ids.shape[1], -1)
    return torch.cat([sight.tokens, inner.embed(ids, region, about, given, sight)], dim=1)


@torch.inference_mode()
def _generate(model: DeepSight, embedded: torch.Tensor, new: int) -> None:
    mask = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device)
    model.model.language.generate(
        inputs_embeds=embedded, attention_mask=mask, max_new_tokens=new, min_new_tokens=new,
        do_sample=False, pad_token_id=model.codec.pad_id,
    )  # fmt: skip


def bandwidth_gb_s(device: str, gigabytes: float = 1.0) -> float:
    """Bytes read and written per second by copying a large tensor."""
    source = torch.ones(int(gigabytes * 2**30) // 4, device=device)
    target = torch.empty_like(source)
    spent = median_s(lambda: target.copy_(source), 9, source.device)
    return 2 * source.nbytes / spent / 1e9


def decoding_share(model: DeepSight, tokens_per_s: float, bandwidth: float) -> float:
    """Share of the bandwidth that reading every weight once per token takes."""
    skipped = model.model.language.get_input_embeddings().weight
    weights = sum(p.nbytes for p in model.model.language.parameters())
    if not model.model.config.language.tied:
        weights -= skipped.nbytes  # one row of it is read per token
    return weights * tokens_per_s / 1e9 / bandwidth


def training_step(model: DeepSight, peak_tflops: float, batch: int = 8) -> dict[str, float]:
    """Model FLOP/s utilisation of a forward and backward pass with a plain SGD step.

    FLOPs are 6 per weight and token (2 forward, 4 backward), attention left out; the states of
    AdamW for 7B weights do not fit one device, so the step is SGD's.
    """
    inner = model.model.train()
    qas = [QuestionAnswer("How far is <region0>?", "It is about <num> cm away.", 0.3, (0,))] * 24
    one = model_pictures(model)
    pictures = collate([one] * batch).to(inner.device)
    text = model.codec.pack([qas] * batch, 1).to(inner.device)
    optimiser = torch.optim.SGD(inner.parameters(), lr=1e-6)
    kind = inner.device.type

    def step() -> None:
        with torch.autocast(kind, torch.bfloat16):
            loss = inner(inner.see(pictures), text)["loss"]
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    step()
    spent = median_s(step, 3, inner.device)
    tower = inner.depth_tower
    assert tower is not None
    patches = tower.config.grid[0] * tower.config.grid[1] + 1
    words = patches - 1 + text.ids.shape[1]
    language = sum(p.numel() for p in inner.language.model.layers.parameters())
    language += inner.language.lm_head.weight.numel()
    seen = sum(p.numel() for p in tower.encoder.parameters())
    flops = 6.0 * batch * (words * language + patches * seen)
    model.model.eval()
    return {
        "step_s": round(spent, 4),
        "tokens_per_s": round(batch * words / spent, 1),
        "mfu": round(flops / spent / (peak_tflops * 1e12), 4),
        "peak_tflops": peak_tflops,
    }


def model_pictures(model: DeepSight) -> Pictures:
    """The benchmark's frame as a batch of one."""
    box = [(250, 200, 350, 300)]
    size = model.model.config.fine_px
    return picture(frame(), size, regions_px=box, boxes_px=box, use_colour=False)


def memory_rows(tokens: int = 1024) -> list[dict[str, Any]]:
    """Computed memory per shape and precision: weights, keys and values of a full context.

    int8 and int4 hold for the matrices of transformer blocks, the rest stays bf16
    (``model.quantise``); keys and values are bf16, float32 for float32 weights. What fits is
    weights, cache and a tenth for activations.
    """
    rows = []
    for name, config in SHAPES.items():
        with torch.device("meta"):
            model = DeepSightModel(config)
        language = config.language
        unique = {id(p): p.numel() for p in model.parameters()}
        towers = [t.encoder for t in (model.depth_tower, model.rgb_tower) if t is not None]
        blocks = [model.language.model.layers, *towers]
        inside = sum(p.numel() for b in blocks for p in b.parameters() if p.ndim == 2)
        outside = sum(unique.values()) - inside
        for precision, size in BYTES.items():
            kept = 4 if precision == "float32" else 2
            length = min(tokens, language.positions)
            cache = 2 * language.layers * language.width * length * kept
            total = 1.1 * (inside * size + outside * max(size, 2.0) + cache) / 2**30
            rows.append(
                {
                    "shape": name,
                    "precision": precision,
                    "parameters_m": round(sum(unique.values()) / 1e6, 1),
                    "total_gib": round(total, 3),
                    "fits_gb": [gb for gb in DEVICES_GB if total * 2**30 < gb * 1e9],
                }
            )
    return rows


def median_s(work: Callable[[], object], rounds: int, device: torch.device) -> float:
    """Median wall time of a call; a GPU is waited for."""
    spent = []
    for _ in range(rounds):
        _wait(device)
        started = time.perf_counter()
        work()
        _wait(device)
        spent.append(time.perf_counter() - started)
    return float(np.median(spent))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_tflops(device_name: str, known: Mapping[str, float] = PEAKS_TFLOPS) -> float | None:
    """Dense bf16 peak of a device by its name, None when it is not listed."""
    return next((v for k, v in known.items() if k in device_name), None)
