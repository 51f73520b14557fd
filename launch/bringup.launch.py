"""Bring up deepsight_ros: ``ros2 launch deepsight_ros bringup.launch.py source:=sim``.

The graph is described in deepsight_ros/nodes/bringup_plan.py, which ``deepsight bringup`` carries
out too; `ros2 launch deepsight_ros bringup.launch.py --show-args` lists the arguments.
"""

from deepsight_ros.nodes.bringup_launch import launch_description


def generate_launch_description():
    return launch_description(replay=False)
