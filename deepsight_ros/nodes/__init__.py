"""ROS 2: messages <-> values, QoS, lifecycle, TF, diagnostics. Only here is rclpy imported."""
