"""A bag file in, its messages out; whatever is damaged comes out as a SourceError or a report.

The one place that calls the ``rosbags`` library. Its parsers raise whatever they stumble over in a
damaged file (beside their own errors those of struct, sqlite, zstd, numpy, and MemoryError for
absurd sizes), so every exception out of it is taken for damage, and none is swallowed unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from deepsight_ros.errors import SourceError

Message = Any
Connection = Any
OnBroken = Callable[[str, object], None]


class BagReader:
    """An open bag; use it as a context manager.

    Args:
        path: rosbag2 folder, or a .mcap, .db3 or .bag file.

    Raises:
        SourceError: there is no bag, or it is damaged; when entered.
    """

    def __init__(self, path: Path) -> None:
        # A file of a rosbag2 folder stands for the folder, whose metadata knows more.
        in_folder = path.suffix in (".mcap", ".db3") and (path.parent / "metadata.yaml").is_file()
        self._path = path.parent if in_folder else path
        self._reader: AnyReader | None = None

    def __enter__(self) -> BagReader:
        try:
            # Recordings older than Iron hold no message definitions: those of Humble fit them.
            reader = AnyReader([self._path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
            reader.open()
        except Exception as error:
            raise SourceError(
                f"{self._path}: got {type(error).__name__} ({error}), expected a rosbag2 folder "
                "with metadata.yaml, or a whole .mcap, .db3 or .bag file; `ros2 bag reindex` "
                "mends bags whose recording was cut"
            ) from error
        self._reader = reader
        return self

    def __exit__(self, *_: object) -> None:
        if self._reader is not None:
            with suppress(Exception):  # nothing is written, so nothing can be lost here
                self._reader.close()
        self._reader = None

    def connections(self, *types: str) -> list[Connection]:
        """Connections of some message types; each has ``topic`` and ``msgtype``."""
        assert self._reader is not None, "the bag is not open"
        return [c for c in self._reader.connections if c.msgtype in types]

    def messages(
        self,
        wanted: list[Connection],
        on_broken: OnBroken,
        *,
        between: tuple[int, int] | None = None,
    ) -> Iterator[tuple[Connection, int, Message]]:
        """Connection, time of recording (ns) and message, in the order they were recorded.

        Args:
            wanted: connections to read; none gives nothing.
            on_broken: takes (where, reason) of messages that cannot be read, and of the place
                where a damaged file ends the pass.
            between: (first, last) time of recording, ns; None for the whole bag.
        """
        assert self._reader is not None, "the bag is not open"
        first, last = between or (None, None)
        stop = None if last is None else last + 1
        raws = self._reader.messages(wanted, start=first, stop=stop) if wanted else iter(())
        while True:
            try:
                item = next(raws, None)
            except Exception as error:  # noqa: BLE001 - see the top of the file
                on_broken(str(self._path), f"the bag is damaged from here on: {error}")
                return
            if item is None:
                return
            connection, time_ns, raw = item
            try:
                message = self._reader.deserialize(raw, connection.msgtype)
            except Exception as error:  # noqa: BLE001 - see the top of the file
                on_broken(f"{connection.topic} at {time_ns} ns", f"cannot be read: {error}")
                continue
            yield connection, time_ns, message

    def first_messages(self, *types: str) -> dict[str, tuple[Connection, Message]]:
        """First readable message of every topic of some types, by topic.

        Topics without any are left out; the pass over the bag reports what is wrong with them.
        """
        found: dict[str, tuple[Connection, Message]] = {}
        for connection in self.connections(*types):
            readable = self.messages([connection], lambda _where, _reason: None)
            for _, _, message in islice(readable, 1):
                found[connection.topic] = (connection, message)
        return found
