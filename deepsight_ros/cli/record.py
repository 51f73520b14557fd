"""``deepsight record``: the running graph's frames, questions and answers into a bag."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError


def record(
    out: Annotated[Path, typer.Argument(help="Folder of the bag to write; must not exist.")],
    seconds: Annotated[float, typer.Option(help="How long; 0: until Ctrl-C.")] = 0.0,
    topic: Annotated[list[str] | None, typer.Option(help="Also this topic; repeatable.")] = None,
    namespace: Annotated[str, typer.Option(help="Of the graph.")] = "",
) -> None:
    """Record camera, TF, questions, answers and rewards; `deepsight replay` reads the bag."""
    import rclpy
    from rclpy.context import Context

    from deepsight_ros.nodes.dds_profile import use_image_profile
    from deepsight_ros.nodes.recorder import RecorderNode
    from deepsight_ros.nodes.spinning import Spinner

    use_image_profile()
    context = Context()
    rclpy.init(context=context)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        node = RecorderNode(out, tuple(topic or ()), namespace=namespace, context=context)
        spinner = Spinner(node)
        began_s = time.monotonic()
        while not stop.wait(0.2) and not 0 < seconds <= time.monotonic() - began_s:
            pass
        spinner.stop()
        node.close()
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    finally:
        context.try_shutdown()
    for name, count in sorted(node.counts.items()):
        typer.echo(f"{count:6d}  {name}")
    images = sum(count for name, count in node.counts.items() if "image" in name)
    if not images:
        typer.echo("no image came; is the camera running, and in this namespace?", err=True)
        raise typer.Exit(1)
