"""ChatClient: messages in, text out, through the ``openai`` client; cached, paced, retried.

An answer is kept under a hash of endpoint, model, settings and messages, so that a run that goes
on after a kill pays for nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deepsight_ros.errors import EndpointDownError, EndpointError
from deepsight_ros.synthesis.chat_config import ChatConfig

Message = dict[str, str]
MAX_PAUSE_S = 60.0


class ChatClient:
    """One endpoint.

    Args:
        config: where, how fast, how often.
        sleep, clock: replaced by tests.
    """

    def __init__(
        self,
        config: ChatConfig,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self._sleep, self._clock = sleep, clock
        self._next_at = 0.0
        self._failed = 0
        self._client: Any = None
        self.asked = 0
        if config.cache:
            Path(config.cache).mkdir(parents=True, exist_ok=True)

    def ask(self, messages: Sequence[Message], check: Callable[[str], Any], salt: int = 0) -> Any:
        """What ``check`` makes of the answer; an answer it raises ValueError for is asked anew.

        Args:
            messages: role and content of each.
            check: text -> value; raises ValueError with what is wrong.
            salt: part of the cache's key and the endpoint's seed.

        Raises:
            EndpointError: no usable answer in ``tries``; this conversation is lost.
            EndpointDownError: the endpoint refuses the key or the model, or fails again and
                again; the run has to stop.
        """
        kept = self._cached(messages, salt)
        if kept is not None and kept.is_file():
            return check(json.loads(kept.read_text(encoding="utf-8"))["text"])
        reason = ""
        for attempt in range(self.config.tries):
            if attempt:
                self._sleep(min(MAX_PAUSE_S, self.config.backoff_s * 2 ** (attempt - 1)))
            try:
                text = self._request(messages, salt + attempt)
                value = check(text)
            except ValueError as error:
                reason = f"unusable answer: {error}"
                continue
            except EndpointError as error:
                reason = str(error)
                continue
            if kept is not None:
                scratch = kept.with_suffix(f".{os.getpid()}.tmp")
                scratch.write_text(json.dumps({"text": text}), encoding="utf-8")
                scratch.replace(kept)
            self._failed = 0
            return value
        self._failed += 1
        message = (
            f"{self.config.base_url}: no usable answer in {self.config.tries} tries: {reason}"
        )
        if self._failed >= self.config.give_up_after:
            raise EndpointDownError(
                f"{message}; {self._failed} conversations in a row failed, so the run stops; "
                "start it again when the endpoint is well, what is written is kept"
            )
        raise EndpointError(message)

    def _request(self, messages: Sequence[Message], seed: int) -> str:
        import openai

        config = self.config
        if self._client is None:
            self._client = openai.OpenAI(
                api_key=config.key(),
                base_url=config.base_url,
                timeout=config.timeout_s,
                max_retries=0,
            )
        self._pace()
        self.asked += 1
        try:
            made = self._client.chat.completions.create(
                model=config.model,
                messages=list(messages),
                max_tokens=config.max_tokens,
                temperature=config.temperature,
                seed=seed % 2**31,
            )
        except (
            openai.AuthenticationError,
            openai.PermissionDeniedError,
            openai.NotFoundError,
        ) as error:
            raise EndpointDownError(
                f"{config.base_url}: refused ({self._said(error)}); check the key, the address "
                "and the model's name"
            ) from None
        except openai.RateLimitError as error:
            self._wait_as_told(error)
            raise EndpointError(f"rate limit ({self._said(error)})") from None
        except openai.OpenAIError as error:
            raise EndpointError(self._said(error)) from None
        try:
            text = made.choices[0].message.content
        except (AttributeError, IndexError, TypeError):
            text = None
        if not isinstance(text, str) or not text.strip():
            raise EndpointError("an answer without text")
        return text

    def _pace(self) -> None:
        """Wait until the rate limit allows the next request."""
        now = self._clock()
        if now < self._next_at:
            self._sleep(self._next_at - now)
            now = self._next_at
        self._next_at = now + 60.0 / self.config.requests_per_minute

    def _wait_as_told(self, error: Any) -> None:
        header = error.response.headers.get("retry-after", "")
        try:
            self._sleep(min(MAX_PAUSE_S, max(0.0, float(header))))
        except ValueError:
            pass  # no number: the pause between tries has to do

    def _said(self, error: Exception) -> str:
        """The error's kind and words, without the key."""
        return self.config.redacted(f"{type(error).__name__}: {str(error)[:200]}")

    def _cached(self, messages: Sequence[Message], salt: int) -> Path | None:
        config = self.config
        if not config.cache:
            return None
        about = [config.base_url, config.model, config.max_tokens, config.temperature, salt]
        content = json.dumps([*about, list(messages)], sort_keys=True)
        return Path(config.cache) / f"{hashlib.sha256(content.encode()).hexdigest()}.json"
