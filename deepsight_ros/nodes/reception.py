"""Camera messages in, their callbacks called, in a thread of their own beside the executor.

rclpy's executors make a wait set of everything a node has for each message they take: 1-2 ms of
interpreter time, five times per frame, in which perception stands still. Here one wait set holds
the images alone; whatever else belongs to a frame (camera_info, /tf, IMU) wakes nobody and is
taken when an image comes, or when somebody asks for it. Events of these subscriptions (QoS that
does not fit, messages lost) are looked at once a second: in an executor's wait set they wake it
for every message, which costs more than is saved.
"""

from __future__ import annotations

import threading
import time
import traceback
from contextlib import ExitStack, suppress
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node

IDLE_S = 0.05
"""How often what wakes nobody is taken while no image comes."""

EVENTS_S = 1.0
"""How often events are looked at."""

MOST_AT_ONCE = 200
"""Messages taken from one subscription before the others get their turn."""


class _Reserved(CallbackGroup):
    """Group of the subscriptions that the executor leaves alone."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing of this group ever begins in an executor."""


class Reception:
    """Takes the messages of the subscriptions it is given.

    Args:
        node: whose context and log are used.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._group = _Reserved()
        self._waking: list[Any] = []
        self._quiet: list[Any] = []
        self._lock = threading.Lock()  # of the lists
        self._taking = threading.RLock()  # one thread calls back at a time
        self._stop = False
        self._guard = GuardCondition(callback=None, callback_group=None, context=node.context)
        self._thread = threading.Thread(target=self._run, name="reception", daemon=True)
        self._thread.start()

    def add(self, subscription: Any, *, wakes: bool) -> Any:
        """Take over a subscription just made; it is returned.

        Args:
            subscription: of ``node.create_subscription``; its events come here too.
            wakes: call back as soon as a message is there, else with the next one that wakes.
        """
        subscription.callback_group = self._group
        for event in subscription.event_handlers:
            event.callback_group = self._group
        with self._lock:
            (self._waking if wakes else self._quiet).append(subscription)
        self._guard.trigger()
        return subscription

    def remove(self, subscription: Any) -> None:
        """Forget a subscription and destroy it."""
        with self._lock:
            for there in (self._waking, self._quiet):
                if subscription in there:
                    there.remove(subscription)
        self._node.destroy_subscription(subscription)

    def take_quiet(self) -> None:
        """Call back for everything that has come and woke nobody; from any thread."""
        with self._lock:
            quiet = list(self._quiet)
        self._take(quiet)

    def close(self) -> None:
        """End the thread; subscriptions not removed are destroyed."""
        self._stop = True
        self._guard.trigger()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)
        for subscription in [*self._waking, *self._quiet]:
            self.remove(subscription)
        self._guard.destroy()

    def _run(self) -> None:
        looked_s = time.monotonic()
        while not self._stop and self._node.context.ok():
            try:
                ready = self._wait()
                self.take_quiet()
                self._take(ready)
                if time.monotonic() - looked_s > EVENTS_S:
                    looked_s = time.monotonic()
                    self._look_at_events()
            except Exception:  # noqa: BLE001 - a bad message must not end the camera
                if self._stop or not self._node.context.ok():
                    return
                self._node.get_logger().error(
                    f"a callback failed:\n{traceback.format_exc()}", throttle_duration_sec=5.0
                )

    def _wait(self) -> list[Any]:
        """Wait for an image or ``IDLE_S``; the subscriptions that have something."""
        with self._lock:
            waking = list(self._waking)
        context = self._node.context
        with ExitStack() as held:
            held.enter_context(context.handle)
            held.enter_context(self._guard.handle)
            there = []
            for subscription in waking:
                try:
                    held.enter_context(subscription.handle)
                except InvalidHandle:  # destroyed meanwhile
                    continue
                there.append(subscription)
            wait_set = rclpy_implementation.WaitSet(len(there), 1, 0, 0, 0, 0, context.handle)
            wait_set.clear_entities()
            for subscription in there:
                wait_set.add_subscription(subscription.handle)
            wait_set.add_guard_condition(self._guard.handle)
            wait_set.wait(int(IDLE_S * 1e9))
            ready = wait_set.get_ready_entities("subscription")
            return [s for s in there if s.handle.pointer in ready]

    def _look_at_events(self) -> None:
        """Call back for events that have happened since the last look."""
        with self._lock:
            events = [e for s in (*self._waking, *self._quiet) for e in s.event_handlers]
        context = self._node.context
        happened = []
        with ExitStack() as held:
            held.enter_context(context.handle)
            there = []
            for event in events:
                try:
                    held.enter_context(event)
                except InvalidHandle:  # destroyed meanwhile
                    continue
                there.append(event)
            number = (0, 0, 0, 0, 0, len(there))
            wait_set = rclpy_implementation.WaitSet(*number, context.handle)
            wait_set.clear_entities()
            for event in there:
                event.add_to_wait_set(wait_set)
            wait_set.wait(0)
            happened = [(e, e.take_data()) for e in there if e.is_ready(wait_set)]
        for event, about in happened:
            with suppress(StopIteration):  # a coroutine that never waits ends at once
                event.execute(about).send(None)

    def _take(self, subscriptions: list[Any]) -> None:
        with self._taking:
            for subscription in subscriptions:
                for _ in range(MOST_AT_ONCE):
                    try:
                        with subscription.handle:
                            taken = subscription.handle.take_message(subscription.msg_type, False)
                    except InvalidHandle:
                        break
                    if taken is None:
                        break
                    subscription.callback(taken[0])
