"""Runs nodes until SIGINT or SIGTERM: one single-threaded executor in a thread for each.

Measured with a VGA colour and depth pair at 30 Hz and a worker that computes 15 ms per frame:
rclpy's MultiThreadedExecutor took twice the CPU and lost frames by the dozen, because every
callback passes through its wait loop and a pool that fight for the interpreter; one executor per
node adds 2 ms to a message and 7 % of a core, and a node's services cannot delay another's images.
"""

from __future__ import annotations

import gc
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes.dds_profile import use_image_profile

LONG_S = 5.0
"""Compiling that takes longer is worth a line in the log."""

SWITCH_S = 0.001
"""How long a computing thread keeps the interpreter while others wait: a message takes several
turns to receive, and the default is 5 ms each."""


QUIET_S = (0.05, 0.25)
"""Discovery is at rest after so long without news; drawn anew each time, so that processes that
end together do not all leave at the same moment."""
LONGEST_SETTLE_S = 1.0


def settle(node: Node) -> None:
    """Wait until discovery is at rest, a second at most; before the last node of a context goes.

    With it goes the DDS participant. Fast DDS as in the PyPI wheels never returns from deleting
    one while a discovery callback of it runs (eProsima/Fast-DDS#6513): it waits for the callback
    until the end of time, which overflows with its C++ library, so that the wait neither sleeps
    nor gives away the lock that the callback needs; the interpreter is held meanwhile. Callbacks
    run while other participants come and go: all that can be done from here is to leave when
    they are still.
    """
    if not node.context.ok():
        return  # it was shut down by someone else, and the graph can no longer be looked at
    quiet_s = random.uniform(*QUIET_S)
    deadline_s = time.monotonic() + LONGEST_SETTLE_S
    seen, since_s = _graph(node), time.monotonic()
    while time.monotonic() < min(since_s + quiet_s, deadline_s):
        time.sleep(0.02)
        if (now := _graph(node)) != seen:
            seen, since_s = now, time.monotonic()


def _graph(node: Node) -> tuple[object, ...]:
    """All that is known of the graph, as something to compare."""
    topics = [name for name, _ in node.get_topic_names_and_types()]
    return (
        node.get_node_names(),
        node.get_service_names_and_types(),
        [(name, node.count_publishers(name), node.count_subscribers(name)) for name in topics],
    )


class Spinner:
    """A thread that spins one node and survives what its callbacks raise.

    Args:
        node: added to the spinner's own executor.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"spin {node.get_name()}", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set() and self.node.context.ok():
            try:
                self._executor.spin_once(timeout_sec=0.5)
            except ExternalShutdownException:
                return
            except Exception:  # noqa: BLE001 - a bad message must not end the node
                if self._stop.is_set() or not self.node.context.ok():
                    return
                self.node.get_logger().error(
                    f"a callback failed:\n{traceback.format_exc()}", throttle_duration_sec=5.0
                )

    def stop(self) -> None:
        """End the thread and take the node out of its executor."""
        self._stop.set()
        self._executor.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)
        self._executor.remove_node(self.node)
        self._executor.shutdown(timeout_sec=1.0)


class Running:
    """Nodes that spin; use as a context manager, which stops and destroys them.

    Args:
        nodes: made in this context; those with ``autostart`` and ``close`` are started and closed.
        are_all: the context has no other nodes, so that its DDS participant goes with these.
    """

    def __init__(self, nodes: Sequence[Any], are_all: bool = False) -> None:
        self.nodes = list(nodes)
        self._are_all = are_all
        self._spinners: list[Spinner] = []

    def __enter__(self) -> Running:
        # Spin first: activating may need time (/clock) and transforms.
        self._spinners = [Spinner(node) for node in self.nodes]
        return self

    def autostart(self) -> bool:
        """Configure and activate; False when a node could not be."""
        return all(
            [node.autostart() for node in self.nodes if hasattr(node, "autostart")]  # noqa: C419
        )

    def __exit__(self, *_: object) -> None:
        # Close before the executors end, so that pending requests still get their answers.
        for node in reversed(self.nodes):
            if hasattr(node, "prepare_close"):
                node.prepare_close()
        for spinner in self._spinners:
            spinner.stop()
        if self._are_all and self.nodes:
            settle(self.nodes[0])
        for node in reversed(self.nodes):
            if hasattr(node, "close"):
                node.close()
            else:
                node.destroy_node()


def run(
    make_nodes: Callable[[], Sequence[Any]],
    arguments: list[str] | None = None,
    prepare: Callable[[Callable[[], bool]], object] | None = None,
) -> int:
    """A main: image profile, rclpy, nodes, spin until asked to stop; 0 on a clean end.

    Args:
        make_nodes: called after ``rclpy.init``.
        arguments: command line with ROS arguments; None takes ``sys.argv``.
        prepare: long work that needs no ROS, done first; it ends early where what it is given
            says that a signal asked for that.
    """
    use_image_profile()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    began_s = time.monotonic()
    if prepare is not None:
        prepare(stop.is_set)
        if stop.is_set():
            return 0
    prepared_s = time.monotonic() - began_s
    rclpy.init(
        args=sys.argv if arguments is None else ["", *arguments],
        signal_handler_options=SignalHandlerOptions.NO,
    )
    if prepared_s > LONG_S:
        text = f"compiled in {prepared_s:.0f} s; kept for next time"
        rclpy.logging.get_logger("deepsight_ros").info(text)
    try:
        try:
            nodes = make_nodes()
        except (DeepsightError, rclpy.exceptions.ParameterException) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            return 2
        with Running(nodes, are_all=True) as running:
            if not running.autostart():
                return 1
            sys.setswitchinterval(SWITCH_S)
            _calm_collector()
            while not stop.wait(0.2):
                if not _context_ok(nodes):
                    break
                if any(getattr(node, "has_ended", False) for node in nodes):
                    break
            # From here on SIGTERM ends it wherever it is; not SIGINT, which launch sends twice.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        return 0
    finally:
        rclpy.try_shutdown()


def _calm_collector() -> None:
    """Leave what was loaded out of garbage collection, and collect young objects less often.

    A full collection looks at every object there is, which takes tens of milliseconds: a frame
    late each time. Frames make no reference cycles to speak of, so there is little to collect.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _context_ok(nodes: Sequence[Any]) -> bool:
    context: Context | None = nodes[0].context if nodes else None
    return context is None or bool(context.ok())
