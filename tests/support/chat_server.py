"""A chat endpoint on loopback that answers as a test tells it: sense, nonsense, errors, none."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.waiting import PATIENCE_S


@dataclass
class Reply:
    """What the server does with one request.

    Attributes:
        text: content of the answer.
        status: HTTP status; not 200 sends an error with ``text`` in it.
        headers: more headers.
        stall_s: silence before the answer.
        raw: body in place of a well-formed one.
    """

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stall_s: float = 0.0
    raw: str | None = None


@dataclass
class ChatServer:
    """A running server.

    Attributes:
        url: base URL for a client.
        requests: bodies received.
        keys: Authorization headers received.
        reply: request number (from 0), body -> what to answer.
    """

    url: str
    reply: Callable[[int, dict[str, Any]], Reply]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@contextmanager
def serving(reply: Callable[[int, dict[str, Any]], Reply]) -> Iterator[ChatServer]:
    """Serve until the block ends."""
    state = ChatServer("", reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = len(state.requests)
            state.requests.append(body)
            state.keys.append(self.headers.get("Authorization", ""))
            answer = state.reply(number, body)
            time.sleep(answer.stall_s)
            content = answer.raw
            if content is None and answer.status == 200:
                message = {"role": "assistant", "content": answer.text}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                made = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
                content = json.dumps({**made, "choices": [choice]})
            elif content is None:
                content = json.dumps({"error": {"message": answer.text, "type": "test"}})
            data = content.encode()
            try:
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except BrokenPipeError:
                pass  # the client has given up, which is what a stalling answer is for

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_S)
