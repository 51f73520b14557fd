"""Family: sizes of one thing, as values, against a value, and compared between two things."""

from __future__ import annotations

from deepsight_ros.questions.families.distances import compare_types
from deepsight_ros.questions.families.phrasings import (
    answered_with_number,
    asked_by_adjective,
    asked_by_clause,
    asked_by_noun,
    asked_how_much,
)
from deepsight_ros.questions.solving import (
    UNIT_OF_PREDICATE,
    difference_of,
    dimensions,
    same_of,
    value_of,
)
from deepsight_ros.questions.types import Form, QuestionType

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "height": (
        "how (tall|high) is {a}",
        "what is the height of {a}",
        "(measure|estimate|tell me|give me) the height of {a}",
        "what height (is|does) {a} (have|)",
        "how tall does {a} stand",
        "from (bottom to top|base to top), how (tall|high) is {a}",
        "what does {a} measure from top to bottom",
    ),
    "top": (
        "how high does {a} reach",
        "how high (up|) is the top of {a}",
        "how high above the {support} is the top of {a}",
        "at what height is the top of {a}",
        "how far (up|) does {a} reach above the {support}",
        "how far above the {support} is the (top|highest point) of {a}",
    ),
    "width": (
        "how wide is {a}",
        "what is the width of {a}",
        "(measure|estimate|tell me|give me) the width of {a}",
        "how wide is {a} from (side to side|left to right)",
        "what does {a} measure from side to side",
        "how far across is {a}",
    ),
    "depth": (
        "how deep is {a}",
        "what is the depth of {a}",
        "(measure|estimate|tell me|give me) the depth of {a}",
        "how deep is {a} from front to back",
        "what does {a} measure (from front to back|front to back)",
    ),
    "length": (
        "how long is {a}",
        "what is the length of {a}",
        "(measure|estimate|tell me|give me) the length of {a}",
        "how long is {a} from end to end",
        "how long is the (longer|long|longest) side of {a}",
    ),
    "breadth": (
        "how broad is {a}",
        "what is the breadth of {a}",
        "how long is the (shorter|short|narrow) side of {a}",
        "(measure|tell me|give me) the breadth of {a}",
        "what does the (short|narrow) side of {a} measure",
    ),
    "grasp_width": (
        "how (wide|far) must the gripper open to (grasp|grip|hold|pick up) {a}",
        "what is the grasp width of {a}",
        "what gripper opening (is needed|do I need) (for|to grasp|to pick up) {a}",
        "how (wide|far) (does|should) the gripper (have to|) open (for|to grasp|to take) {a}",
        "how wide a grip does {a} need",
    ),
    "thickness": (
        "how thick is {a}",
        "what is the thickness of {a}",
        "(measure|tell me|give me) the thickness of {a}",
        "how thick is {a} at its thinnest dimension",
    ),
    "diameter": (
        "what is the diameter of {a}",
        "what diameter (does|has) {a} (have|)",
        "(measure|tell me|give me) the diameter of {a}",
        "how large is the diameter of {a}",
    ),
    "volume": (
        "what is the volume of {a}",
        "how much (space|room) does {a} (take up|occupy)",
        "what volume does {a} (have|occupy|take up)",
        "(measure|estimate|tell me|give me) the volume of {a}",
        "how large is the volume of {a}",
    ),
}

_ANSWERS: dict[str, tuple[str, ...]] = {
    "height": ("{a} is {value} (tall|high)", "the height of {a} is {value}", "{value}",
               "it stands {value} tall", "it is {value} from bottom to top"),
    "top": ("the top of {a} is {value} up", "{a} reaches {value} high", "{value}",
            "its top is {value} above the support"),
    "width": ("{a} is {value} wide", "the width of {a} is {value}", "{value}",
              "it is {value} from side to side"),
    "depth": ("{a} is {value} deep", "the depth of {a} is {value}", "{value}",
              "it is {value} from front to back"),
    "length": ("{a} is {value} long", "the length of {a} is {value}", "{value}",
               "its longer side measures {value}"),
    "breadth": ("{a} is {value} broad", "the breadth of {a} is {value}", "{value}",
                "its shorter side measures {value}"),
    "grasp_width": ("the gripper must open {value} for {a}", "{a} needs an opening of {value}",
                    "{value}", "a grasp of {a} is {value} wide"),
    "thickness": ("{a} is {value} thick", "the thickness of {a} is {value}", "{value}",
                  "its thinnest side measures {value}"),
    "diameter": ("the diameter of {a} is {value}", "{a} is {value} in diameter", "{value}",
                 "it measures {value} across"),
    "volume": ("{a} takes up {value}", "the volume of {a} is {value}", "{value}",
               "its box holds {value}"),
}  # fmt: skip

_NOUNS: dict[str, str] = {
    "height": "height", "width": "width", "depth": "depth", "length": "length",
    "breadth": "breadth", "thickness": "thickness", "diameter": "diameter", "volume": "volume",
    "grasp_width": "grasp width",
}  # fmt: skip


