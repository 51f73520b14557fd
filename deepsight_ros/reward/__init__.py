"""Task in words and scenes in; dense reward, progress and success out. No ROS, no torch."""
