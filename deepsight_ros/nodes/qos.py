"""Quality of service of every topic: SensorData in, reliable out, each overridable by parameters.

``qos_overrides.<topic>.subscription.reliability`` (``history``, ``depth``; ``publisher`` for
outputs) are the standard ROS parameters for it; they are read when the topic is created.
"""

from __future__ import annotations

from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions


def sensor_in(depth: int = 5) -> QoSProfile:
    """Best effort, volatile, keep last: what every camera driver's QoS is compatible with."""
    return QoSProfile(
        reliability=ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.VOLATILE,
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
    )


def sensor_out(depth: int = 5) -> QoSProfile:
    """What camera drivers publish images with; reliable images stall on a slow reader."""
    return sensor_in(depth)


def reliable(depth: int = 10) -> QoSProfile:
    """Reliable, volatile, keep last: results and requests."""
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.VOLATILE,
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
    )


def service(depth: int = 100) -> QoSProfile:
    """For services that many clients call at once: the default depth of 10 drops the eleventh."""
    return reliable(depth)


def latched(depth: int = 1) -> QoSProfile:
    """Reliable and kept for late joiners: static transforms, truth that does not change."""
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
    )


def overridable() -> QoSOverridingOptions:
    """Declares the standard override parameters for the topic it is passed with."""
    return QoSOverridingOptions.with_default_policies()


def policy_name(kind: int) -> str:
    """Name of the policy in an incompatible-QoS event ("reliability"), for messages."""
    try:
        return QoSPolicyKind(kind).name.lower()
    except ValueError:
        return f"policy {kind}"
