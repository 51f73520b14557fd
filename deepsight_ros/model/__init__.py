"""The depth-language model: frames, regions and text in, text and numbers out. Torch, no ROS."""
