"""Node `frame_player`: a folder of images or a bag as camera topics and transforms."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterable
from typing import Any

from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import to_time
from deepsight_ros.nodes.diagnostics import OK, Report
from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.playback import (
    BagPlayback,
    FolderPlayback,
    Item,
    open_playback,
    restamped,
)
from deepsight_ros.nodes.settings import FramePlayerSettings
from deepsight_ros.nodes.spinning import run

CLOCK_PERIOD_S = 0.02
"""/clock ticks at least this often while the next message is waited for."""
LOOP_GAP_NS = 100_000_000
"""Time between the last message of a round and the first of the next."""


class FramePlayerNode(DeepsightNode[FramePlayerSettings]):
    """Plays a recording in real time.

    Attributes:
        has_ended: everything was played and nothing is to be repeated; the process then ends.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("frame_player", FramePlayerSettings, **options)
        self.has_ended = False
        self._playback: FolderPlayback | BagPlayback | None = None
        self._outputs: dict[str, Any] = {}
        self._clock_output: Any = None
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._played = 0
        self._rounds = 0

    def setup(self) -> None:
        from tf2_msgs.msg import TFMessage

        settings = self.settings
        self._playback = open_playback(settings)
        self._tf_type = TFMessage
        kinds: dict[str, tuple[Any, str, Any]] = {
            "tf": (TFMessage, "/tf", qos.reliable(100)),
            "tf_static": (TFMessage, "/tf_static", qos.latched(100)),
        }
        for role, transport in self._playback.transports.items():
            raw = transport == "raw"
            topic = f"{role}/image_raw" + ("" if raw else f"/{transport}")
            kinds[role] = (Image if raw else CompressedImage, topic, qos.sensor_out())
            info = f"{role}/camera_info"
            kinds[f"{role}_info"] = (CameraInfo, info, qos.sensor_out())
        self._outputs = {
            role: self.create_publisher(kind, topic, profile)
            for role, (kind, topic, profile) in kinds.items()
        }
        if settings.publish_clock:
            self._clock_output = self.create_publisher(Clock, "/clock", qos.reliable())

    def start(self) -> None:
        self._halt.clear()
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._halt.set()
        if self._thread is not None:
            self._thread.join(5.0)
            self._thread = None

    def teardown(self) -> None:
        for publisher in self._outputs.values():
            self.destroy_publisher(publisher)
        self._outputs = {}
        if self._clock_output is not None:
            self.destroy_publisher(self._clock_output)
            self._clock_output = None
        self._playback = None

    def reports(self) -> Iterable[Report]:
        values: dict[str, object] = {"messages": self._played, "rounds": self._rounds}
        text = "at its end" if self.has_ended else f"playing {self.settings.path}"
        return [Report("playback", OK, text, values)]

    # -- in the player's thread ---------------------------------------------------------------

    def _run(self) -> None:
        settings = self.settings
        try:
            if self._halt.wait(settings.start_delay_s):
                return
            while self._play_once(settings) and settings.loop and not self._halt.is_set():
                self._rounds += 1
        except Exception:  # noqa: BLE001 - a damaged bag ends the playing, not the node
            self.fault_log.add(settings.path, "playback ended", traceback.format_exc())
        if not self._halt.is_set():
            self.get_logger().info(f"{settings.path}: everything was played")
            # Time for what was sent last to arrive, before a process that waits for the end goes.
            self._halt.wait(0.5)
        self.has_ended = True

    def _play_once(self, settings: FramePlayerSettings) -> bool:
        """Play everything; False when there was nothing."""
        assert self._playback is not None
        began_ns = first_ns = -1

        def due_ns(time_ns: int) -> int:
            return began_ns + round((time_ns - first_ns) / settings.rate)

        for item in self._playback:
            if first_ns < 0:
                began_ns, first_ns = time.time_ns(), item.time_ns
            if not self._wait_until(due_ns(item.time_ns), item.time_ns, settings):
                return True
            if not settings.publish_clock:
                item = restamped(item, due_ns)
            self._publish(item)
        if first_ns >= 0 and settings.loop:
            self._halt.wait(LOOP_GAP_NS / 1e9 / settings.rate)
        return first_ns >= 0

    def _wait_until(self, due_ns: int, time_ns: int, settings: FramePlayerSettings) -> bool:
        """Wait for a message's time, ticking the clock meanwhile; False when halted."""
        while True:
            left_s = (due_ns - time.time_ns()) / 1e9
            if self._clock_output is not None:
                now_ns = time_ns - round(max(0.0, left_s) * settings.rate * 1e9)
                self._clock_output.publish(Clock(clock=to_time(now_ns)))
            if left_s <= 0:
                return not self._halt.is_set()
            wait_s = min(left_s, CLOCK_PERIOD_S) if self._clock_output is not None else left_s
            if self._halt.wait(wait_s):
                return False

    def _publish(self, item: Item) -> None:
        publisher = self._outputs[item.role]
        if item.role.startswith("tf"):
            publisher.publish(self._tf_type(transforms=item.message))
        else:
            publisher.publish(item.message)
        self._played += 1


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros frame_player`."""
    return run(lambda: [FramePlayerNode()], arguments)


if __name__ == "__main__":
    sys.exit(main())
