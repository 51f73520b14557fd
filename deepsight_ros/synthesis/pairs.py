"""The pair engine: a sample, a configuration and a seed in, questions with their answers out.

    Sample -> Facts (measured once) -> batches per type -> balanced -> drawn -> words -> Pair

SpatialVLM's generated VQA (arXiv 2401.12168, section 3) on the catalogue that answers live
questions. What the view does not determine, what noise could flip and what lies inside a margin is
not asked; elevation is asked only where up is known (docs/semantics.md).
"""

from __future__ import annotations

import gc
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.types import Form
from deepsight_ros.synthesis.pair_batch import Batch
from deepsight_ros.synthesis.pair_batches import MADE_TYPES, batch_of
from deepsight_ros.synthesis.pair_facts import Facts
from deepsight_ros.synthesis.pair_general import general_pairs
from deepsight_ros.synthesis.pair_names import names_of
from deepsight_ros.synthesis.pair_octaves import fitted, spread_evenly
from deepsight_ros.synthesis.pair_tables import SINGLES
from deepsight_ros.synthesis.pair_words import Namer, Speaker
from deepsight_ros.synthesis.samples import Pair, Sample

COSTLY = frozenset(n for n in MADE_TYPES if n.startswith("mean_nearest_distance"))
"""Types left out unless named: sampled surfaces cost more than all other types together."""
_SIZE_KEYS = frozenset(
    {
        *SINGLES, "taller", "shorter", "higher", "lower", "bigger", "smaller", "wider", "narrower",
        "longer", "less_long", "thicker", "thinner", "deeper", "shallower", "on", "inside",
        "above", "below", "over", "under", "touching",
    }
    - {"range"}
)  # fmt: skip


@dataclass(frozen=True)
class PairConfig:
    """What to ask.

    Attributes:
        types: catalogue types; () means every type the engine makes but the costly ones.
        per_image: most pairs of one sample, half of them quantitative; 0 means all there are.
        words_share: of the pairs, those that name things in words; the others point at regions.
        telling_words_share: the same for types whose answer the names alone give away (a mug is
            about 10 cm high, a shelf is taller than a cup).
        imperial_share: of the numbers, those in inches and feet.
        label_noise_m: standard deviation of Gaussian noise on answers in metres, for the
            robustness study; kept in ``Pair.noise``.
        general_share: of all pairs, those that ask nothing spatial (what, what colour, which room,
            what is not there); 0.95 gives the published mix of 5 % spatial.
        balanced: as many yes as no in every type, and at most one "about the same" in eight.
        spread: numbers are accepted by size, so that over many pictures no constant is within
            [50, 200] % of more than 40 % of a type whose range allows that (``pair_octaves``); not
            with ``per_image`` 0, which asks all there is.
    """

    types: tuple[str, ...] = ()
    per_image: int = 200
    words_share: float = 0.5
    telling_words_share: float = 0.1
    imperial_share: float = 0.0
    label_noise_m: float = 0.0
    general_share: float = 0.0
    balanced: bool = True
    spread: bool = True

    def __post_init__(self) -> None:
        unknown = sorted(set(self.types) - set(MADE_TYPES))
        if unknown:
            raise InvalidValueError(
                f"pairs: got types {unknown}, expected some of those the engine makes: "
                f"{', '.join(MADE_TYPES)}"
            )
        for name in ("words_share", "telling_words_share", "imperial_share", "general_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidValueError(
                    f"pairs: got {name} {getattr(self, name)}, expected a share from 0 to 1"
                )
        if self.per_image < 0 or self.label_noise_m < 0:
            raise InvalidValueError(
                f"pairs: got {self.per_image} per image and {self.label_noise_m} m of label "
                "noise, expected at least 0"
            )

    @property
    def asked(self) -> tuple[str, ...]:
        """The types, the default filled in."""
        return self.types or tuple(n for n in MADE_TYPES if n not in COSTLY)


