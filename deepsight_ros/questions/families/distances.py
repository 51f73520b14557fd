"""Family: distances between things, range and direction, as values and against a value."""

from __future__ import annotations

from deepsight_ros.questions.families.phrasings import answered_with_number, asked_by_clause
from deepsight_ros.questions.solving import camera_direction, comparison_of, value_of, where
from deepsight_ros.questions.types import Form, QuestionType

_PAIR_QUESTIONS: dict[str, tuple[str, ...]] = {
    "surface_distance": (
        "how far (is|away is) {a} from {b}",
        "how far apart are {a} and {b}",
        "what is the (distance|gap|clearance|spacing|separation|space) between {a} and {b}",
        "what is the distance from {a} to {b}",
        "how (close|near) is {a} to {b}",
        "how much (space|room|clearance) is there between {a} and {b}",
        "how (wide|big|large) is the gap between {a} and {b}",
        "(measure|give me|tell me) the (distance|gap) between {a} and {b}",
        "what (gap|distance|space) separates {a} from {b}",
        "how far do I have to go from {a} to {b}",
    ),
    "centre_distance": (
        "what is the distance between the (centres|centers|middles|midpoints) of {a} and {b}",
        "how far apart are the (centres|centers|middles) of {a} and {b}",
        "how far is it from the (centre|center|middle) of {a} to the (centre|center|middle) "
        "of {b}",
        "what is the (centre to centre|center to center) distance between {a} and {b}",
        "(centre to centre|middle to middle), how far is {a} from {b}",
        "measured (from centre to centre|between their centres), how far apart are {a} and {b}",
    ),
    "mean_nearest_distance": (
        "what is the (mean|average) nearest (neighbour|point) distance between {a} and {b}",
        "what is the (mean|average) nearest distance (from {a} to {b}|between {a} and {b})",
        "how far apart are {a} and {b} by (mean|average) nearest neighbour distance",
        "give me the (mean|average) nearest neighbour distance of {a} and {b}",
    ),
    "horizontal_distance": (
        "what is the horizontal distance (between {a} and {b}|from {a} to {b})",
        "how far apart are {a} and {b} (horizontally|along the ground|along the table)",
        "(horizontally|along the ground), how far is {a} from {b}",
        "how far is {a} from {b} in the horizontal plane",
        "ignoring height, how far apart are {a} and {b}",
        "how large is the horizontal (gap|separation|offset) between {a} and {b}",
    ),
    "vertical_distance": (
        "what is the vertical distance (between {a} and {b}|from {a} to {b})",
        "how far apart are {a} and {b} vertically",
        "vertically, how far is {a} from {b}",
        "how far (above|below) {b} is {a}",
        "how much (higher|lower) is {a} than {b}",
        "how large is the vertical (gap|separation|offset) between {a} and {b}",
    ),
}

_PAIR_CLAUSES: dict[str, tuple[str, ...]] = {
    "surface_distance": ("how far apart {a} and {b} are",),
    "centre_distance": ("the distance between the centres of {a} and {b}",),
    "mean_nearest_distance": ("the mean nearest distance between {a} and {b}",),
    "horizontal_distance": ("the horizontal distance between {a} and {b}",),
    "vertical_distance": ("the vertical distance between {a} and {b}",),
}
"""What indirect questions ask for."""

_PAIR_ANSWERS: dict[str, tuple[str, ...]] = {
    "surface_distance": (
        "{a} and {b} are {value} apart",
        "{a} is {value} (away|) from {b}",
        "the (gap|distance|clearance) between {a} and {b} is {value}",
        "there (is|are) {value} between {a} and {b}",
        "{value}",
        "it is {value} from {a} to {b}",
    ),
    "centre_distance": (
        "the centres of {a} and {b} are {value} apart",
        "centre to centre, {a} is {value} from {b}",
        "{value} (from centre to centre|between the centres)",
        "the distance between the centres of {a} and {b} is {value}",
    ),
    "mean_nearest_distance": (
        "the mean nearest distance between {a} and {b} is {value}",
        "on average, the nearest point is {value} away",
        "{value} on average between nearest points of {a} and {b}",
        "{a} and {b}: {value} mean nearest distance",
    ),
    "horizontal_distance": (
        "horizontally, {a} and {b} are {value} apart",
        "the horizontal distance between {a} and {b} is {value}",
        "{value} along the ground",
        "{a} is {value} from {b} horizontally",
    ),
    "vertical_distance": (
        "vertically, {a} and {b} are {value} apart",
        "the vertical distance between {a} and {b} is {value}",
        "{value} in height, centre to centre",
        "there is {value} of height between {a} and {b}",
    ),
}

