"""Two processes: the same weights in both, one checkpoint, batches that differ, resuming."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model import checkpoint
from deepsight_ros.synthesis.segment_store import SegmentJob
from deepsight_ros.synthesis.segment_store import build as build_segments
from deepsight_ros.training import run_folder
from deepsight_ros.training.batches import Batches
from deepsight_ros.training.examples import Example
from deepsight_ros.training.processes import refuse_sharded_muon
from deepsight_ros.training.recipe import Recipe
from deepsight_ros.training.start import starting_model
from tests.training.ranks import RANKS, run_ranks


def _train(rank: int, out: Path, recipe: Recipe, shards: Path, segments: Path) -> None:
    from deepsight_ros.model.segmenter_net import SegmenterConfig
    from deepsight_ros.training import segment_trainer
    from deepsight_ros.training.segment_recipe import SegmentRecipe
    from deepsight_ros.training.trainer import train

    losses: dict[str, list[float]] = {}
    memory: dict[Hashable, Example] = {}
    tokenizer = starting_model(recipe, [shards])[1].tokenizer

    def run(name: str, folder: str, stop_after: int | None = None) -> torch.nn.Module:
        mine = losses.setdefault(name, [])
        model, codec = starting_model(recipe, [shards], tokenizer)
        return train(
            recipe, model, codec, [shards], out / folder, report_every=1, stop_after=stop_after,
            report=lambda told: mine.append(told.losses["loss"]), memory=memory,
        )  # fmt: skip

    whole = run("whole", "whole")
    run("parts", "parts", 2)
    run("parts", "parts")
    small = SegmentRecipe(
        model=SegmenterConfig(widths=(8, 8), blocks=(0, 0), up_blocks=(0,)),
        steps=1,
        batch=1,
        crop_px=(48, 64),
    )
    told = segment_trainer.train(small, [segments], out / "segments")
    assert told is not None and math.isfinite(told.losses["loss"])
    torch.save(whole.state_dict(), out / f"weights_{rank}.pt")
    (out / f"losses_{rank}.json").write_text(json.dumps(losses))


def test_two_processes_train_one_model(recipe: Recipe, shards: Path, tmp_path: Path) -> None:
    # depth or colour alone leaves the other tower without gradient, and no step has both
    chosen = replace(
        recipe, steps=3, batch=2, accumulate=2, modalities={"depth": 0.5, "colour": 0.5}
    )
    build_segments(tmp_path / "pictures", SegmentJob(worlds=2, views=2, seed=5))
    run_ranks(_train, tmp_path, chosen, shards, tmp_path / "pictures")
    first, second = (json.loads((tmp_path / f"losses_{r}.json").read_text()) for r in range(RANKS))
    assert second == {"whole": [], "parts": []}, "the main process alone reports"
    assert len(first["whole"]) == 3 and np.isfinite(first["whole"]).all()
    assert first["parts"] == pytest.approx(first["whole"], rel=1e-5)
    weights = [torch.load(tmp_path / f"weights_{r}.pt", weights_only=True) for r in range(RANKS)]
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name
    loaded, _ = checkpoint.load(tmp_path / "parts" / "checkpoint")
    for name, tensor in loaded.state_dict().items():
        assert torch.allclose(tensor, weights[0][name], atol=2e-3), name
    assert (tmp_path / "segments" / "checkpoint" / "config.json").is_file()

    alone = SimpleNamespace(num_processes=1)
    with pytest.raises(InvalidValueError, match="2 processes, got 1"):
        run_folder.resume(alone, tmp_path / "parts")  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", [1, 2])
def test_batches_of_ranks_differ_and_share_the_modality(
    recipe: Recipe, shards: Path, batch: int
) -> None:
    model, codec = starting_model(recipe, [shards])
    for ranks in (2, 3):  # four blocks: with three ranks one has more rows than the others
        made = [
            Batches(
                [shards], replace(recipe, batch=batch), model.config, codec, rank=r, ranks=ranks
            )
            for r in range(ranks)
        ]
        length = len(made[0])
        assert length == (4 // ranks) * 3 // batch
        runs = [list(b.start(0, 2 * length + 1)) for b in made]
        seen: list[float] = []
        for step, of_ranks in enumerate(zip(*runs, strict=True)):
            assert len({bool(b.pictures.has_depth.any()) for b in of_ranks}) == 1
            assert len({bool(b.pictures.has_colour.any()) for b in of_ranks}) == 1
            if step < length:
                seen += [float(p.sum()) for b in of_ranks for p in b.pictures.boxes]
        later = list(made[1].start(length + 1, 2 * length + 1))
        for whole, again in zip(runs[1][length + 1 :], later, strict=True):
            assert torch.equal(whole.text.ids, again.text.ids)
        assert len(set(seen)) == len(seen) == length * batch * ranks


def test_fewer_rows_than_a_batch_each_are_refused(recipe: Recipe, shards: Path) -> None:
    model, codec = starting_model(recipe, [shards])
    with pytest.raises(InvalidValueError, match="got 0 rows for each of 5 processes"):
        Batches([shards], recipe, model.config, codec, ranks=5)


def test_muon_is_refused_where_matrices_are_shared_out() -> None:
    from accelerate import DistributedType

    sharded = SimpleNamespace(distributed_type=DistributedType.FSDP)
    with pytest.raises(InvalidValueError, match="kind: adamw"):
        refuse_sharded_muon(sharded, "muon")  # type: ignore[arg-type]
    refuse_sharded_muon(sharded, "adamw")  # type: ignore[arg-type]
    plain = SimpleNamespace(distributed_type=DistributedType.MULTI_GPU)
    refuse_sharded_muon(plain, "muon")  # type: ignore[arg-type]
