"""`deepsight benchmark model`: how fast, how large, beside plain `generate` and the ceilings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deepsight_ros.errors import DeepsightError

CPU_TARGETS_MS = {"image_to_first_token_ms": 40.0, "short_answer_ms": 100.0}


def model_speed(
    model: Annotated[
        Path | None, typer.Option("--model", help="Checkpoint; default: random weights.")
    ] = None,
    shape: Annotated[str, typer.Option(help="Of random weights: tiny or llama-7b.")] = "tiny",
    device: Annotated[str, typer.Option(help="cpu, cuda ...")] = "cpu",
    dtype: Annotated[str, typer.Option(help="float32, bfloat16.")] = "float32",
    rounds: Annotated[int, typer.Option(min=3, help="Medians are over so many.")] = 9,
    peak: Annotated[
        float | None, typer.Option(help="Dense bf16 peak in TFLOP/s; default: by device name.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this JSON file.")
    ] = None,
) -> None:
    """Load time, first token, short answer, tokens/s, bandwidth, MFU, memory."""
    import torch

    from deepsight_ros.cli.benchmark import write_report
    from deepsight_ros.evaluation import model_speed as speeds
    from deepsight_ros.model.predictor import DeepSight

    console = Console()
    torch.set_num_threads(threads)
    if shape not in speeds.SHAPES or dtype not in ("float32", "bfloat16"):
        known = sorted(speeds.SHAPES)
        typer.echo(f"error: expected a shape of {known} and float32 or bfloat16", err=True)
        raise typer.Exit(2)
    if shape != "tiny" and device == "cpu":
        typer.echo(f"error: {shape} with random weights is measured on a GPU", err=True)
        raise typer.Exit(2)
    kind = getattr(torch, dtype)
    report: dict[str, Any] = {"benchmark": "model", "device": device, "dtype": dtype}
    try:
        if model is None:
            loaded = speeds.random_model(shape, device, kind)
            report["weights"] = f"random, {shape}"
        else:
            report["load_s"] = round(speeds.load_seconds(model, device), 3)
            loaded = DeepSight.from_pretrained(model, device=device, dtype=kind)
            report["weights"] = model.name
        report |= speeds.speed(loaded, rounds=rounds)
        if device.startswith("cuda"):
            report |= _gpu(loaded, device, peak)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    report["memory"] = speeds.memory_rows()
    _print(console, report)
    write_report(report, json_path)


def _gpu(loaded: Any, device: str, peak: float | None) -> dict[str, Any]:
    import torch

    from deepsight_ros.evaluation import model_speed as speeds

    name = torch.cuda.get_device_name(device)
    bandwidth = speeds.bandwidth_gb_s(device)
    rate = speeds.speed(loaded, rounds=3)["tokens_per_s"]
    found: dict[str, Any] = {
        "device_name": name,
        "bandwidth_gb_per_s": round(bandwidth, 1),
        "decoding_share_of_bandwidth": round(speeds.decoding_share(loaded, rate, bandwidth), 3),
        "peak_memory_gib": round(torch.cuda.max_memory_allocated(device) / 2**30, 2),
    }
    known = peak or speeds.peak_tflops(name)
    if known is not None:
        found["training"] = speeds.training_step(loaded, known)
    return found


def _print(console: Console, report: dict[str, Any]) -> None:
    table = Table(title=f"Model, {report['weights']}, {report['dtype']} on {report['device']}")
    table.add_column("")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    targets: dict[str, str] = {"load_s": "3"}
    if report["device"] == "cpu":
        targets |= {k: f"{v:.0f}" for k, v in CPU_TARGETS_MS.items()}
    else:
        targets |= {"image_to_first_token_ms": "40", "decoding_share_of_bandwidth": "0.85"}
    for name, value in report.items():
        if isinstance(value, float):
            table.add_row(name, f"{value:g}", targets.get(name, ""))
    for name, value in report.get("training", {}).items():
        table.add_row(f"training {name}", f"{value:g}", "0.40" if name == "mfu" else "")
    console.print(table)
    memory = Table(title="Memory, computed: weights, 1024 tokens of cache, a tenth on top")
    for column in ("shape", "precision", "M parameters", "GiB", "fits a device of"):
        memory.add_column(column, justify="left" if column == "shape" else "right")
    for row in report["memory"]:
        fits = ", ".join(f"{gb} GB" for gb in row["fits_gb"]) or "none listed"
        memory.add_row(
            row["shape"], row["precision"], f"{row['parameters_m']:.1f}",
            f"{row['total_gib']:.2f}", fits,
        )  # fmt: skip
    console.print(memory)
