"""Procedural worlds with exact truth, their renderer and sensors. No torch, no ROS."""
