"""Normalises model names, so that two names of one model are equal."""

from __future__ import annotations

import re

_SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})\Z")


def model_family(name: str) -> str:
    """A model's name without the providers before it and the dated snapshot behind it.

    `openai/azure/gpt-5.4` and `gpt-5.4-2026-03-01` are one model.
    """
    return _SNAPSHOT.sub("", name.rsplit("/", 1)[-1])
