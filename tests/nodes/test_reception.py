"""Reception: images call back at once, the rest when asked for, and nothing ends it but close."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from std_msgs.msg import Int32

from deepsight_ros.nodes import qos, reception
from deepsight_ros.nodes.image_stream import SubscriptionEventCallbacks
from deepsight_ros.nodes.reception import Reception
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


class Desk:
    """One waking and one quiet topic; what came, and in which thread."""

    def __init__(self, ros: RosHarness) -> None:
        self.ros = ros
        self.got: dict[str, list[int]] = {"waking": [], "quiet": []}
        self.threads: set[str] = set()
        self.reception = Reception(ros.node)
        self.publishers = {
            name: ros.node.create_publisher(Int32, name, qos.reliable(100)) for name in self.got
        }
        self.subscriptions = {name: self._subscribe(name) for name in self.got}
        for publisher in self.publishers.values():
            ros.wait_for(publisher.get_subscription_count)

    def _subscribe(self, name: str) -> Any:
        def take(message: Int32) -> None:
            self.threads.add(threading.current_thread().name)
            if message.data < 0:
                raise ValueError("a bad message")
            self.got[name].append(message.data)

        made = self.ros.node.create_subscription(Int32, name, take, qos.reliable(100))
        return self.reception.add(made, wakes=name == "waking")

    def send(self, name: str, *numbers: int) -> None:
        for number in numbers:
            self.publishers[name].publish(Int32(data=number))


@pytest.fixture
def desk(ros: RosHarness) -> Iterator[Desk]:
    made = Desk(ros)
    yield made
    made.reception.close()


def test_messages_come_in_order_and_not_through_the_executor(desk: Desk) -> None:
    desk.send("waking", *range(50))
    desk.ros.wait_for(lambda: len(desk.got["waking"]) == 50)
    assert desk.got["waking"] == list(range(50))
    assert desk.threads == {"reception"}


def test_what_wakes_nobody_comes_before_what_wakes(desk: Desk) -> None:
    desk.send("quiet", 1, 2)
    time.sleep(0.02)
    desk.send("waking", 3)
    desk.ros.wait_for(lambda: desk.got["waking"])
    assert desk.got["quiet"] == [1, 2]


def test_what_wakes_nobody_comes_when_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "IDLE_S", 600.0)
    desk.send("waking", 0)  # from here on it waits for ten minutes
    desk.ros.wait_for(lambda: desk.got["waking"])
    desk.send("quiet", 7)

    def asked() -> list[int]:
        desk.reception.take_quiet()
        return desk.got["quiet"]

    assert desk.ros.wait_for(asked) == [7]
    assert len(desk.threads) == 2


def test_a_callback_that_fails_is_not_the_last(desk: Desk) -> None:
    desk.send("waking", -1, 5)
    desk.ros.wait_for(lambda: desk.got["waking"] == [5])


def test_removed_subscriptions_are_left_alone_and_others_go_on(desk: Desk) -> None:
    desk.reception.remove(desk.subscriptions["quiet"])
    desk.send("waking", 1)
    desk.ros.wait_for(lambda: desk.got["waking"] == [1])


def test_events_are_told_and_wake_no_executor(desk: Desk) -> None:
    told: list[Any] = []
    node = desk.ros.node
    node.create_publisher(Int32, "unfit", qos.sensor_out())  # best effort
    made = node.create_subscription(
        Int32,
        "unfit",
        lambda _: None,
        qos.reliable(),
        event_callbacks=SubscriptionEventCallbacks(incompatible_qos=told.append),
    )
    desk.reception.add(made, wakes=True)
    desk.ros.wait_for(lambda: told)
    assert told[0].total_count >= 1
    assert not any(node.executor.can_execute(event) for event in made.event_handlers)


def test_close_ends_the_thread(ros: RosHarness) -> None:
    made = Desk(ros)
    made.reception.close()
    assert "reception" not in {thread.name for thread in threading.enumerate()}
