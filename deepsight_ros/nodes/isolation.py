"""A DDS domain of its own for demos, benchmarks and tests, away from robots and other runs."""

from __future__ import annotations

import os
import socket

from deepsight_ros.errors import DeepsightError

DOMAINS = 101
"""Domains up to here keep clear of the ports that Linux hands out by itself."""


class DomainError(DeepsightError):
    """Every DDS domain of this machine is taken."""


def isolate() -> None:
    """Choose a domain nobody on this machine uses, for this process and its children.

    Call before ``rclpy.init``. A ROS_DOMAIN_ID that the user set stays in force.

    Raises:
        DomainError: no domain is free.
    """
    stay_local()
    if not os.environ.get("ROS_DOMAIN_ID"):
        os.environ["ROS_DOMAIN_ID"] = str(free_domain(os.getpid()))


def stay_local() -> None:
    """Keep DDS of this process and its children on this machine."""
    if os.environ.get("ROS_DISTRO") == "humble":
        os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    else:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


def free_domain(seed: int) -> int:
    """The first domain from 1 to ``DOMAINS``, counted from ``seed``, that nobody here uses.

    Raises:
        DomainError: no domain is free.
    """
    for offset in range(DOMAINS):
        domain = 1 + (seed + offset) % DOMAINS
        if _is_free(7400 + 250 * domain):
            return domain
    raise DomainError(
        f"DDS domain: got none free among 1-{DOMAINS}, expected one; end other ROS processes first"
    )


def _is_free(first_port: int) -> bool:
    """No participant of the domain holds its multicast or first unicast ports."""
    for port in (first_port, first_port + 10, first_port + 11):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True
