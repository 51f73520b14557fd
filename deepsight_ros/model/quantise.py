"""Weight-only int8 and int4: a loaded model in, the same model with small matrices out.

The linear layers of the language model and of the towers' transformers are quantised
(``torchao``); embeddings, the output layer, projectors, regions and the number head keep their
precision.
"""

from __future__ import annotations

import torch
from torch import nn

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.deepsight_model import DeepSightModel

QUANTISED = ("int8", "int4")
FLOATS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
DTYPES = (*FLOATS, *QUANTISED)
_GROUP = 32


def loading_dtype(name: str, device: torch.device | str) -> torch.dtype:
    """What weights are loaded as before anything is quantised.

    Raises:
        InvalidValueError: no such precision, or none that this device has.
    """
    if name not in DTYPES:
        raise InvalidValueError(f"model: got dtype '{name}', expected one of {DTYPES}")
    on_cpu = torch.device(device).type == "cpu"
    if name == "int4" and on_cpu:
        raise InvalidValueError(
            "model: got dtype 'int4' on the CPU, for which torchao has no kernel; expected int8, "
            "a float type, or a GPU"
        )
    if name in QUANTISED:
        return torch.float32 if on_cpu else torch.bfloat16
    return FLOATS[name]


def quantise(model: DeepSightModel, name: str) -> None:
    """Replace the weights of linear layers inside transformer blocks, in place.

    Args:
        model: loaded as ``loading_dtype`` says.
        name: "int8" (per output row) or "int4" (groups of 32, GPU only).

    Raises:
        InvalidValueError: torchao is not installed, or cannot do this here.
    """
    try:
        from torchao.quantization import Int4WeightOnlyConfig, Int8WeightOnlyConfig, quantize_
    except ImportError as error:
        raise InvalidValueError(
            f"model: dtype '{name}' needs the package torchao ({error}); "
            "`pip install -r requirements/quantise.txt -c requirements/constraints.txt`"
        ) from error
    blocks: list[nn.Module] = [model.language.model.layers]
    blocks += [t.encoder for t in (model.depth_tower, model.rgb_tower) if t is not None]
    try:
        config = (
            Int8WeightOnlyConfig()
            if name == "int8"
            else Int4WeightOnlyConfig(group_size=_GROUP, int4_packing_format="tile_packed_to_4d")
        )
        for block in blocks:
            quantize_(block, config)
    except (ImportError, NotImplementedError, ValueError, AssertionError) as error:
        raise InvalidValueError(
            f"model: torchao cannot make {name} weights on {model.device} ({error}); use another "
            "dtype"
        ) from error
