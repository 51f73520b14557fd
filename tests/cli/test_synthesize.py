"""`deepsight synthesize vqa` and `deepsight audit` as users run them, on a few pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("pyarrow")

from deepsight_ros.cli.main import app
from deepsight_ros.evaluation.balance import constant_share, quotas
from deepsight_ros.synthesis.shards.reader import ShardSet

CONFIG = """
source: {width_px: 128, height_px: 96}
pairs: {per_image: 60}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vqa")
    (folder / "config.yaml").write_text(CONFIG)
    done = run(
        "synthesize", "vqa", "--source", "world:tabletop,kitchen", "--images", 6, "--no-noise",
        "--config", folder / "config.yaml", "--images-per-shard", 4, "--out", folder / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "6 images" in done.output
    return folder


def test_every_answer_from_truth_is_valid(made: Path, tmp_path: Path) -> None:
    report, sheet = tmp_path / "report.json", tmp_path / "sheet.html"
    done = run("audit", made / "out", "--json", report, "--sheet", sheet, "--fail-under", 100)
    assert done.exit_code == 0, done.output
    content = json.loads(report.read_text())
    assert content["pairs"] == content["valid"] == 360
    assert content["rows_valid"] == 6 and not content["damaged_files"]
    page = sheet.read_text()
    assert (
        page.count("<svg") == 12
        and "data:image/jpeg" in page
        and "http" not in page.replace("http://www.w3.org/2000/svg", "")
    )


def test_the_run_goes_on_and_refuses_other_options(made: Path) -> None:
    arguments = [
        "synthesize", "vqa", "--source", "world:tabletop,kitchen", "--images", 6, "--no-noise",
        "--config", made / "config.yaml", "--images-per-shard", 4, "--out", made / "out",
    ]  # fmt: skip
    before = (made / "out" / "manifest.json").read_bytes()
    assert run(*arguments).exit_code == 0
    assert (made / "out" / "manifest.json").read_bytes() == before
    refused = run(*arguments, "--seed", 7)
    assert refused.exit_code == 2 and "another" in refused.output


def test_damage_fails_the_audit(made: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(made / "out", folder)
    path = folder / "shard-000000.parquet"
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(bytes(data))
    assert run("audit", folder, "--every", 100).exit_code == 1


def test_unknown_names_are_told(tmp_path: Path) -> None:
    done = run("synthesize", "vqa", "--source", "moon", "--out", tmp_path)
    assert done.exit_code == 2 and "world" in done.output
    assert run("audit", tmp_path / "nothing").exit_code == 2


def test_a_balanced_copy_has_as_many_yes_as_no(made: Path, tmp_path: Path) -> None:
    done = run("audit", made / "out", "--balance", tmp_path / "balanced")
    assert done.exit_code == 0, done.output
    copy = ShardSet(tmp_path / "balanced")
    copy.verify()
    said: dict[str, list[str]] = {}
    for row in copy:
        for pair in row.pairs:
            said.setdefault(pair.type, []).append(pair.outcome)
    for name, outcomes in said.items():
        if {"yes", "no"} <= set(outcomes):
            assert outcomes.count("yes") == outcomes.count("no"), name
    assert len(copy) == 6 and copy.manifest.pairs == sum(map(len, said.values())) < 360


def test_numbers_are_thinned_until_no_constant_hits_them() -> None:
    counts = {
        ("range", f"#{k}"): n for k, n in zip(range(-12, 20), [*[5] * 16, *[90] * 16], strict=True)
    }
    counts |= {("on.yesno", "yes"): 10, ("on.yesno", "no"): 30, ("on.yesno", "same"): 2}
    kept = quotas(counts)
    numbers = {int(a[1:]): n for (name, a), n in kept.items() if name == "range"}
    before = {int(a[1:]): n for (name, a), n in counts.items() if name == "range"}
    assert constant_share(before) > 0.4 >= constant_share(numbers)
    assert kept["on.yesno", "yes"] == kept["on.yesno", "no"] == 10
