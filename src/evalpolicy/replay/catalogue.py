"""Model lists and token counts: calls that agents make in addition to the recorded ones."""

from __future__ import annotations

from typing import Any

from evalpolicy.replay.conversation import Conversation
from evalpolicy.replay.wires import WireName

_CREATED = "2024-01-01T00:00:00Z"
_CREATED_SECONDS = 1_704_067_200


def models(names: list[str], wire: WireName) -> dict[str, Any]:
    """The list of models in the caller's format."""
    listed = [model(name, wire) for name in names]
    if wire == "gemini":
        return {"models": listed}
    if wire == "messages":
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return {"data": listed, "has_more": False, **ends}
    return {"object": "list", "data": listed}


def model(name: str, wire: WireName) -> dict[str, Any]:
    """One model; every name is accepted, because a fleet chooses the names that its agents use."""
    if wire == "gemini":
        return {
            "name": f"models/{name}",
            "version": "replay",
            "displayName": name,
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }
    if wire == "messages":
        return {"type": "model", "id": name, "display_name": name, "created_at": _CREATED}
    return {"id": name, "object": "model", "created": _CREATED_SECONDS, "owned_by": "replay"}


def count(asked: Conversation, wire: WireName) -> dict[str, Any]:
    """An estimate of the tokens, four characters each; recordings lack the true number."""
    tokens = sum(len(item.name) + len(item.text) for item in asked) // 4 + len(asked)
    if wire == "gemini":
        return {"totalTokens": tokens}
    if wire == "responses":
        return {"object": "response.input_tokens", "input_tokens": tokens}
    return {"input_tokens": tokens}
