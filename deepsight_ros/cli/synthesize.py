"""`deepsight synthesize ...`: training data with truth, written as shards."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from deepsight_ros.cli.synthesize_options import RunOptions, with_run_options
from deepsight_ros.errors import DeepsightError, InvalidValueError

ESTIMATED_FROM = 2000
"""Pictures from which a run says first what it will take."""
_LOOKED_AT = 4

app = typer.Typer(help="Generate training data as shards.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Generate training data as shards; every set can be stopped and gone on with."""


@app.command()
@with_run_options()
def vqa(
    where: RunOptions,
    noise: Annotated[
        bool | None,
        typer.Option(
            "--noise/--no-noise", help="World: sensor noise on the depth; default: as configured."
        ),
    ] = None,
    perceived: Annotated[
        bool,
        typer.Option(
            "--perceived",
            help="Measure on what perception makes of the noisy frames, not on truth.",
        ),
    ] = False,
    per_image: Annotated[
        int | None, typer.Option("--per-image", min=0, help="Most pairs of a picture; 0: all.")
    ] = None,
    label_noise_m: Annotated[
        float | None, typer.Option("--label-noise", help="Noise on answers in metres, sigma.")
    ] = None,
) -> None:
    """Questions with measured answers (SpatialVLM's set) about every picture."""
    from deepsight_ros.synthesis.pairs import PairConfig
    from deepsight_ros.synthesis.vqa import VqaAnnotator

    try:
        given = read_config(where.config, ("source", "pairs"))
        pairs = {
            **given["pairs"],
            **_told(per_image=per_image, label_noise_m=label_noise_m),
        }
        if "types" in pairs:
            pairs["types"] = tuple(pairs["types"])
        options = where.source_options(given["source"])
        if where.source.startswith("world") and noise is False:
            options["sensors"] = ()
        annotator = VqaAnnotator(made(PairConfig, pairs, "pairs"))
        run(
            annotator,
            {"kind": "vqa", "pairs": annotator.as_config(), "perceived": perceived},
            where,
            options,
            perceived=perceived,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
@with_run_options()
def model(where: RunOptions) -> None:
    """What the shipped model learns: pairs, tasks like the benchmark's, questions to decline."""
    from dataclasses import asdict

    from deepsight_ros.synthesis.model_corpus import ModelCorpus

    try:
        given = read_config(where.config, ("source", "corpus"))
        options = where.source_options(given["source"], width_px=256, height_px=192)
        annotator = made(ModelCorpus, given["corpus"], "corpus")
        run(
            annotator,
            {"kind": "model", "corpus": asdict(annotator)},
            where,
            options,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def run(
    annotate: Any,
    config: dict[str, Any],
    where: RunOptions,
    options: dict[str, Any],
    *,
    images: int | None = None,
    perceived: bool = False,
) -> None:
    """Open the source, write the shards behind a progress bar, say what came of it.

    Args:
        annotate: what is said about each picture.
        config: of the plan.
        where: shared options.
        options: of the source.
        images: instead of ``where.images``.
        perceived: measure on what perception makes of the pictures.

    Raises:
        DeepsightError: options that cannot be, a folder in use, a source that cannot be opened.
    """
    from rich.console import Console

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.synthesis.shards.build import build
    from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
    from deepsight_ros.synthesis.source_names import open_source

    images = where.images if images is None else images
    opened = open_source(where.source, images, options)
    if perceived:
        from deepsight_ros.synthesis.perceived_source import PerceivedSource

        opened = PerceivedSource(opened)
    count = len(opened) if images is None else images
    kept = ShardFormat(where.images_per_shard, colour_codec=where.colour)
    job = ShardJob(opened, annotate, str(where.out), where.seed, count, kept)
    console = Console()
    if count >= ESTIMATED_FROM:
        console.print(expected(job, where.workers))
    with images_bar(console, "images", count) as advance:
        manifest = build(
            job,
            {**config, "source": where.source, "source_options": options},
            workers=where.workers,
            ray_address=where.ray_address,
            progress=advance,
        )
    said = {
        "pairs": manifest.pairs,
        "captions": manifest.captions,
        "conversations": manifest.conversations,
    }
    told = ", ".join(f"{n} {name}" for name, n in said.items() if n)
    console.print(
        f"{manifest.images} images, {told or 'nothing said'}, {manifest.bytes / 1e6:.1f} MB in "
        f"{len(manifest.shards)} shards -> {where.out}"
    )
    if manifest.broken:
        console.print(
            f"{manifest.broken} inputs could not be used; they are listed in "
            f"{where.out}/broken.jsonl",
            style="yellow",
        )
    if not manifest.images:
        raise typer.Exit(1)


def expected(job: Any, workers: int) -> str:
    """What a large run will take: a few of its pictures are made, timed and weighed."""
    from deepsight_ros.synthesis.shards.rows import to_row
    from deepsight_ros.synthesis.shards.writer import sample_seed

    spent, size, made = 0.0, 0, 0
    for index in range(_LOOKED_AT + 1):  # the first one loads what all need
        started = time.perf_counter()
        try:
            sample = job.source[index]
            said = job.annotate(sample, sample_seed(job.seed, index))
        except DeepsightError:
            continue  # a broken picture is listed by the run itself
        row = to_row(index, sample, said, job.format.colour_codec, job.format.depth_unit_m)
        if index:
            spent += time.perf_counter() - started
            size += sum(len(v) for v in row.values() if isinstance(v, bytes))
            size += sum(len(p["question"]) + len(p["answer"]) for p in row["pairs"])
            made += 1
    if not made:
        return f"{job.count} images: none of the first {_LOOKED_AT} can be used, so no estimate"
    hours, gigabytes = job.count * spent / made / workers / 3600, job.count * size / made / 1e9
    return (
        f"{job.count} images: about {hours:.1f} hours on {workers} process(es) like this one and "
        f"{gigabytes:.1f} GB; stop with Ctrl-C, the same command goes on"
    )


def read_config(path: Path | None, sections: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """YAML sections, empty where they are not given.

    Raises:
        InvalidValueError: no YAML, or other sections.
    """
    import yaml

    if path is None:
        return {name: {} for name in sections}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise InvalidValueError(f"{path}: is no YAML ({error})") from error
    if not isinstance(content, dict) or not set(content) <= set(sections):
        raise InvalidValueError(f"{path}: expected the sections {', '.join(sections)} only")
    return {name: dict(content.get(name) or {}) for name in sections}


def made(kind: Any, values: dict[str, Any], section: str) -> Any:
    """A config dataclass from values; InvalidValueError names fields it does not have."""
    try:
        return kind(**values)
    except TypeError as error:
        raise InvalidValueError(f"{section}: {error}") from error


def _told(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
