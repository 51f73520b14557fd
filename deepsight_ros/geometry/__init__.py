"""Cameras, depth, points, planes, boxes and noise. numpy (and OpenCV for images) only."""
