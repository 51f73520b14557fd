"""SpatialVLM's set as an annotator of shards: a sample and a seed in, measured pairs out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from deepsight_ros.synthesis.pairs import PairConfig, make_pairs
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.shards.annotations import Annotations


@dataclass(frozen=True)
class VqaAnnotator:
    """Questions with measured answers; picklable, depends on its arguments alone."""

    config: PairConfig = field(default_factory=PairConfig)

    def __call__(self, sample: Sample, seed: int) -> Annotations:
        return Annotations(pairs=tuple(make_pairs(sample, self.config, seed)))

    def as_config(self) -> dict[str, Any]:
        """JSON values for the plan."""
        return asdict(self.config)
