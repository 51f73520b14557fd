"""A DDS domain of its own for demos and benchmarks, away from robots and other runs."""

from __future__ import annotations

import os
import socket

DOMAINS = 101
"""Domains up to here keep clear of the ports that Linux hands out by itself."""


def isolate() -> None:
    """Choose a domain nobody on this machine uses, for this process and its children.

    Call before ``rclpy.init``. A ROS_DOMAIN_ID that the user set stays in force.
    """
    if os.environ.get("ROS_DISTRO") == "humble":
        os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    else:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if os.environ.get("ROS_DOMAIN_ID"):
        return
    for offset in range(DOMAINS):
        domain = 1 + (os.getpid() + offset) % DOMAINS
        if _is_free(7400 + 250 * domain):
            os.environ["ROS_DOMAIN_ID"] = str(domain)
            return


def _is_free(first_port: int) -> bool:
    """No participant of the domain holds its multicast or first unicast ports."""
    for port in (first_port, first_port + 10, first_port + 11):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True
