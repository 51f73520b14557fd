"""ROS 2: messages <-> values, QoS, lifecycle, TF, diagnostics. The only room that imports rclpy."""
