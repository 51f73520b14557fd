"""The shipped model's tokenizer: shards in, a byte-level BPE over what they say out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from deepsight_ros.model.text import hide_lengths, train_tokenizer
from deepsight_ros.synthesis.shards.reader import ShardSet

MOST_ROWS = 3000
"""Rows read; more say the same words again."""


def corpus_texts(folders: Sequence[Path], most_rows: int = MOST_ROWS) -> Iterator[str]:
    """Every text of the first rows of each set, numbers hidden as the model sees them."""
    for folder in folders:
        shards = ShardSet(folder, ("room", "pairs", "captions", "conversations"))
        for number, row in enumerate(shards):
            if number >= most_rows:
                break
            for pair in row.pairs:
                yield hide_lengths(pair.question)[0]
                yield hide_lengths(pair.answer)[0]
            for caption in row.captions:
                yield caption.text
            for conversation in row.conversations:
                for turn in conversation.turns:
                    yield turn.text


def fit_tokenizer(folders: Sequence[Path], size: int, regions: int) -> PreTrainedTokenizerBase:
    """A tokenizer of at most ``size`` tokens."""
    return train_tokenizer(corpus_texts(folders), size, regions)
