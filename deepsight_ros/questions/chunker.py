"""The noun reader: finds where a sentence names things, and reads what it says about them.

In: the items of a sentence. Out: for a position, the mentions that may start there, longest first;
"the mug on the tray" may be one mention or a mention and a relation, so both are offered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from deepsight_ros.questions.lexer import Item
from deepsight_ros.questions.lexicon import GRIPPER_NOUNS, GROUP_NOUNS, is_plural
from deepsight_ros.questions.mentions import CAMERA, Mention, Order, Relation, Words
from deepsight_ros.questions.modifiers import (
    BARE_NOUN_BLOCKERS,
    DETERMINERS,
    NEVER_BARE,
    NOUN_SURROUNDINGS,
    ORDINALS,
    PLACE_WORDS,
    SIZE_WORDS,
)
from deepsight_ros.questions.spelling_words import PROTECTED
from deepsight_ros.questions.vocabulary import COLOUR_WORDS, MATERIALS, Fit, Vocabulary, noun_key

Option = tuple[int, Mention]

_TAG = re.compile(r"<([a-z0-9_./:-]{1,40})>|(region\d{1,4}|o\d{1,4})")
_BREAK = "\0"  # stands for a multi-word cue in the list of words: no noun runs across it
_SHADES = frozenset({"dark", "light", "bright", "pale", "deep"})
_ENDS_ELLIPSIS = frozenset({"and", "or", ",", "than", "vs", "to", "from", "'s"})
_PORTIONS = frozenset({"piece", "pieces", "item", "items", "bit", "bits", "kind", "kinds"})
_UNNAMED_SIZE = frozenset({"one", "ones"})


@dataclass
class _Draft:
    """A mention while it is read."""

    start: int
    determiner: str = ""
    number: int | None = None
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    place: str = ""
    order: Order | None = None
    ordinal: int | None = None
    is_other: bool = False
    unknown: Words = ()
    trusted: int = 0

    @property
    def is_modified(self) -> bool:
        return bool(
            self.colours or self.sizes or self.place or self.order or self.is_other or self.ordinal
        )


class Chunker:
    """Reads mentions in one sentence of one scene."""

    def __init__(self, items: list[Item], vocabulary: Vocabulary) -> None:
        self.items = items
        self.vocabulary = vocabulary
        self.words = [item.word or _BREAK for item in items]
        self._cache: dict[tuple[int, bool], list[Option]] = {}

    def mentions_at(self, at: int, *, extend: bool = True) -> list[Option]:
        """Mentions that may start at an item: (end, mention), longest first."""
        key = (at, extend)
        if key not in self._cache:
            self._cache[key] = self._read(at, extend)
        return self._cache[key]

    def is_optional(self, at: int) -> bool:
        """True when the item means something without being part of a mention."""
        return not any(cue.startswith("?") for cue in self.items[at].cues)

    # -- a noun phrase ------------------------------------------------------------------------

    def _read(self, at: int, extend: bool) -> list[Option]:
        tag = _TAG.fullmatch(self.words[at])
        if tag and (tag.group(1) or self._is_id(tag.group(2))):
            name = tag.group(1) or tag.group(2)
            return [(at + 1, Mention(name, tag=name, determiner="the"))]
        base = self._base(at)
        if base is None:
            return []
        options = [base]
        while extend and len(options) < 4:
            longer = self._extended(*options[-1])
            if longer is None:
                break
            options.append(longer)
        return options[::-1]

    def _is_id(self, name: str) -> bool:
        return name.startswith("region") or any(i == name for i, _ in self.vocabulary.labels)

    def _base(self, at: int) -> Option | None:
        draft = _Draft(at)
        here = self._determiner(at, draft)
        if here is None:
            return None
        here = self._modifiers(here, draft)
        partitive = self._partitive(here, draft)
        if partitive is not None:
            return partitive
        if here < len(self.items) and self.words[here] in _UNNAMED_SIZE:
            if draft.is_modified or (draft.determiner in ("other",)):
                return here + 1, self._finish(draft, here + 1, is_one=True)
            return None
        end, noun = self._noun(here, draft)
        if noun is not None:
            return end, self._finish(draft, end, noun)
        if draft.determiner and self._is_unknown(here):
            end = here
            while end < len(self.items) and end < here + 3 and self._is_unknown(end):
                end += 1
            draft.unknown += tuple(self.words[here:end])
            return end, self._finish(draft, end)
        is_bare = not draft.determiner and here == at and self.words[at] not in PROTECTED
        if is_bare and self._is_unknown(at) and len(self.words[at]) > 2:
            draft.unknown = (self.words[at],)
            return at + 1, self._finish(draft, at + 1)
        return self._elliptical(here, draft)

    def _partitive(self, here: int, draft: _Draft) -> Option | None:
        """ "The smaller of the two mugs", "the leftmost one of the boxes"."""
        if draft.order is None and not draft.place and not draft.sizes:
            return None
        if self._word(here) in _UNNAMED_SIZE:
            here += 1
        if self._word(here) != "of" or not draft.determiner or here + 1 >= len(self.items):
            return None
        inner = self._base(here + 1)
        if inner is None or not (inner[1].is_plural or (inner[1].number or 0) > 1):
            return None
        end, whole = inner
        if whole.order is not None or whole.place or whole.sizes:
            return None
        text = " ".join(w for item in self.items[draft.start : end] for w in item.words)
        return end, replace(
            whole, text=text, order=draft.order, place=draft.place, sizes=draft.sizes,
            number=None, is_plural=False,
        )  # fmt: skip

    def _determiner(self, at: int, draft: _Draft) -> int | None:
        here = at
        word = self.words[here]
        if word in DETERMINERS:
            draft.determiner = DETERMINERS[word]
            if word == "both":
                draft.number = 2
            here += 1
            if word in ("both", "all", "each", "any", "some") and self._word(here) == "of":
                here += 1
            if word in ("both", "all", "any", "some", "each") and self._word(here) in DETERMINERS:
                draft.determiner = draft.determiner if word == "any" else "the"
                here += 1
        if self._word(here) == "pair" and self._word(here + 1) == "of":
            draft.number = 2
            here += 2
            if self._word(here) in DETERMINERS:
                here += 1
        if here < len(self.items) and self.items[here].number is not None:
            number = self.items[here].number or 0.0
            if number == int(number) and 0 < number < 1000:
                draft.number = int(number)
                here += 1
                if self._word(here) == "of" and self._word(here + 1) in DETERMINERS:
                    here += 2
        if here >= len(self.items):
            return None
        return here

    def _modifiers(self, here: int, draft: _Draft) -> int:
        """Read modifiers while a noun, "one" or a further modifier can still follow."""
        while here < len(self.items):
            word, item = self.words[here], self.items[here]
            after = self._word(here + 1)
            superlative = item.cues[0][4:] if item.cues and item.cues[0][:4] == "SUP_" else ""
            comparative = item.cues[0][4:] if item.cues and item.cues[0][:4] == "CMP_" else ""
            if self._noun_length(here) > 1:
                break
            if superlative:
                draft.order = Order(superlative, draft.ordinal or 1)
                draft.ordinal = None
            elif (
                comparative
                and draft.determiner == "the"
                and (self._heads_on(here + 1) or after == "of")
            ):
                draft.order = Order(comparative, of_two=True)
            elif word in COLOUR_WORDS and not self._is_fruit(here, draft):
                draft.colours += (word,)
            elif word in _SHADES and after in COLOUR_WORDS:
                pass
            elif word in _PORTIONS and after == "of":
                here += 1
            elif word == "other" or (word == "remaining" and draft.determiner):
                draft.is_other = True
            elif word in ORDINALS and (draft.determiner or after):
                draft.ordinal = ORDINALS[word]
            elif word in PLACE_WORDS and self._modifies(here, draft):
                draft.place = PLACE_WORDS[word]
                if after == "hand":
                    here += 1
            elif word in SIZE_WORDS and self._modifies(here, draft):
                draft.sizes += (SIZE_WORDS[word],)
            elif word in MATERIALS and self._noun_length(here) <= 1 and self._heads_on(here + 1):
                draft.trusted += 1
            elif (item.cues == ("PLACE_left",) or item.cues == ("PLACE_right",)) and item.words[
                -1:
            ] == ("hand",):
                draft.place = item.cues[0][6:]
            elif (
                (draft.determiner or draft.is_modified)
                and self._is_unknown(here)
                and (self._heads_on(here + 1))
            ):
                draft.unknown += (word,)
            else:
                break
            here += 1
        return here

    def _modifies(self, here: int, draft: _Draft) -> bool:
        """A size or place word is a modifier only in front of a noun (or, with "the", of
        "and")."""
        if self._heads_on(here + 1):
            before = self.items[draft.start - 1] if draft.start else None
            return not (before is not None and before.words == ("how",))
        after = self._word(here + 1)
        return draft.determiner == "the" and (
            after in _ENDS_ELLIPSIS - {"to", "from", "than", "'s"}
            and self._modifier_follows(here + 2)
        )

    def _modifier_follows(self, at: int) -> bool:
        if self._word(at) in DETERMINERS:
            at += 1
        word = self._word(at)
        return word in SIZE_WORDS or word in PLACE_WORDS or word in COLOUR_WORDS

    def _heads_on(self, at: int) -> bool:
        """True when a noun phrase can go on at an item: a noun, "one", or modifiers of one."""
        for here in range(at, min(at + 5, len(self.items))):
            word, item = self.words[here], self.items[here]
            if word in _UNNAMED_SIZE or self._noun_length(here):
                return True
            is_modifier = (
                word in COLOUR_WORDS
                or word in SIZE_WORDS
                or word in PLACE_WORDS
                or word in MATERIALS
                or word in ORDINALS
                or word == "hand"
                or bool(item.cues and item.cues[0][:4] == "SUP_")
                or self._is_unknown(here)
            )
            if not is_modifier:
                return False
        return False

    def _is_fruit(self, here: int, draft: _Draft) -> bool:
        """ "the orange": the fruit, when a label says so and no noun follows."""
        word = self.words[here]
        return not self._heads_on(here + 1) and any(
            fit <= Fit.NAME for fit in self.vocabulary.fits((word,)).values()
        )

    def _noun(self, here: int, draft: _Draft) -> tuple[int, Words | None]:
        """Read one noun phrase: consecutive nouns are one compound unless each names a thing."""
        if here >= len(self.items):
            return here, None
        length = self._noun_length(here)
        if not length:
            return here, None
        word = self.words[here]
        is_bare = not (draft.determiner or draft.is_modified or draft.number or draft.trusted)
        is_blocked = word in BARE_NOUN_BLOCKERS and (
            word in NEVER_BARE or (word,) not in self.vocabulary.label_nouns
        )
        if length == 1 and is_bare and is_blocked and not self._surrounded(here):
            return here, None
        noun = self.words[here : here + length]
        end = here + length
        while end < len(self.items):
            length = self._noun_length(end)
            # "the crate supports": a word with a meaning of its own joins only a known compound
            has_meaning = length == 1 and not any(c[0] == "?" for c in self.items[end].cues)
            if not length or has_meaning:
                break
            following = self.words[end : end + length]
            if following[0] in COLOUR_WORDS or self._are_two(noun, following):
                break
            noun = [*noun, *following]
            end += length
        return end, noun_key(noun)

    def _are_two(self, first: list[str], second: list[str]) -> bool:
        whole = noun_key([*first, *second])
        if any(fit <= Fit.PART for fit in self.vocabulary.fits(whole).values()):
            return False
        one, two = noun_key(first), noun_key(second)
        if set(self.vocabulary.fits(one)) == set(self.vocabulary.fits(two)):
            return False  # "the crackers box"
        if one[-1] in GROUP_NOUNS or two[-1] in GROUP_NOUNS:
            return two[-1] not in GROUP_NOUNS
        return all(
            any(fit <= Fit.PART for fit in self.vocabulary.fits(noun).values())
            or " ".join(noun) in GRIPPER_NOUNS
            for noun in (one, two)
        )

    def _surrounded(self, here: int) -> bool:
        """A bare "can" is a noun behind "and", "of" ... and never before a subject."""
        after = self._word(here + 1)
        if after in DETERMINERS or after in ("i", "you", "we", "it", "they"):
            return False
        if here == 0:
            return self.words[here] not in ("can", "stand", "show", "support", "match", "fit")
        before = self.items[here - 1]
        if before.word in DETERMINERS:
            return True
        if self.words[here] == "can" and before.word in ("and", ",", "which"):
            return after not in ("fit", "go", "move", "be", "grasp", "hold", "tell")
        return any(c in NOUN_SURROUNDINGS or c[:4] == "REL_" for c in before.cues) or (
            before.word in NOUN_SURROUNDINGS
        )

    def _noun_length(self, at: int) -> int:
        if at >= len(self.items) or self.words[at] == _BREAK:
            return 0
        if self.words[at] in _UNNAMED_SIZE or self.items[at].cues == ("<c>",):
            return 0
        return self.vocabulary.noun_at(self.words, at)

    def _is_unknown(self, at: int) -> bool:
        return (
            at < len(self.items)
            and bool(self.items[at].cues)
            and self.items[at].cues[0].startswith("?")
            and not self.items[at].is_known
        )

    def _elliptical(self, here: int, draft: _Draft) -> Option | None:
        """ "the blue" for "the blue one", "the left" in "the left and the right box"."""
        if draft.determiner != "the" and not (draft.colours and self._word(here) in ("and", "or")):
            return None
        if draft.colours or draft.is_other:
            return here, self._finish(draft, here, is_one=True)
        if here == draft.start or not draft.is_modified:
            if draft.number == 2 and draft.determiner == "the" and here < len(self.items):
                return None
            return None
        if here < len(self.items) and self.words[here] not in _ENDS_ELLIPSIS | {"?", ".", "is"}:
            return None
        return here, self._finish(draft, here, is_one=True)

    def _finish(
        self, draft: _Draft, end: int, noun: Words = (), *, is_one: bool = False
    ) -> Mention:
        order = draft.order
        if draft.ordinal is not None and order is None:
            order = Order("", draft.ordinal)
        said = " ".join(noun)
        head = noun[-1] if noun else ""
        is_named = bool(noun) and any(f <= Fit.NAME for f in self.vocabulary.fits(noun).values())
        last = self.words[end - 1] if end > draft.start else ""
        return Mention(
            text=" ".join(w for item in self.items[draft.start : end] for w in item.words),
            noun=noun,
            is_group=head in GROUP_NOUNS and len(noun) == 1,
            is_one=is_one,
            colours=draft.colours,
            sizes=draft.sizes,
            place=draft.place,
            order=order,
            number=draft.number,
            is_plural=last == "ones" or (bool(noun) and is_plural(last)),
            is_other=draft.is_other or draft.determiner == "other",
            determiner="the" if draft.determiner == "other" else draft.determiner,
            is_support=bool(noun) and self.vocabulary.names_support(noun),
            is_gripper=said in GRIPPER_NOUNS and not (is_named and said != "gripper"),
            unknown=draft.unknown,
        )

    # -- what follows the noun -----------------------------------------------------------------

    def _extended(self, end: int, mention: Mention) -> Option | None:
        """The mention with one more phrase behind it, or None."""
        if mention.is_support or mention.tag:
            return None
        tag = self._word(end + 1)
        if self._word(end) == "(" and self._word(end + 2) == ")" and self._is_id(tag):
            return end + 3, replace(mention, tag=tag)  # as answers name what words cannot tell
        here = end
        is_clause = self._word(here) in ("that", "which", "who")
        while here < len(self.items) and not self.items[here].cues and here < end + 3:
            here += 1  # "that is standing"
        if is_clause and self._word(end) != "which" and self._is_unknown(here):
            here += 1  # "the cat that sleeps on the sofa"
        if here < len(self.items) and self.items[here].cues == ("which",):
            here += 1
            if here < len(self.items) and self.items[here].cues != ("is",):
                return None
        while (
            here < len(self.items)
            and here < end + 5
            and (not self.items[here].cues or self.items[here].cues == ("is",))
        ):
            if self.items[here].cues == ("is",) and here == end:
                return None
            here += 1
        if here >= len(self.items) or not self.items[here].cues:
            return None
        cue = self.items[here].cues[0]
        if cue.startswith("PLACE_"):
            return self._with_place(here, cue[6:], mention)
        if cue.startswith("SUP_") and mention.order is None:
            return self._with_superlative(here, cue[4:], mention)
        is_place = cue in ("CMP_left_of", "CMP_right_of", "CMP_behind", "CMP_in_front_of")
        is_place = is_place or (is_clause and cue.startswith("CMP_"))
        if is_place and mention.order is None and self._word(here + 1) not in ("than", "as"):
            return here + 1, replace(mention, order=Order(cue[4:], of_two=True))
        if cue == "in" or cue.startswith("REL_"):
            return self._with_relation(here, "inside" if cue == "in" else cue[4:], mention)
        if cue == "BETWEEN":
            return self._with_between(here, mention)
        return None

    def _with_place(self, here: int, place: str, mention: Mention) -> Option | None:
        words = self.items[here].words
        if len(words) == 1 and words[0] in ("left", "right"):
            return None  # "is the mug left or right of": a bare word is no place
        if place.startswith("from_"):
            side = place[5:]
            if mention.order is None or mention.order.predicate:
                return None
            predicate = {
                "left": "left_of", "right": "right_of", "front": "in_front_of", "back": "behind"
            }[side]  # fmt: skip
            return here + 1, replace(mention, order=replace(mention.order, predicate=predicate))
        if mention.place:
            return None
        return here + 1, replace(mention, place=place, text=f"{mention.text} {' '.join(words)}")

    def _with_superlative(self, here: int, predicate: str, mention: Mention) -> Option | None:
        """ "the box nearest to the lamp", "the thing furthest away from you"."""
        here += 1
        anchor: Mention | None = None
        if predicate in ("closer", "farther"):
            if self._word(here) in ("to", "from", "of"):
                here += 1
            if here < len(self.items) and self.items[here].cues == ("<c>",):
                here += 1
            else:
                found = self.mentions_at(here, extend=False) if here < len(self.items) else []
                if found:
                    here, anchor = found[0]
        return here, replace(mention, order=Order(predicate, 1, anchor))

    def _with_relation(self, here: int, predicate: str, mention: Mention) -> Option | None:
        if mention.relation is not None:
            return None
        after = here + 1
        if after < len(self.items) and self.items[after].cues == ("<c>",):
            return (after + 1, replace(mention, relation=Relation(predicate, (CAMERA,))))
        found = self.mentions_at(after, extend=False) if after < len(self.items) else []
        if not found:
            return None
        end, anchor = found[0]
        if anchor.is_support and predicate != "on":
            return None
        text = f"{mention.text} {predicate.replace('_', ' ')} {anchor.text}"
        return end, replace(mention, relation=Relation(predicate, (anchor,)), text=text)

    def _with_between(self, here: int, mention: Mention) -> Option | None:
        if mention.relation is not None or here + 1 >= len(self.items):
            return None
        first = self.mentions_at(here + 1, extend=False)
        if not first:
            return None
        end, one = first[0]
        anchors: tuple[Mention, ...] = (one,)
        if self._word(end) == "and" and end + 1 < len(self.items):
            second = self.mentions_at(end + 1, extend=False)
            if second:
                end, two = second[0]
                anchors = (one, two)
        if len(anchors) == 1 and not (one.is_plural or one.number == 2):
            return None
        return end, replace(mention, relation=Relation("between", anchors))

    def _word(self, at: int) -> str:
        return self.words[at] if at < len(self.words) else ""