def _more_questions(quantity: str) -> tuple[str, ...]:
    """What the shared frames add to a quantity's own questions."""
    if quantity == "top":
        return (
            *asked_by_clause("how high {a} reaches"),
            "what height does {a} reach",
            "what is the height of the top of {a}",
            "how high is the highest point of {a}",
            "how high would you say {a} reaches",
            "how high do you think {a} reaches",
            "roughly how high does {a} reach",
            "how high above the {support} does {a} reach",
        )
    noun = _NOUNS[quantity]
    if quantity == "grasp_width":
        return (f"do you know the {noun} of {{a}}", f"please give me the {noun} of {{a}}")
    found = asked_by_noun(noun)
    adjective = _ADJECTIVES[quantity][1] if quantity in _ADJECTIVES else ""
    adjective = "broad" if quantity == "breadth" else adjective
    return (*found, *asked_by_adjective(adjective, noun)) if adjective else found


_ADJECTIVES: dict[str, tuple[str, str, str, str]] = {
    # quantity: noun, adjective, more, less
    "height": ("height", "tall", "taller than", "shorter than"),
    "width": ("width", "wide", "wider than", "narrower than"),
    "depth": ("depth", "deep", "deeper than", "shallower than"),
    "length": ("length", "long", "longer than", "less long than"),
    "thickness": ("thickness", "thick", "thicker than", "thinner than"),
}


def _compare_questions(quantity: str) -> dict[str, tuple[str, ...]]:
    noun, adjective, more, less = _ADJECTIVES[quantity]
    return {
        "more_than": (
            f"is {{a}} (more than|over) {{value}} {adjective}",
            f"is {{a}} {more} {{value}}",
            f"is the {noun} of {{a}} (more than|over|above|greater than) {{value}}",
            f"does {{a}} (exceed|measure more than) {{value}} in {noun}",
        ),
        "less_than": (
            f"is {{a}} (less than|under|below) {{value}} {adjective}",
            f"is {{a}} {less} {{value}}",
            f"is the {noun} of {{a}} (less than|under|below|smaller than) {{value}}",
        ),
        "at_least": (
            f"is {{a}} at least {{value}} {adjective}",
            f"is the {noun} of {{a}} at least {{value}}",
            f"is {{a}} {{value}} or more in {noun}",
        ),
        "at_most": (
            f"is {{a}} (at most|no more than) {{value}} {adjective}",
            f"is the {noun} of {{a}} (at most|no more than) {{value}}",
        ),
        "about": (
            f"is {{a}} (about|roughly|around) {{value}} {adjective}",
            f"is {{a}} {{value}} {adjective}",
            f"is the {noun} of {{a}} about {{value}}",
        ),
    }


_OTHER_COMPARE: dict[str, dict[str, tuple[str, ...]]] = {
    "top": {
        "more_than": (
            "does {a} reach (higher than|more than|over) {value}",
            "is the top of {a} (more than|over) {value} above the {support}",
            "is the top of {a} higher than {value}",
        ),
    },
    "breadth": {
        "more_than": (
            "is the breadth of {a} (more than|over) {value}",
            "is the short side of {a} (longer than|more than|over) {value}",
        ),
        "fits": (
            "(would|does|can) {a} fit through a {value} (wide|) (gap|opening)",
            "could {a} pass through an opening of {value}",
        ),
    },
    "grasp_width": {
        "fits": (
            "(does|would) {a} fit a {value} (jaw|gripper)",
            "(does|would) {a} fit (in|into|between) a {value} jaw",
            "can a gripper that opens {value} (grasp|grip|pick up|hold) {a}",
            "can {a} be (grasped|gripped|picked up) with a {value} (gripper|opening|jaw)",
            "is a {value} gripper wide enough to (grasp|grip|hold) {a}",
            "is {a} (narrow|thin|small) enough for a {value} gripper",
        ),
    },
    "diameter": {
        "more_than": (
            "is the diameter of {a} (more than|over|greater than) {value}",
            "is {a} more than {value} in diameter",
        ),
    },
    "volume": {
        "more_than": (
            "is the volume of {a} (more than|over|greater than) {value}",
            "does {a} take up more than {value}",
            "is {a} (bigger|larger) than {value}",
        ),
    },
}

_DIFFERENCES: dict[str, tuple[str, str]] = {
    "taller": ("taller", "height"),
    "shorter": ("shorter", ""),
    "wider": ("wider", "width"),
    "narrower": ("narrower", ""),
    "longer": ("longer", "length"),
    "thicker": ("thicker", "thickness"),
    "thinner": ("thinner", ""),
    "deeper": ("deeper", "depth"),
    "bigger": ("bigger", ""),
    "smaller": ("smaller", ""),
    "closer": ("closer", ""),
    "farther": ("farther away", ""),
    "higher": ("higher", ""),
    "lower": ("lower", ""),
}

