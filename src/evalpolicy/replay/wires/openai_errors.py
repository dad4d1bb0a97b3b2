"""The error object that OpenAI's two APIs share."""

from __future__ import annotations

from typing import Any


def error(status: int, code: str, message: str) -> dict[str, Any]:
    """An error as OpenAI's API reference gives it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
