"""``deepsight synthesize instructions``: conversations about depth (DeepSight's second set)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepsight_ros.cli.synthesize import (
    ColourOption,
    ConfigOption,
    ImagesOption,
    OutOption,
    RayOption,
    SeedOption,
    ShardOption,
    SourceOption,
    WorkersOption,
    made,
    read_config,
    run,
)
from deepsight_ros.errors import DeepsightError, EndpointDownError

if TYPE_CHECKING:
    from deepsight_ros.synthesis.chat_writer import ChatWriter

LOOKED_AT = 20
"""Samples whose prompts the estimate of cost is made from."""


def instructions(
    out: OutOption = Path("out/instructions"),
    source: SourceOption = "world",
    images: ImagesOption = None,
    published: Annotated[
        bool, typer.Option("--published", help="As many as DeepSight: 22 000 conversations.")
    ] = False,
    endpoint: Annotated[
        str,
        typer.Option(
            help="Chat endpoint, OpenAI-compatible (http://.../v1); empty: the catalogue."
        ),
    ] = "",
    model: Annotated[str, typer.Option(help="Model of the endpoint.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before an endpoint is used.")
    ] = False,
    seed: SeedOption = 0,
    config: ConfigOption = None,
    workers: WorkersOption = 1,
    ray_address: RayOption = "",
    images_per_shard: ShardOption = 256,
    colour: ColourOption = "jpeg",
) -> None:
    """Conversations in LLaVA's manner, by the catalogue of questions, or by a chat endpoint from
    what is measured. Cost is printed first; the key is read from DEEPSIGHT_CHAT_KEY or
    OPENAI_API_KEY."""
    from deepsight_ros.synthesis.instructions import (
        PUBLISHED_INSTRUCTIONS,
        CatalogueWriter,
        InstructionConfig,
    )

    try:
        given = read_config(config, ("source", "instructions", "chat"))
        values = dict(given["instructions"])
        if "turns" in values:
            values["turns"] = tuple(values["turns"])
        wanted = made(InstructionConfig, values, "instructions")
        count = images
        if published:
            count = -(-PUBLISHED_INSTRUCTIONS // (1 if endpoint else wanted.per_image))
        options = dict(given["source"])
        if source.startswith("world"):
            options.setdefault("seed", seed)
        about: dict[str, Any] = {"kind": "instructions", "instructions": {**vars(wanted)}}
        writer: Any = CatalogueWriter(wanted)
        if endpoint or given["chat"]:
            writer = _chat_writer(given["chat"], endpoint, model, out, workers, wanted)
            about["chat"] = {
                name: getattr(writer.chat, name)
                for name in ("base_url", "model", "max_tokens", "temperature")
            }
            _agree(writer, source, options, count, seed, yes)
        run(
            writer,
            about,
            source=source,
            options=options,
            out=out,
            images=count,
            seed=seed,
            workers=workers,
            ray_address=ray_address,
            images_per_shard=images_per_shard,
            colour=colour,
        )
    except (DeepsightError, EndpointDownError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _chat_writer(
    values: dict[str, Any], endpoint: str, model: str, out: Path, workers: int, wanted: Any
) -> ChatWriter:
    """The rate limit is the run's: workers share it."""
    from dataclasses import replace

    from deepsight_ros.synthesis.chat_config import ChatConfig
    from deepsight_ros.synthesis.chat_writer import ChatWriter

    given = {"base_url": "", "model": "", "cache": str(out) + ".cache", **values}
    if endpoint:
        given["base_url"] = endpoint
    if model:
        given["model"] = model
    chat = made(ChatConfig, given, "chat")
    chat.key()  # says at once when there is none
    return ChatWriter(
        replace(chat, requests_per_minute=chat.requests_per_minute / workers), wanted
    )


def _agree(
    writer: ChatWriter,
    source: str,
    options: dict[str, Any],
    count: int | None,
    seed: int,
    yes: bool,
) -> None:
    """Print what it will take, and ask."""
    from deepsight_ros.errors import FilteredError
    from deepsight_ros.synthesis.chat_config import estimate
    from deepsight_ros.synthesis.shards.writer import sample_seed
    from deepsight_ros.synthesis.source_names import open_source

    opened = open_source(source, count, options)
    wanted = len(opened) if count is None else count
    prompts: list[int] = []
    for index in range(min(LOOKED_AT, wanted)):
        try:
            messages, _, _ = writer.messages(opened[index], sample_seed(seed, index))
        except FilteredError:
            continue  # nothing will be asked about this one
        prompts.append(sum(len(m["content"]) for m in messages))
    looked = min(LOOKED_AT, wanted)
    made = estimate(writer.chat, prompts, round(wanted * len(prompts) / looked))
    typer.echo(made.said(writer.chat))
    if not yes and not typer.confirm("Go on?"):
        raise typer.Exit(0)
