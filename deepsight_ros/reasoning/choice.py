"""Which planner: a name and the endpoint's settings in, a planner out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.reasoning.embedded import EmbeddedPlanner
from deepsight_ros.reasoning.reasoning import Planner

PLANNERS = ("embedded", "chat")
ADDRESS_VARIABLE, MODEL_VARIABLE = "DEEPSIGHT_CHAT_ADDRESS", "DEEPSIGHT_CHAT_MODEL"
KEY_VARIABLE = "DEEPSIGHT_CHAT_KEY"


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible chat endpoint.

    Attributes:
        address: "http://127.0.0.1:8000/v1".
        model: name the endpoint knows it by.
        key: secret; never shown or logged. "" for endpoints that need none.
    """

    address: str
    model: str
    key: str = field(default="", repr=False)


def endpoint(address: str = "", model: str = "", key_variable: str = KEY_VARIABLE) -> Endpoint:
    """An endpoint from parameters, else from the environment.

    Raises:
        InvalidValueError: no address or no model is given in either way.
    """
    address = address or os.environ.get(ADDRESS_VARIABLE, "")
    model = model or os.environ.get(MODEL_VARIABLE, "")
    if not address or not model:
        raise InvalidValueError(
            f"planner chat: got address '{address}' and model '{model}', expected both; set "
            f"chat_address and chat_model, or {ADDRESS_VARIABLE} and {MODEL_VARIABLE}"
        )
    return Endpoint(address, model, os.environ.get(key_variable or KEY_VARIABLE, ""))


def planner(name: str, *, address: str = "", model: str = "", key_variable: str = "") -> Planner:
    """The planner of a name.

    Raises:
        InvalidValueError: unknown name, or an incomplete endpoint.
    """
    if name == "embedded":
        return EmbeddedPlanner()
    if name == "chat":
        chosen = endpoint(address, model, key_variable)
        from deepsight_ros.reasoning.chat import ChatPlanner

        return ChatPlanner(chosen)
    raise InvalidValueError(f"planner: got '{name}', expected one of {', '.join(PLANNERS)}")
