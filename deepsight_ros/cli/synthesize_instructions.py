"""``deepsight synthesize instructions``: conversations about depth (DeepSight's second set)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepsight_ros.cli.synthesize import made, read_config, run
from deepsight_ros.cli.synthesize_options import RunOptions, with_run_options
from deepsight_ros.errors import DeepsightError, EndpointDownError

if TYPE_CHECKING:
    from deepsight_ros.synthesis.chat_writer import ChatWriter

LOOKED_AT = 20
"""Samples whose prompts the estimate of cost is made from."""


@with_run_options(out=Path("out/instructions"), colour="jpeg")
def instructions(
    where: RunOptions,
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
        given = read_config(where.config, ("source", "instructions", "chat"))
        values = dict(given["instructions"])
        if "turns" in values:
            values["turns"] = tuple(values["turns"])
        wanted = made(InstructionConfig, values, "instructions")
        count = where.images
        if published:
            count = -(-PUBLISHED_INSTRUCTIONS // (1 if endpoint else wanted.per_image))
        options = where.source_options(given["source"])
        about: dict[str, Any] = {"kind": "instructions", "instructions": {**vars(wanted)}}
        writer: Any = CatalogueWriter(wanted)
        if endpoint or given["chat"]:
            writer = _chat_writer(given["chat"], endpoint, model, where, wanted)
            about["chat"] = {
                name: getattr(writer.chat, name)
                for name in ("base_url", "model", "max_tokens", "temperature")
            }
            _agree(writer, where, options, count, yes)
        run(
            writer,
            about,
            where,
            options,
            images=count,
        )
    except (DeepsightError, EndpointDownError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _chat_writer(
    values: dict[str, Any], endpoint: str, model: str, where: RunOptions, wanted: Any
) -> ChatWriter:
    """The rate limit is the run's: workers share it."""
    from dataclasses import replace

    from deepsight_ros.synthesis.chat_config import ChatConfig
    from deepsight_ros.synthesis.chat_writer import ChatWriter

    given = {"base_url": "", "model": "", "cache": str(where.out) + ".cache", **values}
    if endpoint:
        given["base_url"] = endpoint
    if model:
        given["model"] = model
    chat = made(ChatConfig, given, "chat")
    chat.key()  # says at once when there is none
    return ChatWriter(
        replace(chat, requests_per_minute=chat.requests_per_minute / where.workers), wanted
    )


def _agree(
    writer: ChatWriter,
    where: RunOptions,
    options: dict[str, Any],
    count: int | None,
    yes: bool,
) -> None:
    """Print what it will take, and ask."""
    from deepsight_ros.errors import FilteredError
    from deepsight_ros.synthesis.chat_config import estimate
    from deepsight_ros.synthesis.shards.writer import sample_seed
    from deepsight_ros.synthesis.source_names import open_source

    opened = open_source(where.source, count, options)
    wanted = len(opened) if count is None else count
    prompts: list[int] = []
    for index in range(min(LOOKED_AT, wanted)):
        try:
            messages, _, _ = writer.messages(opened[index], sample_seed(where.seed, index))
        except FilteredError:
            continue  # nothing will be asked about this one
        prompts.append(sum(len(m["content"]) for m in messages))
    looked = min(LOOKED_AT, wanted)
    made = estimate(writer.chat, prompts, round(wanted * len(prompts) / looked))
    typer.echo(made.said(writer.chat))
    if not yes and not typer.confirm("Go on?"):
        raise typer.Exit(0)
