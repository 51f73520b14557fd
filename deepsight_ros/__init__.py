"""deepsight_ros: metric spatial answers from RGB-D cameras, on the robot's own computer.

Rooms, imports going downwards only: cli, nodes, evaluation, training, synthesis, reward, reasoning,
model, perception, questions, scene, geometry. See docs/architecture.md.
"""

from pathlib import Path as _Path

__version__ = "0.1.0"


def _extend_with_generated_interfaces() -> None:
    """Make ``deepsight_ros.msg``/``.srv``/``.action`` importable beside a source checkout.

    colcon installs Python code and generated interfaces into one package; a checkout on
    ``sys.path`` shadows it. The same-named package found later on the path is appended here.
    """
    import sys

    for entry in sys.path:
        candidate = _Path(entry or ".") / "deepsight_ros"
        if (candidate / "msg").is_dir() and str(candidate) not in __path__:
            __path__.append(str(candidate))


_extend_with_generated_interfaces()
