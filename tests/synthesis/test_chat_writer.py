"""Conversations written by an endpoint: one on loopback that answers, stalls, errs and lies."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("openai")

from deepsight_ros.errors import EndpointDownError, EndpointError, InvalidValueError
from deepsight_ros.synthesis.chat_client import ChatClient
from deepsight_ros.synthesis.chat_config import ChatConfig, estimate
from deepsight_ros.synthesis.chat_writer import ChatWriter, Facts, facts_of, read_turns
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.synthesis.shards.writer import ShardJob
from deepsight_ros.synthesis.world_source import WorldSource
from tests.support.chat_server import Reply, serving

pytest.importorskip("openai", reason="openai is not installed")
GOOD = json.dumps(
    [{"role": "user", "text": "What is near?"}, {"role": "assistant", "text": "The mug is."}]
)
SECRET = "sk-test-0123456789abcdef"


def config(url: str, **more: object) -> ChatConfig:
    values = {"requests_per_minute": 1e6, "timeout_s": 5.0, "backoff_s": 0.001, "tries": 3}
    return ChatConfig(url, "m", **{**values, **more})


def ask(client: ChatClient, text: str = "hello") -> str:
    def check(answer: str) -> str:
        if "good" not in answer:
            raise ValueError("not good")
        return answer

    return client.ask([{"role": "user", "content": text}], check)


def test_an_answer_and_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSIGHT_CHAT_KEY", SECRET)
    with serving(lambda n, body: Reply(f"good {n}")) as server:
        made = config(server.url, cache=str(tmp_path))
        assert ask(ChatClient(made)) == "good 0"
        assert ask(ChatClient(made)) == "good 0", "a second run pays nothing"
        assert len(server.requests) == 1
        assert ask(ChatClient(made), "other") == "good 1"
        body = server.requests[0]
        assert body["model"] == "m" and body["messages"][0]["content"] == "hello"
        assert server.keys[0] == f"Bearer {SECRET}"
    assert not any(SECRET in p.read_text() for p in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Reply("nonsense"), "not good"),
        (Reply(""), "without text"),
        (Reply(raw='{"choices": []}'), "without text"),
        (Reply(raw="<html>"), "unusable answer"),
        (Reply("boom", 500), "boom"),
        (Reply("slow down", 429, {"Retry-After": "0"}), "rate limit"),
        (Reply("good", stall_s=1.5), "APITimeoutError"),
    ],
)
def test_bad_answers_are_asked_for_again_then_given_up(bad: Reply, words: str) -> None:
    with serving(lambda n, body: bad if n == 0 else Reply("good")) as server:
        assert ask(ChatClient(config(server.url, timeout_s=0.4))) == "good"
        assert len(server.requests) == 2
    with serving(lambda n, body: bad) as server:
        client = ChatClient(config(server.url, tries=2, give_up_after=2, timeout_s=0.4))
        with pytest.raises(EndpointError, match=words):
            ask(client)
        with pytest.raises(EndpointDownError, match="2 conversations in a row"):
            ask(client)
        assert len(server.requests) == 4


def test_retry_after_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    limit = Reply("slow down", 429, {"Retry-After": "7"})
    with serving(lambda n, body: limit if n == 0 else Reply("good")) as server:
        ask(ChatClient(config(server.url), sleep=slept.append, clock=lambda: 0.0))
    assert 7.0 in slept


def test_requests_are_paced() -> None:
    now = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    with serving(lambda n, body: Reply("good")) as server:
        paced = config(server.url, requests_per_minute=30.0)
        client = ChatClient(paced, sleep=sleep, clock=lambda: now[0])
        for i in range(4):
            ask(client, str(i))
    assert slept == pytest.approx([2.0, 2.0, 2.0])


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_stops_and_does_not_tell_the_key(
    status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.delenv("DEEPSIGHT_CHAT_KEY", raising=False)
    caplog.set_level(logging.DEBUG)
    with serving(lambda n, body: Reply(f"bad key {SECRET}", status)) as server:
        with pytest.raises(EndpointDownError) as caught:
            ask(ChatClient(config(server.url)))
        assert len(server.requests) == 1
    assert SECRET not in str(caught.value) and "***" in str(caught.value)
    assert SECRET not in caplog.text and SECRET not in repr(config("http://x/v1"))


def test_nobody_listens() -> None:
    with pytest.raises(EndpointError, match="Connection"):
        ask(ChatClient(config("http://127.0.0.1:9/v1", tries=1)))


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPSIGHT_CHAT_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert config("http://localhost:1/v1").key() == "none"
    with pytest.raises(EndpointError, match="DEEPSIGHT_CHAT_KEY or OPENAI_API_KEY"):
        config("https://example.org/v1").key()
    for bad in ({"base_url": "ftp://x", "model": "m"}, {"base_url": "http://x", "model": ""}):
        with pytest.raises(InvalidValueError):
            ChatConfig(**bad)


def test_cost_before_asking() -> None:
    made = config("http://x/v1", requests_per_minute=60.0, price_in=1.0, price_out=2.0)
    said = estimate(made, [4000, 4000], 22_000)
    assert said.tokens_in == 22_000_000 and said.tokens_out == 6_600_000
    assert said.cost == pytest.approx(35.2) and said.hours == pytest.approx(6.11, abs=0.01)
    assert "35.20 USD" in said.said(made)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (GOOD, ""),
        (f"Sure!\n```json\n{GOOD}\n```", ""),
        ('[{"role": "user", "text": "a"}, {"role": "assistant", "text": "It is 51 cm."}]', ""),
        ('[{"role": "user", "text": "a"}, {"role": "assistant", "text": "It is 4 m."}]', "4 m"),
        ('[{"role": "user", "text": "a"}, {"role": "assistant", "text": "200mm off"}]', "200 mm"),
        ('[{"role": "assistant", "text": "a"}, {"role": "user", "text": "b"}]', "turn 0"),
        ('[{"role": "user", "text": "a"}]', "1 turns"),
        ("[]", "0 turns"),
        ('[{"role": "user", "text": ""}]', "turn 0"),
        ("hello", "no JSON"),
        ("[1, 2", "no JSON"),
        ("[1 2]", "delimiter"),
    ],
)
def test_reading_turns(text: str, wrong: str) -> None:
    facts = Facts("", (0.5, 1.2))
    if not wrong:
        assert [t.role for t in read_turns(text, facts)] == ["user", "assistant"]
        return
    with pytest.raises(ValueError, match=wrong):
        read_turns(text, facts)


def test_facts_name_what_is_measured() -> None:
    sample = WorldSource(4, width_px=160, height_px=120, sensors=())[0]
    facts = facts_of(sample.scene)
    assert "from the camera" in facts.text and "apart" in facts.text
    assert len(facts.lengths_m) > 5 and min(facts.lengths_m) >= 0


def test_a_run_of_shards_goes_on_without_paying_twice(tmp_path: Path) -> None:
    """The endpoint fails on the third image for good: it is listed, the others are written; a new
    run of the same plan into another folder is answered by the cache."""

    def reply(number: int, body: dict) -> Reply:
        return Reply("nonsense" if body["messages"][1]["content"] == third else GOOD)

    source = WorldSource(5, width_px=160, height_px=120, sensors=())
    with serving(reply) as server:
        chat = config(server.url, tries=2, cache=str(tmp_path / "cache"))
        writer = ChatWriter(chat)
        assert pickle.loads(pickle.dumps(writer)) == writer
        from deepsight_ros.synthesis.shards.writer import sample_seed

        third = writer.messages(source[2], sample_seed(3, 2))[0][1]["content"]
        manifest = build(ShardJob(source, writer, str(tmp_path / "a"), 3, 5), {"kind": "chat"})
        assert manifest.conversations == 4 and manifest.broken == 1
        assert "EndpointError" in (tmp_path / "a" / "broken.jsonl").read_text()
        paid = len(server.requests)
        assert paid == 4 + 2
        again = ChatWriter(chat)
        build(ShardJob(source, again, str(tmp_path / "b"), 3, 5), {"kind": "chat"})
        assert len(server.requests) == paid + 2, "only the failed one is asked for again"
    rows = list(ShardSet(tmp_path / "b"))
    assert [r.conversations[0].writer for r in rows] == ["m"] * 4
    assert rows[0].conversations[0].turns[0].text == "What is near?"
