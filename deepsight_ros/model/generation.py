"""Greedy decoding behind a picture that was seen once.

The picture's keys and values are computed with the first question of a view and reused by every
other about it, which then costs its own tokens only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from deepsight_ros.model.deepsight_model import DeepSightModel, Sight
from deepsight_ros.model.text import TextCodec


@dataclass(frozen=True)
class Written:
    """What the model wrote.

    Attributes:
        ids: tokens of the answer, without <eos>.
        log10_value, log10_sigma: of the first ``<num>``, NaN without one.
        confidence: geometric mean probability of the tokens.
        first_token_s: question to first token.
        finished: <eos> came before the limits.
    """

    ids: tuple[int, ...]
    log10_value: float
    log10_sigma: float
    confidence: float
    first_token_s: float
    finished: bool


class View:
    """One picture, ready for questions.

    Args:
        model: in eval mode.
        sight: of one picture (a batch of one).
    """

    def __init__(self, model: DeepSightModel, sight: Sight) -> None:
        self.model = model
        self.sight = sight
        self.cache = DynamicCache(config=model.language.config)
        self.length = sight.tokens.shape[1]

    def write(
        self,
        codec: TextCodec,
        question: str,
        *,
        rows: Sequence[int] = (),
        most_tokens: int = 48,
        stop: Callable[[], bool] = lambda: False,
    ) -> Written:
        """Answer one question.

        Args:
            codec: of the model.
            question: with ``<regionN>`` of the picture's regions.
            rows: row of the picture's regions that ``<region0>`` ... stand for; () when
                ``<regionN>`` is row N.
            most_tokens: longest answer.
            stop: asked before every token; True ends the answer unfinished.
        """
        started = time.perf_counter()
        model, language = self.model, self.model.language
        count = self.sight.regions.shape[1]
        prompt = codec.prompt_ids(question, len(rows) if rows else count)
        tokens = torch.tensor([prompt.ids], device=model.device)
        region = torch.tensor([codec.region_indices(prompt.ids, rows)], device=model.device)
        about = torch.tensor([codec.about(prompt.ids, rows)], device=model.device)
        given = torch.tensor([prompt.given], device=model.device)
        named = about[:, None].expand(-1, tokens.shape[1], -1)
        hidden = model.embed(tokens, region, named, given, self.sight)
        not_given = torch.full((1, 1), float("nan"), device=model.device)
        written: list[int] = []
        log_sum, first_s = 0.0, 0.0
        value = sigma = float("nan")
        at, finished = self.length, False
        extra = self.cache.get_seq_length() - self.length
        if extra > 0:
            self.cache.crop(-extra)
        elif extra < 0:  # the first question takes the picture in with it: one pass for both
            at, hidden = 0, torch.cat([self.sight.tokens, hidden], dim=1)
        for step in range(most_tokens + 1):
            if stop():
                break
            positions = torch.arange(at, at + hidden.shape[1], device=model.device)[None]
            out: Tensor = language.model(
                inputs_embeds=hidden,
                past_key_values=self.cache,
                use_cache=True,
                position_ids=positions,
            ).last_hidden_state[:, -1]
            at += hidden.shape[1]
            at_number = bool(written) and written[-1] == codec.number_id
            if at_number and value != value and model.numbers is not None:
                mean, spread = model.number(out, about, self.sight)
                value, sigma = float(mean), float(spread)
            logits = language.lm_head(out).float()[0]
            token = int(logits.argmax())
            if step == 0:
                first_s = time.perf_counter() - started
            if token == codec.eos_id:
                finished = True
                break
            if step == most_tokens:
                break
            log_sum += float(logits.log_softmax(-1)[token])
            written.append(token)
            next_id = torch.tensor([[token]], device=model.device)
            next_region = torch.tensor([codec.region_indices([token], rows)], device=model.device)
            if int(next_region) >= count:
                next_region.fill_(-1)
            hidden = model.embed(next_id, next_region, about[:, None], not_given, self.sight)
        confidence = float(torch.tensor(log_sum / max(1, len(written))).exp())
        return Written(tuple(written), value, sigma, confidence, first_s, finished)

    def score(self, codec: TextCodec, question: str, options: Sequence[str]) -> Tensor:
        """(N,) log probability of each option as the whole answer, <eos> included.

        One pass over the question, then one over all options side by side.
        """
        model, language = self.model, self.model.language
        prompt = codec.prompt_ids(question, self.sight.regions.shape[1])
        answers = [codec.answer_ids(option) for option in options]
        longest = max(map(len, answers))
        rows, length = len(answers), len(prompt.ids) + longest
        ids = torch.full((rows, length), codec.pad_id, dtype=torch.long)
        labels = torch.full((rows, longest), -1, dtype=torch.long)
        for r, answer in enumerate(answers):
            ids[r, : len(prompt.ids)] = torch.tensor(prompt.ids)
            ids[r, len(prompt.ids) : len(prompt.ids) + len(answer)] = torch.tensor(answer)
            labels[r, : len(answer)] = torch.tensor(answer)
        region = torch.tensor([codec.region_indices(row) for row in ids.tolist()])
        about = torch.tensor(codec.about(prompt.ids)).expand(rows, length, 2)
        region = torch.where(region >= self.sight.regions.shape[1], -1, region)
        given = torch.full((rows, length), float("nan"))
        given[:, : len(prompt.ids)] = torch.tensor(prompt.given)
        device = model.device
        places = self.sight.places
        wide = Sight(
            self.sight.tokens.expand(rows, -1, -1),
            self.sight.regions.expand(rows, -1, -1),
            None if places is None else places.expand(rows, -1, -1),
            None,
        )
        hidden = model.embed(
            ids.to(device), region.to(device), about.to(device), given.to(device), wide
        )
        out = language.model(
            inputs_embeds=torch.cat([wide.tokens, hidden], dim=1),
            use_cache=False,
            position_ids=torch.arange(self.length + length, device=device)[None],
        ).last_hidden_state[:, self.length + len(prompt.ids) - 1 : -1]
        logs = language.lm_head(out).float().log_softmax(-1)
        labels = labels.to(device)
        each = logs.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
        known = labels >= 0
        return (each * known).sum(-1)
