"""The question catalogue: understanding, answering and rendering spatial questions. No torch, no
ROS."""
