"""Play a recording through the graph: ``ros2 launch deepsight_ros replay.launch.py path:=my_bag``.

The arguments are those of bringup.launch.py; here the recording sets the clock, and the launch
ends with it.
"""

from deepsight_ros.nodes.bringup_launch import launch_description


def generate_launch_description():
    return launch_description(replay=True)
