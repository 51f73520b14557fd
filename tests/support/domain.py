"""A DDS domain that no other test run on this machine uses."""

from __future__ import annotations

import socket

DOMAINS = 101
"""Domains 1 to 101 keep clear of the ports that Linux hands out by itself."""


def free_domain(seed: int) -> int:
    """The first domain, counted from ``seed``, whose first participant's ports are free."""
    for offset in range(DOMAINS):
        domain = 1 + (seed + offset) % DOMAINS
        base = 7400 + 250 * domain
        if all(_is_free(port) for port in (base, base + 10, base + 11)):
            return domain
    raise RuntimeError(f"no free DDS domain among 1-{DOMAINS}: end other ROS processes first")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
