"""Query: a question that was understood, before its mentions are looked up in a scene."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepsight_ros.questions.mentions import Mention


@dataclass(frozen=True)
class Condition:
    """What a thing must satisfy: a predicate to others, or a quantity against a value.

    Attributes:
        predicate: of docs/semantics.md, or "" when a quantity is compared.
        anchors: the others, in the order the predicate takes them.
        quantity: compared with ``threshold`` when ``predicate`` is empty.
        relation: of ``scene.predicates.compare_to``.
        threshold: SI.
        inverse: the anchor stands in the relation to the member: "the plate with the orange on
        it".
    """

    predicate: str = ""
    anchors: tuple[Mention, ...] = ()
    quantity: str = ""
    relation: str = ""
    threshold: float = 0.0
    inverse: bool = False


@dataclass(frozen=True)
class Query:
    """A question understood.

    Attributes:
        type: catalogue name.
        things: the mentions, in the order of the type's roles. Choices: the options.
        anchor: third party: what is near to, what is to the left of ...
        group: the set a superlative, list, count or existence is about; None: all objects.
        condition: restriction of the set.
        unit: unit asked for, "" for the human default.
        relation: "more_than", "at_least", "less_than", "at_most", "fits", "about"; "of_all" when
            a superlative should name all it compared ("which of the barrels is nearer").
        threshold: SI value compared with.
        number: count compared with, or rank ("second tallest").
        negated: the opposite was asked ("is it not ...").
        width_m, height_m: swept box of free space, None for the default.
        language: "en" or "ja".
    """

    type: str
    things: tuple[Mention, ...] = ()
    anchor: Mention | None = None
    group: Mention | None = None
    condition: Condition | None = None
    unit: str = ""
    relation: str = ""
    threshold: float | None = None
    number: int | None = None
    negated: bool = False
    width_m: float | None = None
    height_m: float | None = None
    language: str = "en"

    def asking(self, unit: str) -> Query:
        """The same question with the unit it asks for."""
        return replace(self, unit=unit)


@dataclass(frozen=True)
class NotUnderstood:
    """No type of the catalogue fits.

    Attributes:
        reason: for the user, in words.
        language: that the reason should be in.
    """

    reason: str
    language: str = "en"
