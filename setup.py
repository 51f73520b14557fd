"""For pip: the half of the package that needs no ROS. Metadata is in pyproject.toml."""

from setuptools import setup

setup()
