"""deepsight_ros: metric spatial answers from RGB-D cameras, on the robot's own computer.

Rooms, imports going downwards only: cli, nodes, evaluation, training, synthesis, reward,
reasoning, model, perception, questions, scene, sources, geometry. See docs/architecture.md.

The generated interfaces (``deepsight_ros.msg``, ``.srv``, ``.action``) belong to this package too,
but lie where colcon installed them. Searching every ``deepsight_ros`` folder on ``sys.path`` makes
a source checkout and an installed package one package, whichever is found first.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"