_ALIKE: dict[str, tuple[str, str]] = {
    "taller": ("height", "tall"),
    "wider": ("width", "wide"),
    "longer": ("length", "long"),
    "thicker": ("thickness", "thick"),
    "deeper": ("depth", "deep"),
    "bigger": ("size", "big"),
    "higher": ("", ""),
    "closer": ("distance", "far away"),
}


def _difference(predicate: str, word: str, noun: str) -> QuestionType:
    questions = [
        f"how much {word} is {{a}} than {{b}}",
        f"by how much is {{a}} {word} than {{b}}",
    ]
    if predicate in ("higher", "lower"):  # of things themselves that is their vertical distance
        questions = [f"how much {word} does {{a}} reach than {{b}}"]
    if noun:
        questions.append(f"what is the difference in {noun} between {{a}} and {{b}}")
    if predicate not in ("higher", "lower"):
        questions += asked_how_much(word, noun)
    return QuestionType(
        f"{predicate}.difference", Form.VALUE, predicate, ("a", "b"), UNIT_OF_PREDICATE[predicate],
        tuple(questions),
        {
            "value": (
                f"{{a}} is {{value}} {word} than {{b}}",
                "the difference is {value}",
                "{value}",
                f"{{value}} {word}",
                f"by {{value}}, {{a}} is {word}",
                f"it is {{value}} {word}",
                "the difference comes to {value}",
                "they differ by {value}",
                f"{{a}} is the {word} one, by {{value}}",
                *answered_with_number("difference"),
            ),
            "less": (
                f"{{a}} is not {word} than {{b}}: the difference is {{value}} the other way",
                "it is the other way round, by {value}",
                f"the other way round: {{b}} is {word}, by {{value}}",
                f"{{a}} is not {word}: it is {{value}} the other way",
                "{value}, but the other way round",
                f"not {word}: {{value}} the other way",
                "the other way round: {value}",
                "by {value}, the other way round",
                f"{{b}} is {word}, so {{value}} the other way",
                "it is {value} the other way",
                f"{{b}} is the {word} one: {{value}} the other way round",
            ),
        },
        difference_of(predicate),
    )  # fmt: skip


def _same(predicate: str, noun: str, adjective: str) -> QuestionType:
    questions: tuple[str, ...] = (
        f"are {{a}} and {{b}} the same {noun}",
        f"is {{a}} as {adjective} as {{b}}",
        f"do {{a}} and {{b}} have the same {noun}",
        f"are {{a}} and {{b}} equally {adjective}",
        f"is {{a}} the same {noun} as {{b}}",
    )
    if predicate == "closer":
        questions = (
            "are {a} and {b} the same distance away",
            "is {a} as far away as {b}",
            "are {a} and {b} equally far away",
        )
    if predicate == "higher":
        questions = ("do {a} and {b} reach equally high", "does {a} reach as high as {b}")
    return QuestionType(
        f"{predicate}.same", Form.YESNO, predicate, ("a", "b"), "", questions,
        {
            "yes": ("yes, about the same", "yes, {a} and {b} are alike in that", "yes"),
            "no": ("no, they differ", "no, {a} and {b} are not alike in that", "no"),
        },
        same_of(predicate),
    )  # fmt: skip


TYPES: tuple[QuestionType, ...] = (
    *(
        QuestionType(
            name=quantity,
            form=Form.VALUE,
            key=quantity,
            roles=("a",),
            unit="m3" if quantity == "volume" else "m",
            questions=(*questions, *_more_questions(quantity)),
            answers={
                "value": (
                    *_ANSWERS[quantity],
                    *answered_with_number(_NOUNS.get(quantity, "height of its top")),
                )
            },
            solve=value_of(quantity),
        )
        for quantity, questions in _QUESTIONS.items()
    ),
    QuestionType(
        "dimensions", Form.VALUE, "volume", ("a",), "m3",
        (
            "how (big|large) is {a}",
            "what are the dimensions of {a}",
            "what is the size of {a}",
            "(tell me|give me) the (size|dimensions) of {a}",
        ),
        {
            "value": (
                "{a} is {width} wide, {depth} deep and {height} high: {value}",
                "{width} by {depth} by {height}, {value} in all",
                "its sides are {width}, {depth} and {height}; it takes up {value}",
                "{a} measures {width} x {depth} x {height}, {value}",
            )
        },
        dimensions,
    ),
    *(
        entry
        for quantity in _ADJECTIVES
        for entry in compare_types(quantity, "m", ("a",), _compare_questions(quantity))
    ),
    *(
        entry
        for quantity, questions in _OTHER_COMPARE.items()
        for entry in compare_types(
            quantity, "m3" if quantity == "volume" else "m", ("a",), questions
        )
    ),
    *(_difference(p, word, noun) for p, (word, noun) in _DIFFERENCES.items()),
    *(_same(p, noun, adjective) for p, (noun, adjective) in _ALIKE.items()),
)  # fmt: skip
"""Sizes of things."""
