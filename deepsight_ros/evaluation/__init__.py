"""Benchmarks: simulated geometry, understanding, bag replay. No torch, no ROS."""
