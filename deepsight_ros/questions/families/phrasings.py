"""Ways of asking and answering that many types share, as phrases of ``grammar`` with words filled
in.

In: the words of a type ("height", "tall"; "taller"; "above {b}"). Out: phrasings. Kept apart so
that every family speaks in as many ways (at least 20 questions and 10 answers for the core types).
"""

from __future__ import annotations


def asked_by_noun(noun: str) -> tuple[str, ...]:
    """Questions for a number that has a noun: "what is the height of {a}"."""
    return (
        f"(can|could) you tell me the {noun} of {{a}}",
        f"do you know the {noun} of {{a}}",
        f"what would you say is the {noun} of {{a}}",
        f"I (need|want to know) the {noun} of {{a}}",
        f"(find|determine) the {noun} of {{a}}",
        f"what is {{a}}'s {noun}",
        f"what {noun} do you measure for {{a}}",
        f"what do you estimate the {noun} of {{a}} to be",
        f"how large is the {noun} of {{a}}",
        f"let me know the {noun} of {{a}}",
        f"what is the measured {noun} of {{a}}",
        f"please give me the {noun} of {{a}}",
    )


def asked_by_adjective(adjective: str, noun: str) -> tuple[str, ...]:
    """Questions for a number that has an adjective too: "how tall is {a}"."""
    return (
        f"(roughly|approximately) how {adjective} is {{a}}",
        f"(tell me|do you know) how {adjective} {{a}} is",
        f"how {adjective} would you say {{a}} is",
        f"any idea how {adjective} {{a}} is",
        f"how {adjective} do you think {{a}} is",
        f"how much does {{a}} measure in {noun}",
        f"how {adjective} is {{a}} in this (view|picture|scene)",
    )


def asked_by_clause(clause: str) -> tuple[str, ...]:
    """Indirect questions: "tell me how far {a} is from {b}"."""
    return (
        f"(can|could) you tell me {clause}",
        f"tell me {clause}",
        f"do you know {clause}",
        f"any idea {clause}",
        f"I need to know {clause}",
        f"I want to know {clause}",
        f"can you say {clause}",
        f"let me know {clause}",
    )


def answered_with_number(noun: str) -> tuple[str, ...]:
    """Answers that carry a number whatever it is of."""
    return (
        "I measure {value}",
        "I would say {value}",
        "it comes to {value}",
        f"{{value}} is the {noun} I measure",
        f"that {noun} is {{value}}",
        "I make it {value}",
        f"I get a {noun} of {{value}}",
    )


def asked_whether(statement: str) -> tuple[str, ...]:
    """Questions whether a statement is true: "{a} is above {b}"."""
    return (
        f"can you tell me (if|whether) {statement}",
        f"do you think that {statement}",
        f"can you confirm that {statement}",
        f"is it (correct|right) that {statement}",
        f"could you check whether {statement}",
        f"am I right that {statement}",
        f"{statement}, is that right",
        f"{statement}, true or false",
        f"{statement}, yes or no",
        f"does it look like {statement}",
        f"does it seem that {statement}",
        f"I want to know whether {statement}",
        f"would you agree that {statement}",
        f"is it the case that {statement}",
        f"please tell me if {statement}",
        f"let me know if {statement}",
    )


def answered_yes(statement: str) -> tuple[str, ...]:
    """Affirmations of a statement ("{a} is above {b}")."""
    return (
        f"correct, {statement}",
        f"true, {statement}",
        f"right, {statement}",
        "yes, it is",
        "yes, that is so",
        "indeed",
        "correct",
    )


def answered_no(denial: str) -> tuple[str, ...]:
    """Denials ("{a} is not above {b}")."""
    return (
        f"wrong, {denial}",
        f"incorrect, {denial}",
        f"false, {denial}",
        "no, it is not",
        "no, that is not so",
        "not really",
        "nope",
    )


ANSWERED_SAME: tuple[str, ...] = (
    "neither: {a} and {b} are about the same there",
    "too close to call",
    "I see no difference: about the same",
    "there is no difference that counts: {a} and {b} are about the same",
    "about level, {a} and {b}",
    "it is about the same for {a} and {b}",
    "they are about level",
    "{a} and {b}: about the same",
)
"""Inside the margin."""


def asked_which(comparative: str) -> tuple[str, ...]:
    """Questions which of two things: "which is taller, {a} or {b}"."""
    return (
        f"tell me which is {comparative}, {{a}} or {{b}}",
        f"which would you say is {comparative}, {{a}} or {{b}}",
        f"do you know which one is {comparative}, {{a}} or {{b}}",
        f"comparing {{a}} and {{b}}, which is {comparative}",
        f"out of {{a}} and {{b}}, which [one] is {comparative}",
        f"is it {{a}} or {{b}} that is {comparative}",
        f"which of the two is {comparative}, {{a}} or {{b}}",
        f"can you tell me which is {comparative}, {{a}} or {{b}}",
        f"which do you think is {comparative}, {{a}} or {{b}}",
        f"{{a}} and {{b}}: which is {comparative}",
        f"which (object|thing) is {comparative}, {{a}} or {{b}}",
        f"which one of {{a}} and {{b}} is {comparative}",
    )


def answered_which(comparative: str) -> tuple[str, ...]:
    """Answers that name the winner."""
    return (
        f"the one that is {comparative} is {{winner}}",
        "I would say {winner}",
        f"{{winner}} is {comparative} of the two",
        "that is {winner}",
        f"of the two, {{winner}} is {comparative}",
        "it is {winner}",
        "{winner} is the one",
    )


ANSWERED_EITHER_SAME: tuple[str, ...] = (
    "too close to call between {list}",
    "neither: {list} are about the same",
    "there is no difference that counts between {list}, about the same",
    "I see no difference: about the same",
    "about level: {list}",
    "it is about the same for {list}",
    "they are about the same",
)
"""No winner inside the margin."""


def asked_how_much(comparative: str, noun: str) -> tuple[str, ...]:
    """Questions for a difference: "how much taller is {a} than {b}"."""
    by_clause = (
        f"tell me how much {comparative} {{a}} is than {{b}}",
        f"how much {comparative} would you say {{a}} is than {{b}}",
        f"compared (to|with) {{b}}, how much {comparative} is {{a}}",
        f"can you tell me how much {comparative} {{a}} is than {{b}}",
        f"do you know how much {comparative} {{a}} is than {{b}}",
        f"roughly how much {comparative} is {{a}} than {{b}}",
        f"how much {comparative} is {{a}} compared to {{b}}",
        f"how much {comparative} do you think {{a}} is than {{b}}",
        f"I want to know how much {comparative} {{a}} is than {{b}}",
        f"{{a}} is how much {comparative} than {{b}}",
    )
    if not noun:
        return by_clause
    return (
        *by_clause,
        f"what is the {noun} difference between {{a}} and {{b}}",
        f"how (big|large) is the difference in {noun} between {{a}} and {{b}}",
        f"by how much does {{a}} exceed {{b}} in {noun}",
        f"(measure|give me) the difference in {noun} between {{a}} and {{b}}",
        f"by how much do {{a}} and {{b}} differ in {noun}",
        f"I need the difference in {noun} between {{a}} and {{b}}",
    )
