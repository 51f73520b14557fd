"""DeepsightNode: a lifecycle node with checked parameters, counted faults and diagnostics.

A subclass overrides ``setup``, ``start``, ``stop`` and ``teardown``, each called on the matching
transition; what they raise is logged with its traceback and becomes a failed transition, which
rclpy alone would swallow.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes import diagnostics, qos
from deepsight_ros.nodes.conversions import header
from deepsight_ros.nodes.diagnostics import OK, WARN, Report
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.parameters import ParameterSet
from deepsight_ros.nodes.settings import NodeSettings

S = TypeVar("S", bound=NodeSettings)
RECENT_S = 10.0
"""A fault counts as present in /diagnostics for this long after its last occurrence."""


class DeepsightNode(LifecycleNode, Generic[S]):
    """Base of every node of the graph.

    Args:
        name: node name.
        settings: dataclass of the parameters.
        options: passed on to rclpy (namespace, context, parameter_overrides, cli_args).
    """

    def __init__(self, name: str, settings: type[S], **options: Any) -> None:
        super().__init__(name, **options)
        self.is_active = False
        self._closed = False
        try:
            self._parameter_set = ParameterSet(self, settings, lambda: self.is_active)
        except Exception:
            self.destroy_node()
            raise
        self.fault_log = FaultLog(self._warn, self.settings.warning_period_s)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, "/diagnostics", qos.reliable(), qos_overriding_options=None
        )
        # A steady clock: diagnostics must come while simulated time stands still.
        self._diagnostics_timer = self.create_timer(
            self.settings.diagnostics_period_s,
            self._publish_diagnostics,
            callback_group=MutuallyExclusiveCallbackGroup(),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    # -- for subclasses ---------------------------------------------------------------------

    @property
    def settings(self) -> S:
        """The parameters as they are now."""
        return self._parameter_set.value

    def setup(self) -> None:
        """On configure: make what needs parameters."""

    def start(self) -> None:
        """On activate: begin to work."""

    def stop(self) -> None:
        """On deactivate: stop working, keep what setup made."""

    def teardown(self) -> None:
        """On cleanup: give back what setup made."""

    def reports(self) -> Iterable[Report]:
        """Lines for /diagnostics beside those every node has."""
        return ()

    # -- life -------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """Time of the node's clock (simulated with use_sim_time)."""
        return int(self.get_clock().now().nanoseconds)

    def autostart(self) -> bool:
        """Configure and activate if the parameter says so; False when that failed."""
        if not self.settings.autostart:
            return True
        good = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == good and self.trigger_activate() == good

    def close(self) -> None:
        """Stop working and destroy the node; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if self.is_active:
            self._guarded("stop", self.stop)
            self.is_active = False
        self._guarded("teardown", self.teardown)
        self.destroy_node()

    def destroy_node(self) -> None:
        """Destroy the node with its state machine, which rclpy leaves to the garbage collector.

        The state machine holds the node, and the node the DDS participant of its context: they
        would live on until a collection, whose moment and thread nobody chooses, takes them.
        """
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.fault_log.period_s = self.settings.warning_period_s
        if not self._guarded("configure", self.setup):
            self._guarded("clean up", self.teardown)
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        if not self._guarded("activate", self.start):
            self._guarded("deactivate", self.stop)
            return TransitionCallbackReturn.FAILURE
        self.is_active = True
        self.get_logger().info("active")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.is_active = False
        if not self._guarded("deactivate", self.stop):
            return TransitionCallbackReturn.ERROR
        self.get_logger().info("inactive")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        if not self._guarded("clean up", self.teardown):
            return TransitionCallbackReturn.ERROR
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.is_active:
            self.is_active = False
            self._guarded("deactivate", self.stop)
        self._guarded("clean up", self.teardown)
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.is_active = False
        self._guarded("deactivate", self.stop)
        self._guarded("clean up", self.teardown)
        return TransitionCallbackReturn.SUCCESS

    def _guarded(self, what: str, step: Any) -> bool:
        try:
            step()
        except DeepsightError as error:
            self.get_logger().error(f"{what} failed: {error}")
            return False
        except Exception:  # noqa: BLE001 - a failed transition is reported, not fatal
            self.get_logger().error(f"{what} failed:\n{traceback.format_exc()}")
            return False
        return True

    # -- faults and diagnostics ---------------------------------------------------------------

    def _warn(self, message: str) -> None:
        self.get_logger().warning(message)

    def _fault_report(self) -> Report:
        faults = self.fault_log.faults()
        recent = [fault for fault in faults if fault.age_s < RECENT_S]
        values: dict[str, object] = {f"{f.source}: {f.cause}": f.count for f in faults}
        if not recent:
            return Report("faults", OK, "none lately", values)
        return Report("faults", WARN, f"{recent[0].source}: {recent[0].message}", values)

    def _publish_diagnostics(self) -> None:
        everything = [
            Report("state", OK if self.is_active else WARN, self._state_name()),
            diagnostics.rare_profile_report(),
            *self.reports(),
            self._fault_report(),
        ]
        stamp = header(self.now_ns(), "")
        self._diagnostics.publish(
            diagnostics.to_message(self.get_fully_qualified_name(), everything, stamp)
        )

    def _state_name(self) -> str:
        return str(self._state_machine.current_state[1])
