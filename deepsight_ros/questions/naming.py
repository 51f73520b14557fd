"""Words in, the one object they name out: by asking the catalogue where it is."""

from __future__ import annotations

from deepsight_ros.questions.answering import answer
from deepsight_ros.scene.answer import Answer
from deepsight_ros.scene.objects import Scene


def find_object(words: str, scene: Scene) -> Answer:
    """The answer to how far away a thing is; with status OK its first object is the one meant.

    AMBIGUOUS, NOT_FOUND and the rest say why no single object is meant, in ``text``.
    """
    return answer(f"how far away is {words.strip()}?", scene)
