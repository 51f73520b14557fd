"""The options that every ``deepsight synthesize`` set has in common, defined once.

``with_run_options`` gives a command that takes ``where: RunOptions`` these options on its command
line, after its own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer


@dataclass(frozen=True)
class RunOptions:
    """Where pictures come from, where shards go, and who makes them."""

    out: Annotated[Path, typer.Option("--out", help="Folder for the shards.")]
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="Where pictures come from: world, world:KIND,KIND, or KIND:PATH of recordings.",
        ),
    ] = "world"
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Pictures; default: all of the source.")
    ] = None
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other data.")] = 0
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            exists=True,
            dir_okay=False,
            help="YAML with options of the source (source:) and of what is said (pairs: ...).",
        ),
    ] = None
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; more than one run on Ray.")
    ] = 1
    ray_address: Annotated[
        str, typer.Option("--ray-address", help="Ray cluster: auto, HOST:PORT, ray://HOST:PORT.")
    ] = ""
    images_per_shard: Annotated[
        int, typer.Option("--images-per-shard", min=1, help="Pictures per file.")
    ] = 256
    colour: Annotated[
        str, typer.Option("--colour", help="Colour codec: png or webp (lossless), jpeg.")
    ] = "png"

    def source_options(self, given: dict[str, Any], **others: Any) -> dict[str, Any]:
        """Options of the source: those given; for the world the seed and ``others`` beside."""
        if not self.source.startswith("world"):
            return dict(given)
        return {"seed": self.seed, **others, **given}


def with_run_options(**defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator of a command that takes ``where``; ``defaults`` of its own for shared options."""

    def around(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(RunOptions, include_extras=True)
        shared = []
        for f in fields(RunOptions):
            default = defaults.get(f.name, f.default)
            kept = inspect.Parameter.empty if default is MISSING else default
            shared.append(
                inspect.Parameter(
                    f.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=kept,
                    annotation=hints[f.name],
                )
            )
        own_hints = get_type_hints(command, include_extras=True)
        own = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=own_hints[name])
            for name, p in inspect.signature(command).parameters.items()
            if name != "where"
        ]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            where = RunOptions(**{p.name: given.pop(p.name) for p in shared})
            command(where, **given)

        every = [*own, *shared]
        run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in every}
        del run.__wrapped__  # type: ignore[attr-defined]
        return run

    return around
