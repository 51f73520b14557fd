"""ChatConfig: which endpoint writes conversations, how fast, and what its tokens cost."""

from __future__ import annotations

import os
from dataclasses import dataclass

from deepsight_ros.errors import EndpointError, InvalidValueError

KEY_NAMES = ("DEEPSIGHT_CHAT_KEY", "OPENAI_API_KEY")
"""Environment variables that hold the key, the first that is set counts."""
CHARACTERS_PER_TOKEN = 4.0
"""Rule of thumb for English; an estimate is all that can be had before asking."""


@dataclass(frozen=True)
class ChatConfig:
    """An OpenAI-compatible chat endpoint.

    Attributes:
        base_url: "https://api.openai.com/v1", "http://localhost:8000/v1" (vLLM, llama.cpp ...).
        model: what the endpoint calls it.
        requests_per_minute: never more than this.
        timeout_s: per request.
        tries: requests per conversation, until one is usable.
        give_up_after: conversations in a row that fail before the run stops.
        max_tokens: of an answer.
        temperature: of sampling.
        price_in, price_out: money per million tokens of prompt and answer; 0 when it costs none.
        currency: of the prices.
        cache: folder of answers already paid for; "" keeps none.
        backoff_s: pause before the second try; doubles with each.
    """

    base_url: str
    model: str
    requests_per_minute: float = 60.0
    timeout_s: float = 60.0
    tries: int = 4
    give_up_after: int = 5
    max_tokens: int = 600
    temperature: float = 0.7
    price_in: float = 0.0
    price_out: float = 0.0
    currency: str = "USD"
    cache: str = ""
    backoff_s: float = 1.0

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")) or not self.model:
            raise InvalidValueError(
                f"chat: got address '{self.base_url}' and model '{self.model}', expected "
                "http(s)://.../v1 and a name"
            )
        positive = ("requests_per_minute", "timeout_s", "tries", "give_up_after", "max_tokens")
        for name in positive:
            if not getattr(self, name) > 0:
                raise InvalidValueError(f"chat.{name}: got {getattr(self, name)}, expected > 0")

    def key(self) -> str:
        """The key from the environment; read when used, kept nowhere.

        Raises:
            EndpointError: none is set and the endpoint is not on this machine.
        """
        for name in KEY_NAMES:
            if os.environ.get(name):
                return os.environ[name]
        if "//localhost" in self.base_url or "//127." in self.base_url:
            return "none"  # servers on this machine ask for no key, the client wants some word
        raise EndpointError(
            f"chat: got no key for {self.base_url}, expected one in {' or '.join(KEY_NAMES)}"
        )

    def redacted(self, text: str) -> str:
        """``text`` without the key, should an endpoint have repeated it."""
        for name in KEY_NAMES:
            secret = os.environ.get(name, "")
            if len(secret) >= 4:
                text = text.replace(secret, "***")
        return text


@dataclass(frozen=True)
class Estimate:
    """What a run will ask for, from the prompts of a few samples.

    Attributes:
        requests: conversations to write.
        tokens_in, tokens_out: of all of them; answers are taken at half their limit.
        cost: in the currency of the prices.
        hours: at the rate limit.
    """

    requests: int
    tokens_in: int
    tokens_out: int
    cost: float
    hours: float

    def said(self, config: ChatConfig) -> str:
        """One line for people."""
        money = f"about {self.cost:.2f} {config.currency}"
        if not (config.price_in or config.price_out):
            money = "no price given (chat.price_in, chat.price_out)"
        return (
            f"{self.requests} requests to {config.model} at {config.base_url}: about "
            f"{self.tokens_in:,} tokens in, {self.tokens_out:,} out, {money}; at least "
            f"{self.hours:.1f} h at {config.requests_per_minute:g} requests a minute"
        )


def estimate(config: ChatConfig, prompts: list[int], requests: int) -> Estimate:
    """Cost before anything is asked.

    Args:
        prompts: lengths in characters of a few prompts.
        requests: how many there will be.
    """
    mean = sum(prompts) / max(len(prompts), 1)
    tokens_in = round(requests * mean / CHARACTERS_PER_TOKEN)
    tokens_out = requests * config.max_tokens // 2
    cost = (tokens_in * config.price_in + tokens_out * config.price_out) / 1e6
    return Estimate(
        requests, tokens_in, tokens_out, cost, requests / config.requests_per_minute / 60.0
    )
