"""The catalogue: every question type, by name.

One entry serves four uses: understanding a question (``matching`` reads to the entry's name),
answering it (``answering`` calls its solver), rendering pairs for training, and scoring
(``parser``).
"""

from __future__ import annotations

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.questions.families import choices, clearance, distances, relations, sets, sizes
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.types import QuestionType

CATALOGUE: dict[str, QuestionType] = {
    entry.name: entry
    for family in (distances, sizes, relations, choices, sets, clearance)
    for entry in family.TYPES
}
"""Every type, by name."""


def type_of(query: Query) -> QuestionType:
    """The catalogue entry a query asks.

    Raises:
        InvalidValueError: no such entry; a reading rule and the catalogue disagree.
    """
    name = query.type
    if name == "list" and query.condition is not None and query.condition.predicate:
        name = f"list.{query.condition.predicate}"
        name = name if name in CATALOGUE else "list"
    elif query.anchor is not None and name in CATALOGUE:
        name = f"{name}.third" if f"{name}.third" in CATALOGUE else name
    if name not in CATALOGUE:
        raise InvalidValueError(f"catalogue: got question type '{name}', expected one it lists")
    return CATALOGUE[name]
