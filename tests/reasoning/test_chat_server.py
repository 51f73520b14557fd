"""The chat planner against a real server, `transformers serve`, with a model made by the test.

The model is a tiny Llama with random weights, so its replies are noise: what is tested is that the
planner speaks the server's protocol and ends honestly, with no answer made up.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepsight_ros.reasoning.chat import ChatPlanner
from deepsight_ros.reasoning.choice import Endpoint
from deepsight_ros.reasoning.reasoning import reason
from deepsight_ros.reasoning.values import Decision
from deepsight_ros.scene.answer import Status
from tests.reasoning.test_embedded import TABLE

for package in ("openai", "fastapi", "uvicorn", "torch", "transformers", "tokenizers"):
    pytest.importorskip(package, reason=f"`transformers serve` needs {package}")

pytestmark = pytest.mark.slow
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


def save_tiny_llama(folder: Path) -> None:
    """A two-layer Llama with random weights and a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: k for k, token in enumerate(["<s>", "</s>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The endpoint of a running server."""
    folder = tmp_path_factory.mktemp("tiny_llama")
    save_tiny_llama(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = "from transformers.cli.transformers import main; main()"
    arguments = ["serve", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    log = (folder / "server.log").open("w")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=log, stderr=log, env=environment
    )
    try:
        deadline_s = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).read()
                break
            except OSError:
                text = (folder / "server.log").read_text()[-2000:]
                assert server.poll() is None, text
                assert time.monotonic() < deadline_s, text
                time.sleep(0.5)
        yield Endpoint(f"http://127.0.0.1:{port}/v1", str(folder))
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def test_noise_from_a_real_server_is_no_answer(served: Endpoint) -> None:
    made = reason(
        "does the red box fit between the mug and the bowl?",
        TABLE,
        ChatPlanner(served),
        deadline_s=time.monotonic() + 120,
    )
    assert made.answer.status is Status.FAILED, made.answer.text
    assert "answered without asking anything" in made.answer.text
    assert made.decision is Decision.NONE


def test_a_model_that_the_server_lacks(served: Endpoint) -> None:
    lacking = ChatPlanner(Endpoint(served.address, "no/such-model"))
    made = reason("x", TABLE, lacking, deadline_s=time.monotonic() + 60)
    assert made.answer.status in (Status.FAILED, Status.TIMEOUT)
    assert made.decision is Decision.NONE