def make_pairs(sample: Sample, config: PairConfig, seed: int) -> list[Pair]:
    """Questions about one sample with their answers.

    Depends on its arguments alone. Answers are measured on ``sample.scene``; where the sample
    carries its truth and noise-free surface, only what that view determines is asked.

    Raises:
        DeepsightError: the scene cannot be measured.
    """
    with _collector_paused():
        return _make_pairs(sample, config, seed)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for cycles while thousands of small values without any are made: it would go
    through every shape the world remembers again and again, a fifth of the time of the pairs."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _make_pairs(sample: Sample, config: PairConfig, seed: int) -> list[Pair]:
    rng = np.random.default_rng([seed, zlib.crc32(sample.key.encode())])
    facts = Facts(sample)
    batches = []
    for name in config.asked:
        batch = batch_of(CATALOGUE[name], facts, rng)
        if batch is not None and config.balanced:
            batch = balanced(batch, rng)
        if batch is not None and config.spread and config.per_image:
            batch = spread_evenly(batch, fitted(), rng)
        if batch is not None:
            batches.append(batch)
    names = names_of(sample.scene, sample.captions)
    general: list[Pair] = []
    if config.general_share > 0:
        seen = dict(zip(facts.ids, facts.visible.tolist(), strict=True))
        general = general_pairs(sample, names, seen, rng)
    spatial = config.per_image
    if config.general_share > 0:
        # as many as there are, and the spatial ones in proportion to them
        most = config.per_image or sum(map(len, batches)) + len(general)
        general = general[: round(most * config.general_share)]
        rest = len(general) * (1.0 - config.general_share) / config.general_share
        spatial = min(most - len(general), round(rest))
    if spatial:
        batches = drawn(batches, spatial, rng)
    elif config.general_share > 0:
        batches = []
    namer = Namer(
        facts.ids,
        tuple(names.get(i, "") for i in facts.ids),
        tuple(bool(v) for v in facts.visible),
        sample.scene.support_label or "support",
    )
    speaker = Speaker(namer, config.imperial_share, config.label_noise_m)
    pairs: list[Pair] = []
    for batch in batches:
        telling = batch.entry.key in _SIZE_KEYS or bool(batch.relation)
        share = config.telling_words_share if telling else config.words_share
        pairs += speaker.pairs(batch, share, rng)
    return pairs + general


def balanced(batch: Batch, rng: np.random.Generator) -> Batch | None:
    """As many yes as no, drawn evenly; numbers and choices as they are, but few ties."""
    order = rng.permutation(len(batch))
    said = np.array(batch.outcome)[order]
    ties = order[said == "same"]
    if batch.by_chance:
        rest = order[said != "same"]
    elif "yes" in batch.entry.answers and batch.entry.form is not Form.CHOICE:
        yes, no = order[batch.says_yes[order]], order[batch.says_no[order]]
        least = min(len(yes), len(no))
        rest = np.concatenate([yes[:least], no[:least]])
    else:
        rest = order[said != "same"]
    kept = np.concatenate([rest, ties[: len(rest) // 8]])
    return batch.take(kept) if len(kept) else None


def drawn(batches: list[Batch], most: int, rng: np.random.Generator) -> list[Batch]:
    """At most so many pairs, half of them of quantitative types, spread evenly over the types."""
    numbers = [b for b in batches if is_quantitative(b.entry.name)]
    others = [b for b in batches if not is_quantitative(b.entry.name)]
    of_numbers = min(most // 2, sum(map(len, numbers)))
    of_others = min(most - of_numbers, sum(map(len, others)))
    of_numbers = min(most - of_others, sum(map(len, numbers)))
    return [*_spread(numbers, of_numbers, rng), *_spread(others, of_others, rng)]


def is_quantitative(name: str) -> bool:
    """True for types whose answer is a number, or a number held against one."""
    return CATALOGUE[name].form in (Form.VALUE, Form.COMPARE, Form.COUNT)


def _spread(batches: list[Batch], most: int, rng: np.random.Generator) -> list[Batch]:
    """A draw in which every type gets the same, as far as it has that many."""
    quota = even_quotas([len(b) for b in batches], most, rng)
    return [b.take(_pick(b, int(q), rng)) for b, q in zip(batches, quota, strict=True) if q > 0]


def even_quotas(
    counts: Sequence[int], most: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many each type gives to a draw of ``most``: the same, as far as it has that many."""
    sizes = np.array(counts, dtype=np.int64)
    quota = np.zeros(len(sizes), dtype=np.int64)
    left = most
    while left > 0 and (quota < sizes).any():
        room = np.flatnonzero(quota < sizes)
        each = max(1, left // len(room))
        for at in rng.permutation(room)[: left if each == 1 else len(room)]:
            more = min(each, int(sizes[at] - quota[at]), left)
            quota[at] += more
            left -= more
    return quota


def _pick(
    batch: Batch, count: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """``count`` places; yes and no stay balanced, an odd one falls to either."""
    order = rng.permutation(len(batch))
    is_yes, is_no = batch.says_yes[order], batch.says_no[order]
    yes, no = order[is_yes], order[is_no]
    if not len(yes) or not len(no):
        return order[:count]
    if rng.random() < 0.5:
        yes, no = no, yes
    both = min(len(yes), len(no))
    woven = np.stack([yes[:both], no[:both]], axis=1).ravel()
    rest = np.concatenate([yes[both:], no[both:], order[~is_yes & ~is_no]])
    return np.concatenate([woven, rest])[:count]
