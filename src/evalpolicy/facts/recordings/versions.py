"""Recognises exact versions."""

from __future__ import annotations

import re

_VERSION = re.compile(r"(?!latest\b)[A-Za-z0-9][\w.+:/@-]*", re.ASCII)


def is_version(value: str) -> bool:
    """Whether this names one version: a word with a digit in it, and not `latest…`."""
    return bool(_VERSION.fullmatch(value)) and any(map(str.isdigit, value))
