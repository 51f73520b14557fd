"""The bridge between a coroutine in an executor and the desk's threads."""

from __future__ import annotations

from typing import Any, TypeVar

from rclpy.node import Node
from rclpy.task import Future

from deepsight_ros.nodes.query_desk import Job, QueryDesk

R = TypeVar("R")


async def at_desk(node: Node, desk: QueryDesk[R], job: Job[R]) -> R:
    """Submit a job and await its response without holding the executor.

    rclpy looks at an awaiting callback when its executor wakes, so the desk's thread wakes it.
    """
    done: Future = Future(executor=node.executor)

    def finish(response: Any) -> None:
        done.set_result(response)
        executor = node.executor
        if executor is not None:
            executor.wake()

    job.finish = finish
    desk.submit(job)
    response: R = await done
    return response
