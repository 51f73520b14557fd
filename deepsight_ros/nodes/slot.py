"""Latest-wins slot: callbacks put into it, one worker takes the newest out. Nothing queues up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Holds at most one item; a newer one replaces it and the replaced one is counted."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._key: object = None
        self._is_closed = False
        self.overtaken = 0

    def put(self, item: T, key: object = None) -> None:
        """Never blocks. An item with the key of the one it replaces is a better copy of the same
        thing and does not count as overtaking it."""
        with self._condition:
            if self._item is not None and (key is None or key != self._key):
                self.overtaken += 1
            self._item, self._key = item, key
            self._condition.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """The newest item, waiting for one; None when the time is over or the slot is closed."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._condition:
            while self._item is None and not self._is_closed:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._condition.wait(left)
            item, self._item = self._item, None
            return None if self._is_closed else item

    @property
    def is_empty(self) -> bool:
        """Nothing waits to be taken (a moment's answer: something may come right after)."""
        return self._item is None

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        """Wake the taker for good."""
        with self._condition:
            self._is_closed = True
            self._item = None
            self._condition.notify_all()


class Worker(Generic[T]):
    """A thread that handles the newest item of a slot until stopped.

    Args:
        name: of the thread.
        slot: where items come from.
        handle: called with each item taken; it may take a newer one from the slot itself.
        on_error: called with what ``handle`` raised; the worker then goes on.
    """

    def __init__(
        self,
        name: str,
        slot: LatestSlot[T],
        handle: Callable[[T], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self.slot = slot
        self._handle = handle
        self._on_error = on_error
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.slot.is_closed:
            item = self.slot.take()
            if item is None:
                continue
            try:
                self._handle(item)
            except Exception as error:  # noqa: BLE001 - one bad frame must not end perception
                self._on_error(error)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Close the slot and wait for the item in hand; False when it did not end in time."""
        self.slot.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()
