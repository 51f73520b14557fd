"""Scene, objects, and what is measured on them. No torch, no ROS, no images."""
