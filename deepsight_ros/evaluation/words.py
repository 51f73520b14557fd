"""The benchmark's questions in words: its own plain phrasings, asked through the question room.

In: a question and names for its objects. Out: text, and the answer's value in SI. The phrasings
are written here, not taken from the catalogue's templates.
"""

from __future__ import annotations

from collections import Counter

from deepsight_ros.evaluation.geometry_questions import Question
from deepsight_ros.evaluation.records import Reply
from deepsight_ros.evaluation.simulated_scenes import SimulatedScene
from deepsight_ros.evaluation.superlatives import phrase_over_all, read_over_all
from deepsight_ros.questions.units import si_factor
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene

PHRASES: dict[str, str] = {
    "height": "How tall is {0}?",
    "top": "How high does {0} reach?",
    "width": "How wide is {0}?",
    "depth": "How deep is {0}?",
    "length": "How long is {0}?",
    "breadth": "What is the breadth of {0}?",
    "grasp_width": "How far must the gripper open to grasp {0}?",
    "thickness": "How thick is {0}?",
    "diameter": "What is the diameter of {0}?",
    "volume": "What is the volume of {0}?",
    "range": "How far is {0} from the camera?",
    "surface_distance": "How far is {0} from {1}?",
    "centre_distance": "What is the distance between the centres of {0} and {1}?",
    "horizontal_distance": "What is the horizontal distance between {0} and {1}?",
    "vertical_distance": "What is the vertical distance between {0} and {1}?",
    "direction": "Seen from {0}, at what o'clock is {1}?",
    "free_space": "How far can the gripper move forward?",
    "left_of": "Is {0} to the left of {1}?",
    "right_of": "Is {0} to the right of {1}?",
    "above": "Is {0} above {1}?",
    "below": "Is {0} below {1}?",
    "over": "Is {0} over {1}?",
    "under": "Is {0} under {1}?",
    "in_front_of": "Is {0} in front of {1}?",
    "behind": "Is {0} behind {1}?",
    "closer": "Is {0} closer to the camera than {1}?",
    "farther": "Is {0} farther from the camera than {1}?",
    "on": "Is {0} on {1}?",
    "inside": "Is {0} inside {1}?",
    "touching": "Is {0} touching {1}?",
    "next_to": "Is {0} next to {1}?",
    "between": "Is {0} between {1} and {2}?",
    "bigger": "Is {0} bigger than {1}?",
    "smaller": "Is {0} smaller than {1}?",
    "wider": "Is {0} wider than {1}?",
    "narrower": "Is {0} narrower than {1}?",
    "taller": "Is {0} taller than {1}?",
    "shorter": "Is {0} shorter than {1}?",
    "longer": "Is {0} longer than {1}?",
    "thicker": "Is {0} thicker than {1}?",
    "thinner": "Is {0} thinner than {1}?",
    "higher": "Does {0} reach higher than {1}?",
    "lower": "Is the top of {0} lower than that of {1}?",
}
"""One plain phrasing per type (``mean_nearest_distance`` has no everyday words)."""
THREE = {
    "closer": "Is {0} closer to {2} than {1} is?",
    "farther": "Is {0} farther from {2} than {1} is?",
}


def references(scene: SimulatedScene) -> dict[str, str]:
    """A name for each thing that has one of its own: "the mug", else "the red mug".

    Things that share both words with another have none and are not asked about in words.
    """
    things = [t for t in scene.world.things if t.id in scene.boxes]
    labels = Counter(t.label for t in things)
    pairs = Counter((t.label, t.material.colour) for t in things)
    names = {}
    for thing in things:
        if labels[thing.label] == 1:
            names[thing.id] = f"the {thing.label}"
        elif pairs[thing.label, thing.material.colour] == 1:
            names[thing.id] = f"the {thing.material.colour} {thing.label}"
    return names


def phrase(question: Question, names: dict[str, str]) -> str | None:
    """The question as text; None for types without everyday words."""
    template = PHRASES.get(question.type)
    if question.type == "free_space" and not question.ids:
        template = "How far can the robot drive forward?"
    if len(question.ids) == 3:
        template = THREE.get(question.type, template)
    if template is None:
        return None
    return template.format(*(names[i] for i in question.ids))


def ask_in_words(scene: Scene, question: Question, names: dict[str, str]) -> Reply | None:
    """Ask in words; None where the type is not asked in words."""
    from deepsight_ros.questions.answering import answer

    text = phrase(question, names)
    return None if text is None else read(answer(text, scene), question)


def ask_over_all(scene: Scene, question: Question, partner: dict[str, str]) -> Reply:
    """Ask a superlative or the count in words."""
    from deepsight_ros.questions.answering import answer

    text = phrase_over_all(question.type) or ""
    return read_over_all(answer(text, scene), question, partner)


def read(found: Answer, question: Question) -> Reply:
    """The answer in SI: the spoken value, with the interval of the measurement behind it."""
    if found.status is not Status.OK:
        return Reply(found.status.value)
    if not question.is_quantity:
        if found.value is None:
            return Reply("UNDECIDED")
        margin = max((m.upper - m.lower for m in found.measurements), default=0.0)
        outcome = str(found.value).lower()
        return Reply("OK", outcome=outcome, margin=margin)
    if not isinstance(found.value, int | float) or isinstance(found.value, bool):
        return Reply("FAILED")
    value = float(found.value) * (1.0 if question.type == "direction" else si_factor(found.unit))
    if not found.measurements:
        return Reply("OK", value, value, value)
    m = found.measurements[0]
    return Reply("OK", value, min(m.lower, value), max(m.upper, value), m.bound.value)