_RANGE_QUESTIONS = (
    "how far [away] is {a} [from (the camera|you|me|here|the robot)]",
    "what is the distance (to {a}|from the camera to {a}|between the camera and {a}|from here "
    "to {a})",
    "how (close|near) is {a} to (the camera|you|the robot)",
    "how far are (you|we) from {a}",
    "how far am I from {a}",
    "what is the range (to|of) {a}",
    "how much distance is there (between you and {a}|to {a})",
)
_RANGE_ANSWERS = (
    "{a} is {value} away",
    "{a} is {value} from the camera",
    "the distance to {a} is {value}",
    "it is {value} from here to {a}",
    "{value}",
)

_DIRECTION_QUESTIONS = (
    "in (which|what) direction is {b} from {a}",
    "at (which|what) (clock position|hour|clock direction) is {b} (seen from|from|relative "
    "to) {a}",
    "(seen from|from|relative to) {a}, at what o'clock is {b}",
    "what is the (direction|bearing|clock direction) from {a} to {b}",
    "(which|what) way is {b} from {a}",
    "on a clock face, where is {b} (from|relative to) {a}",
    "if {a} is the centre of a clock, at which hour is {b}",
)
_DIRECTION_ANSWERS = (
    "{b} is at {value} from {a}",
    "at {value}, seen from {a}",
    "from {a}, {b} lies at {value}",
    "{value}",
    "{b} is in the {value} direction from {a}",
)
_MORE_DIRECTION_ANSWERS = (
    "I would say {value}",
    "look towards {value}",
    "in the direction of {value}",
    "it lies at {value}",
    "you find it at {value}",
    "the direction is {value}",
    "on the clock face that is {value}",
)
_CAMERA_DIRECTION_QUESTIONS = (
    "in (which|what) direction is {a}",
    "at (which|what) (clock position|hour|clock direction) is {a}",
    "at what o'clock is {a} [from (you|the camera|here)]",
    "(which|what) way is {a}",
    "what is the (direction|bearing) (to|of) {a}",
)
_CAMERA_DIRECTION_ANSWERS = (
    "{a} is at {value}",
    "at {value}, seen from the camera",
    "from here, {a} lies at {value}",
    "{value}",
)
_WHERE_QUESTIONS = (
    "where is {a}",
    "where can I find {a}",
    "(what is|tell me|give me) the (location|position) of {a}",
    "locate {a}",
    "where (exactly|) is {a} (located|standing|)",
    "do you know where {a} is",
)
_WHERE_ANSWERS = (
    "{a} is {value} away, at {hour}",
    "{value} from the camera, in the {hour} direction",
    "you find {a} at {hour}, {value} away",
    "at {hour}, {value} from here",
)

_COMPARE_QUESTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "surface_distance": {
        "more_than": (
            "are {a} and {b} more than {value} apart",
            "is {a} (more than|over|further than|farther than) {value} (away|) from {b}",
            "is the (gap|distance|clearance) between {a} and {b} (more than|greater "
            "than|over|above|wider than) {value}",
        ),
        "less_than": (
            "are {a} and {b} (less than|under) {value} apart",
            "are {a} and {b} within {value} of each other",
            "is {a} (within {value} of|less than {value} from|closer than {value} to) {b}",
            "is the (gap|distance) between {a} and {b} (less than|smaller than|under|below) "
            "{value}",
        ),
        "at_least": (
            "(is|are) there at least {value} between {a} and {b}",
            "would something {value} wide fit between {a} and {b}",
            "is there {value} of (space|room|clearance) between {a} and {b}",
            "are {a} and {b} at least {value} apart",
        ),
    },
    "centre_distance": {
        "more_than": (
            "are the centres of {a} and {b} more than {value} apart",
            "is the distance between the (centres|middles) of {a} and {b} (more "
            "than|over|greater than) {value}",
            "is the centre to centre distance (of|between) {a} and {b} more than {value}",
        ),
    },
    "mean_nearest_distance": {
        "more_than": (
            "is the (mean|average) nearest distance between {a} and {b} (more than|over) {value}",
            "is the (mean|average) nearest neighbour distance of {a} and {b} greater than {value}",
        ),
    },
    "horizontal_distance": {
        "more_than": (
            "is the horizontal distance between {a} and {b} (more than|over|greater than) {value}",
            "are {a} and {b} more than {value} apart horizontally",
            "horizontally, are {a} and {b} more than {value} apart",
        ),
    },
    "vertical_distance": {
        "more_than": (
            "is the vertical distance between {a} and {b} (more than|over|greater than) {value}",
            "are {a} and {b} more than {value} apart vertically",
            "vertically, are {a} and {b} more than {value} apart",
        ),
    },
    "range": {
        "more_than": (
            "is {a} (more than|over|further than|farther than) {value} (away|from the "
            "camera|from you|from here)",
            "is the distance to {a} (more than|greater than|over) {value}",
        ),
        "less_than": (
            "is {a} (within {value} of (the camera|you|me|the robot)|less than {value} away)",
            "is {a} closer than {value}",
        ),
        "at_least": (
            "is {a} at least {value} away",
            "is there at least {value} between {a} and the camera",
        ),
    },
}

