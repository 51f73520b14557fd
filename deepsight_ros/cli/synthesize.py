"""`deepsight synthesize ...`: training data with truth, written as shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deepsight_ros.errors import DeepsightError, InvalidValueError

app = typer.Typer(help="Generate training data as shards.", no_args_is_help=True)

SourceOption = Annotated[
    str,
    typer.Option(
        "--source",
        help="Where pictures come from: world, world:KIND,KIND, or KIND:PATH of recordings.",
    ),
]
ImagesOption = Annotated[
    int | None, typer.Option("--images", min=1, help="Pictures; default: all of the source.")
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the shards.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Another seed, other data.")]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=1, help="Processes; more than one run on Ray.")
]
RayOption = Annotated[
    str, typer.Option("--ray-address", help="Ray cluster: auto or ray://HOST:PORT.")
]
ShardOption = Annotated[int, typer.Option("--images-per-shard", min=1, help="Pictures per file.")]
ColourOption = Annotated[
    str, typer.Option("--colour", help="Colour codec: png or webp (lossless), jpeg.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        exists=True,
        dir_okay=False,
        help="YAML with options of the source (source:) and of what is said (pairs: ...).",
    ),
]


@app.callback()
def _group() -> None:
    """Generate training data as shards; every set can be stopped and gone on with."""


@app.command()
def vqa(
    out: OutOption,
    source: SourceOption = "world",
    images: ImagesOption = None,
    seed: SeedOption = 0,
    config: ConfigOption = None,
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
    workers: WorkersOption = 1,
    ray_address: RayOption = "",
    images_per_shard: ShardOption = 256,
    colour: ColourOption = "png",
) -> None:
    """Questions with measured answers (SpatialVLM's set) about every picture."""
    from deepsight_ros.synthesis.pairs import PairConfig
    from deepsight_ros.synthesis.vqa import VqaAnnotator

    try:
        given = read_config(config, ("source", "pairs"))
        pairs = {
            **given["pairs"],
            **_told(per_image=per_image, label_noise_m=label_noise_m),
        }
        if "types" in pairs:
            pairs["types"] = tuple(pairs["types"])
        options = dict(given["source"])
        if source.startswith("world"):
            options.setdefault("seed", seed)
            if noise is False:
                options["sensors"] = ()
        annotator = VqaAnnotator(made(PairConfig, pairs, "pairs"))
        run(
            annotator,
            {"kind": "vqa", "pairs": annotator.as_config(), "perceived": perceived},
            perceived=perceived,
            source=source,
            options=options,
            out=out,
            images=images,
            seed=seed,
            workers=workers,
            ray_address=ray_address,
            images_per_shard=images_per_shard,
            colour=colour,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def model(
    out: OutOption,
    source: SourceOption = "world",
    images: ImagesOption = None,
    seed: SeedOption = 0,
    config: ConfigOption = None,
    workers: WorkersOption = 1,
    ray_address: RayOption = "",
    images_per_shard: ShardOption = 256,
    colour: ColourOption = "png",
) -> None:
    """What the shipped model learns: pairs, tasks like the benchmark's, questions to decline."""
    from dataclasses import asdict

    from deepsight_ros.synthesis.model_corpus import ModelCorpus

    try:
        given = read_config(config, ("source", "corpus"))
        options = dict(given["source"])
        if source.startswith("world"):
            options = {"seed": seed, "width_px": 256, "height_px": 192, **options}
        annotator = made(ModelCorpus, given["corpus"], "corpus")
        run(
            annotator,
            {"kind": "model", "corpus": asdict(annotator)},
            source=source,
            options=options,
            out=out,
            images=images,
            seed=seed,
            workers=workers,
            ray_address=ray_address,
            images_per_shard=images_per_shard,
            colour=colour,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def run(
    annotate: Any,
    config: dict[str, Any],
    *,
    source: str,
    options: dict[str, Any],
    out: Path,
    images: int | None,
    seed: int,
    workers: int,
    ray_address: str,
    images_per_shard: int,
    colour: str,
    perceived: bool = False,
) -> None:
    """Open the source, write the shards behind a progress bar, say what came of it.

    Raises:
        DeepsightError: options that cannot be, a folder in use, a source that cannot be opened.
    """
    from rich.console import Console

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.synthesis.shards.build import build
    from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
    from deepsight_ros.synthesis.source_names import open_source

    opened = open_source(source, images, options)
    if perceived:
        from deepsight_ros.synthesis.perceived_source import PerceivedSource

        opened = PerceivedSource(opened)
    count = len(opened) if images is None else images
    job = ShardJob(
        opened, annotate, str(out), seed, count, ShardFormat(images_per_shard, colour_codec=colour)
    )
    console = Console()
    with images_bar(console, "images", count) as advance:
        manifest = build(
            job,
            {**config, "source": source, "source_options": options},
            workers=workers,
            ray_address=ray_address,
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
        f"{len(manifest.shards)} shards -> {out}"
    )
    if manifest.broken:
        console.print(
            f"{manifest.broken} inputs could not be used; they are listed in {out}/broken.jsonl",
            style="yellow",
        )
    if not manifest.images:
        raise typer.Exit(1)


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
