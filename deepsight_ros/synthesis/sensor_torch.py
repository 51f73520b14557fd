"""Batched depth cameras in torch: perfect depth in, readings out (NaN where there is none).

The same effects as `synthesis.sensor`, every image with parameters of its own, so that training
data can be made on the device that trains. ``SensorBatch.draw`` draws the parameters around those
of the families, by ``spread`` also beyond what real cameras do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.noise import FAMILIES, NUMBERS
from deepsight_ros.synthesis.sensor import BASELINE_M, EDGE_SHARES, EDGE_STEP_PER_M

_FIELDS = (
    *NUMBERS,
    "baseline_m",
    "missing",
    "mixed",
    "nearer",
    "dropout",
    "wave",
)


@dataclass(frozen=True, eq=False)
class SensorBatch:
    """Parameters of B cameras, each (B,) float32.

    Attributes:
        numbers: name -> (B,), names as in ``SensorModel``, plus baseline_m, shares of the edge
            band (missing, mixed, nearer), dropout (share lost at random) and wave (share of
            variance in slow waves).
        is_time_of_flight: (B,) bool: quantised in depth, not in disparity.
    """

    numbers: dict[str, Tensor]
    is_time_of_flight: Tensor

    @staticmethod
    def draw(
        count: int,
        generator: torch.Generator,
        *,
        families: Sequence[str] = tuple(sorted(FAMILIES)),
        spread: float = 0.25,
    ) -> SensorBatch:
        """Cameras of random families, each number off by up to ``spread`` (1 = up to twice, or
        down to nothing).

        Raises:
            InvalidValueError: an unknown family or a negative spread.
        """
        unknown = sorted(set(families) - set(FAMILIES))
        if unknown or spread < 0 or not families:
            raise InvalidValueError(
                f"sensor batch: got families {list(families)} and spread {spread}, expected some "
                f"of {sorted(FAMILIES)} and at least 0"
            )
        device = generator.device
        rows = []
        for name in families:
            model, shares = FAMILIES[name], EDGE_SHARES[name]
            rows.append(
                [getattr(model, f) for f in _FIELDS[:8]]
                + [BASELINE_M[name], shares.missing, shares.mixed, shares.nearer, 0.006, 0.1]
            )
        table = torch.tensor(rows, device=device)
        which = torch.randint(len(rows), (count,), generator=generator, device=device)
        drawn = table[which]
        off = torch.rand(drawn.shape, generator=generator, device=device) * 2 - 1
        drawn = drawn * (1 + spread * off).clamp_min(0.0)
        grazing, baseline = _FIELDS.index("grazing_rad"), _FIELDS.index("baseline_m")
        small = 1 + 0.3 * spread * off
        drawn[:, grazing] = (table[which] * small)[:, grazing].clamp(0.9, 1.55)
        drawn[:, baseline] = (table[which] * small)[:, baseline]
        for name in ("min_range_m", "max_range_m"):
            k = _FIELDS.index(name)
            drawn[:, k] = (table[which] * small)[:, k]
        tof = torch.tensor([f == "time_of_flight" for f in families], device=device)
        return SensorBatch(dict(zip(_FIELDS, drawn.unbind(1), strict=True)), tof[which])

    def number(self, name: str) -> Tensor:
        """(B, 1, 1)."""
        return self.numbers[name][:, None, None]


def measure_batch(
    depth_m: Tensor, fx_px: Tensor, sensors: SensorBatch, generator: torch.Generator
) -> Tensor:
    """(B, H, W) perfect depth, NaN = nothing, to readings, NaN = no reading; ``fx_px`` (B,)."""
    finite = torch.isfinite(depth_m)
    inverse = torch.where(finite, 1.0 / depth_m.clamp_min(1e-3), 0.0)
    depth = torch.where(finite, depth_m, 0.0)
    lost = _grazing(inverse, fx_px, sensors) & finite
    lost |= _shadow(inverse, fx_px, sensors)
    depth, missing = _disturb(depth, inverse, sensors, generator)
    lost |= missing | (depth <= 0)
    sigma = (
        sensors.number("base_m")
        + sensors.number("linear") * depth
        + sensors.number("quadratic_per_m") * depth * depth
    )
    depth = depth + sigma * _field(depth.shape, sensors, generator)
    depth = _quantise(depth, sensors)
    lost |= _dropout(depth.shape, sensors, generator)
    lost |= (depth < sensors.number("min_range_m")) | (depth > sensors.number("max_range_m"))
    return torch.where(lost, torch.nan, depth)


def _rand(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    return torch.rand(tuple(shape), generator=generator, device=generator.device)


def _normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    return torch.randn(tuple(shape), generator=generator, device=generator.device)


def _grazing(inverse: Tensor, fx_px: Tensor, sensors: SensorBatch) -> Tensor:
    """Where the surface is seen too flatly: inverse depth is linear in pixels on a plane."""
    fx = fx_px[:, None, None]
    padded = functional.pad(inverse[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    gx, gy = across * fx, down * fx
    h, w = inverse.shape[1:]
    x = ((torch.arange(w, device=inverse.device) - (w - 1) / 2) / fx)[:, :, :]
    y = (torch.arange(h, device=inverse.device)[:, None] - (h - 1) / 2) / fx
    gz = inverse - gx * x - gy * y
    squared = (gx * gx + gy * gy + gz * gz) * (1 + x * x + y * y)
    limit = torch.cos(sensors.number("grazing_rad")) ** 2
    step = torch.maximum(across.abs(), down.abs())
    return (inverse * inverse < limit * squared) & (step < 2 * EDGE_STEP_PER_M)


def _shadow(inverse: Tensor, fx_px: Tensor, sensors: SensorBatch) -> Tensor:
    """What the projector or second camera does not see (its view is shifted by disparity)."""
    column = torch.arange(inverse.shape[2], device=inverse.device, dtype=inverse.dtype)
    seen_at = column - fx_px[:, None, None] * sensors.number("baseline_m") * inverse
    nearest = torch.cummin(seen_at.flip(2), dim=2).values.flip(2)
    return seen_at > nearest + 0.5


def _disturb(
    depth: Tensor, inverse: Tensor, sensors: SensorBatch, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Shifted, mixed, nearer and missing readings beside depth edges."""
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    padded = functional.pad(inverse[:, None], (1, 1, 1, 1), mode="replicate")
    kink = functional.conv2d(padded, kernel.to(inverse.device)[None, None])[:, 0].abs()
    band = (kink > EDGE_STEP_PER_M).to(inverse.dtype)[:, None]
    wide = functional.max_pool2d(band, 3, 1, 1)[:, 0] > 0
    wider = functional.max_pool2d(band, 5, 1, 2)[:, 0] > 0
    reach = sensors.number("edge_px") - 1
    chance = _rand(depth.shape, generator)
    band_px = (band[:, 0] > 0) | (wide & (chance < reach)) | (wider & (chance < reach - 1))
    around = functional.pad(depth[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    near_by = torch.stack(
        [
            around[:, 1:-1, 1:-1],
            around[:, 1:-1, 2:],
            around[:, 1:-1, :-2],
            around[:, 2:, 1:-1],
            around[:, :-2, 1:-1],
        ]
    )
    far = near_by.amax(0)
    near = torch.where(near_by > 0, near_by, far).amin(0)
    pick = torch.randint(5, depth.shape, generator=generator, device=depth.device)
    shifted = torch.gather(near_by, 0, pick[None])[0]
    kind, mix = _rand(depth.shape, generator), _rand(depth.shape, generator)
    first = sensors.number("missing")
    second = first + sensors.number("mixed")
    third = second + sensors.number("nearer")
    value = torch.where(kind < second, near + mix * (far - near), shifted)
    value = torch.where((kind >= second) & (kind < third), near, value)
    return torch.where(band_px, value, depth), band_px & (kind < first)


def _field(shape: Sequence[int], sensors: SensorBatch, generator: torch.Generator) -> Tensor:
    """Zero mean, unit variance: white noise, a little blurred, and slow waves."""
    white = _normal(shape, generator)
    soft = functional.avg_pool2d(
        functional.pad(white[:, None], (1, 1, 1, 1), mode="reflect"), 3, 1
    )
    fine = 0.6 * white + soft[:, 0] * 1.05
    fine = fine / fine.std(dim=(1, 2), keepdim=True)
    coarse = _normal((shape[0], 1, shape[1] // 24 + 2, shape[2] // 24 + 2), generator)
    slow = functional.interpolate(
        coarse, size=tuple(shape[1:]), mode="bicubic", align_corners=False
    )[:, 0]
    slow = slow / slow.std(dim=(1, 2), keepdim=True)
    wave = sensors.number("wave").clamp(0, 1)
    return torch.sqrt(1 - wave) * fine + torch.sqrt(wave) * slow


def _quantise(depth: Tensor, sensors: SensorBatch) -> Tensor:
    step = sensors.number("quantisation_m_at_1m").clamp_min(1e-6)
    flat = torch.round(depth / step) * step
    disparity = torch.round(1.0 / (depth.clamp_min(1e-3) * step)).clamp_min(1.0)
    return torch.where(sensors.is_time_of_flight[:, None, None], flat, 1.0 / (disparity * step))


def _dropout(shape: Sequence[int], sensors: SensorBatch, generator: torch.Generator) -> Tensor:
    share = sensors.number("dropout")
    single = _rand(shape, generator) < share * 0.5
    seeds = (_rand(shape, generator) < share * 0.5 / 9).float()[:, None]
    return single | (functional.max_pool2d(seeds, 3, 1, 1)[:, 0] > 0)
