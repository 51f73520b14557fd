"""Reading rules: from one ``Utterance`` to a ``Query``, or None when the rule does not fit.

A rule names every cue it can explain; one it cannot explain means that the rule does not fit.
Rules are tried in the order of ``RULES``, the most specific first.
"""

from __future__ import annotations

from collections.abc import Callable

from deepsight_ros.questions.query import Query
from deepsight_ros.questions.rules import choices, clearance, compare, relations, sets, values
from deepsight_ros.questions.utterance import Utterance

Rule = Callable[[Utterance], Query | None]

RULES: tuple[Rule, ...] = (
    *clearance.RULES,
    *sets.COUNTING,
    *compare.RULES,
    *choices.RULES,
    *sets.RULES,
    *relations.RULES,
    *values.RULES,
)
