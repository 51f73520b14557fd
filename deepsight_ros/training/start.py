"""A recipe in, the model it starts from out: made anew, loaded, or put together from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from deepsight_ros.model import checkpoint
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.pretrained import load_language, put_clip
from deepsight_ros.model.text import TextCodec, load_tokenizer
from deepsight_ros.training.lora import add_lora
from deepsight_ros.training.recipe import Recipe
from deepsight_ros.training.tokenizer import fit_tokenizer


def starting_model(
    recipe: Recipe, folders: Sequence[Path], tokenizer: PreTrainedTokenizerBase | None = None
) -> tuple[DeepSightModel, TextCodec]:
    """Model and codec before the first step; the recipe's seed decides what is drawn.

    Args:
        recipe: ``start`` names a checkpoint to go on from; else ``clip`` and ``llm`` name
            pretrained folders, and what they do not give is made anew.
        folders: of shards, to fit a tokenizer on when there is no language model to take one from.
        tokenizer: one that was fitted on these folders for such a recipe before.

    Raises:
        SourceError, InvalidValueError: a folder is missing or of the wrong kind or shape.
    """
    torch.manual_seed(recipe.seed)
    if recipe.start:
        model, codec = checkpoint.load(Path(recipe.start))
        if recipe.model.region.relations:
            model.add_relations()
        if recipe.lora_rank:
            add_lora(model, recipe.lora_rank)
        return model, codec
    config = recipe.model
    most = config.region.most
    if recipe.llm:
        words = load_tokenizer(recipe.llm, most)
        language, shape = load_language(recipe.llm, len(words))
        config = replace(config, language=shape)
    else:
        words = tokenizer or fit_tokenizer(folders, config.language.vocabulary, most)
        language = None
        config = replace(config, language=replace(config.language, vocabulary=len(words)))
    model = DeepSightModel(config, language)
    if recipe.clip:
        put_clip(model, recipe.clip)
    if recipe.lora_rank:
        add_lora(model, recipe.lora_rank)
    return model, TextCodec(words, config.prompt, most)