_COMPARE_ANSWERS: dict[str, tuple[str, ...]] = {
    "yes": ("yes, it is {value}", "yes: {value}", "yes, {value}", "that is right, {value}"),
    "no": ("no, it is {value}", "no: {value}", "no, {value}", "that is not so, it is {value}"),
    "same": (
        "about the same: {value} against {threshold}",
        "too close to call: {value}, about the same as {threshold}",
        "it is about {threshold}: {value}",
    ),
}


def compare_types(
    quantity: str, unit: str, roles: tuple[str, ...], questions: dict[str, tuple[str, ...]]
) -> tuple[QuestionType, ...]:
    """The comparison of one quantity with a value; one phrasing entry per relation."""
    solver = comparison_of(quantity)
    return tuple(
        QuestionType(
            name=f"{quantity}.compare" if i == 0 else f"{quantity}.compare.{relation}",
            form=Form.COMPARE,
            key=quantity,
            roles=(*roles, "value"),
            unit=unit,
            questions=phrasings,
            answers=_COMPARE_ANSWERS,
            solve=solver,
            relation=relation,
        )
        for i, (relation, phrasings) in enumerate(questions.items())
    )


TYPES: tuple[QuestionType, ...] = (
    *(
        QuestionType(
            name=quantity,
            form=Form.VALUE,
            key=quantity,
            roles=("a", "b"),
            unit="m",
            questions=(
                *questions,
                *(q for clause in _PAIR_CLAUSES[quantity] for q in asked_by_clause(clause)),
            ),
            answers={
                "value": (
                    *_PAIR_ANSWERS[quantity],
                    *answered_with_number(quantity.replace("_", " ")),
                )
            },
            solve=value_of(quantity),
        )
        for quantity, questions in _PAIR_QUESTIONS.items()
    ),
    QuestionType(
        "range",
        Form.VALUE,
        "range",
        ("a",),
        "m",
        (*_RANGE_QUESTIONS, *asked_by_clause("how far away {a} is")),
        {"value": (*_RANGE_ANSWERS, *answered_with_number("distance"))},
        value_of("range"),
    ),
    QuestionType(
        "direction",
        Form.VALUE,
        "direction",
        ("a", "b"),
        "clock",
        (*_DIRECTION_QUESTIONS, *asked_by_clause("in which direction {b} is from {a}")),
        {"value": (*_DIRECTION_ANSWERS, *_MORE_DIRECTION_ANSWERS)},
        value_of("direction"),
    ),
    QuestionType(
        "direction.camera",
        Form.VALUE,
        "direction",
        ("a",),
        "clock",
        (*_CAMERA_DIRECTION_QUESTIONS, *asked_by_clause("in which direction {a} is")),
        {"value": (*_CAMERA_DIRECTION_ANSWERS, *_MORE_DIRECTION_ANSWERS)},
        camera_direction,
    ),
    QuestionType(
        "direction.compare",
        Form.COMPARE,
        "direction",
        ("a", "b", "value"),
        "clock",
        (
            "is {b} at {value} (from|seen from|relative to) {a}",
            "(seen from|from) {a}, is {b} at {value}",
        ),
        _COMPARE_ANSWERS,
        comparison_of("direction"),
        "about",
    ),
    QuestionType(
        "where",
        Form.VALUE,
        "range",
        ("a",),
        "m",
        _WHERE_QUESTIONS,
        {"value": _WHERE_ANSWERS},
        where,
    ),
    *(
        entry
        for quantity, questions in _COMPARE_QUESTIONS.items()
        for entry in compare_types(
            quantity, "m", ("a",) if quantity == "range" else ("a", "b"), questions
        )
    ),
)
"""Distances, range, direction and place."""
