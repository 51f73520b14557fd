"""Family: free space ahead of the gripper or of a driving robot."""

from __future__ import annotations

from deepsight_ros.questions.solving import comparison_of, free_space
from deepsight_ros.questions.types import Form, QuestionType

_ANSWERS = {
    "value": (
        "{value} of free space ahead",
        "there (is|are) {value} of free space ahead",
        "it can move {value} before it meets something",
        "{value}",
        "the way ahead is free for {value}",
    ),
    "other": (
        "{other} is in the way first, {value} ahead",
        "after {value} it meets {other} first",
        "it meets {other} before that, after {value}",
    ),
    "nothing": (
        "it does not meet that: the way ahead is free for {value}",
        "it would pass by: {value} ahead are free",
        "that is not in its way; {value} ahead are free",
    ),
}
_COMPARE_ANSWERS = {
    "yes": ("yes, the free space ahead is {value}", "yes", "yes: {value} ahead are free"),
    "no": ("no, the free space ahead is {value}", "no", "no: {value} ahead are free"),
    "same": ("about {threshold}: {value} ahead are free", "just about: {value}", "about the same"),
}
_HIT = "(hits|touches|bumps into|runs into|reaches|collides with) (something|anything|an obstacle)"
_HITTING = (
    "(hitting|touching|bumping into|colliding with|running into) (anything|something|an obstacle)"
)

TYPES: tuple[QuestionType, ...] = (
    QuestionType(
        "free_space", Form.VALUE, "free_space", (), "m",
        (
            "how far can the gripper (move|go|travel|advance|reach) (forward|ahead|straight "
            "ahead)",
            f"how far can the gripper (move|go|advance) (forward|ahead) before it {_HIT}",
            f"how far can the gripper (move|go) without {_HITTING}",
            "how much (free space|room|clearance) is there (ahead|in front) of the gripper",
            "what is the (free space|clearance) in front of the gripper",
            "how much free space does the gripper have ahead",
        ),
        _ANSWERS, free_space,
    ),
    QuestionType(
        "free_space.robot", Form.VALUE, "free_space", (), "m",
        (
            "how far can (the robot|I|we|you) (drive|go|move|travel|roll) "
            "(forward|ahead|straight ahead)",
            f"how far can (the robot|we) (drive|go|move) (ahead|forward) before it {_HIT}",
            f"how far can (the robot|I|you) (drive|go|move) (ahead|forward) without {_HITTING}",
            "how much free space is there ahead [of the robot|of us]",
            "how far is the (path|way) (ahead clear|clear ahead)",
        ),
        _ANSWERS, free_space,
    ),
    QuestionType(
        "free_space.compare", Form.COMPARE, "free_space", ("value",), "m",
        (
            "can the gripper (move|go|advance) {value} (forward|ahead|straight ahead)",
            f"can the gripper (move|go) (forward|ahead) {{value}} without {_HITTING}",
            f"could the gripper (advance|move) by {{value}} without {_HITTING}",
            "(is|are) there at least {value} of free space (ahead|in front) of the gripper",
        ),
        _COMPARE_ANSWERS, comparison_of("free_space"), "at_least",
    ),
    QuestionType(
        "free_space.robot.compare", Form.COMPARE, "free_space", ("value",), "m",
        (
            "can (the robot|I|we|you) (drive|go|move) {value} (forward|ahead|straight ahead)",
            f"can (the robot|we|you) (drive|go) (ahead|forward) {{value}} without {_HITTING}",
            "is the (path|way) ahead (clear|free) for {value}",
            "(is|are) there at least {value} of free space ahead [of the robot]",
        ),
        _COMPARE_ANSWERS, comparison_of("free_space"), "at_least",
    ),
)  # fmt: skip
"""Free space."""
