"""Mentions: a thing (or set of things) as a question names it, before it is looked up in a
scene."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Words = tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """The extreme of a comparison: "the second tallest", "nearest to the lamp".

    Attributes:
        predicate: comparative whose extreme is meant ("taller").
        rank: 1 for the extreme itself, 2 for the second ...
        anchor: for closer/farther: what it is near to, None for the camera.
        of_two: a comparative ("the taller one"), which needs exactly two candidates.
    """

    predicate: str
    rank: int = 1
    anchor: Mention | None = None
    of_two: bool = False


@dataclass(frozen=True)
class Relation:
    """A restriction by place: "on the tray", "between the mug and the bowl"."""

    predicate: str
    anchors: tuple[Mention, ...]


@dataclass(frozen=True)
class Mention:
    """What a question says about a thing.

    Attributes:
        text: words as understood ("the red mugs").
        noun: noun phrase in the singular; () when only a modifier or "one" stands for it.
        is_group: the noun fits everything ("thing", "object").
        is_one: the noun is "one", or left out: the thing meant is of a kind named elsewhere.
        colours: colour words said.
        sizes: predicates of size adjectives ("bigger" for "the big one").
        place: "left", "right", "front", "back", "middle", "top", "bottom" or "".
        order: superlative or ordinal, if any.
        relation: restriction by a relation, if any.
        number: how many are meant ("two mugs", "both": 2), None when unsaid.
        is_plural: a plural noun.
        is_other: "the other mug".
        determiner: "the", "a", "any", "which", "all", "" ...
        tag: object id or region tag said literally, "".
        is_support: the surface things stand on.
        is_gripper: the robot's gripper.
        is_camera: the viewer.
        is_inherited: the noun was taken over from another mention.
        unknown: words of the phrase that mean nothing here (kept as evidence against a match).
        taken: ids taken out beforehand (the antecedent of "the other one").
    """

    text: str
    noun: Words = ()
    is_group: bool = False
    is_one: bool = False
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    place: str = ""
    order: Order | None = None
    relation: Relation | None = None
    number: int | None = None
    is_plural: bool = False
    is_other: bool = False
    determiner: str = ""
    tag: str = ""
    is_support: bool = False
    is_gripper: bool = False
    is_camera: bool = False
    unknown: Words = ()
    is_inherited: bool = False
    taken: tuple[str, ...] = field(default=())

    @property
    def is_bare_group(self) -> bool:
        """Any thing at all: no noun that tells, no modifier."""
        return (
            (self.is_group or self.is_one)
            and not self.colours
            and not self.sizes
            and not self.place
            and self.order is None
            and self.relation is None
            and not self.unknown
            and not self.is_other
        )

    @property
    def is_thing(self) -> bool:
        """Neither camera nor support: something that may be an object of the scene."""
        return not (self.is_camera or self.is_support)

    def with_noun_of(self, other: Mention) -> Mention:
        """ "the blue one" after "the red mug": the noun of the other mention."""
        return replace(
            self, noun=other.noun, is_group=other.is_group, is_one=False, is_inherited=True
        )


CAMERA = Mention("the camera", is_camera=True)
