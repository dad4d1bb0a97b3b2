"""The runner's side: workflow commands, the files behind GITHUB_OUTPUT and the job summary.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import html
import secrets
import sys
from collections.abc import Mapping

# GitHub refuses a larger summary of one step (bytes).
SUMMARY_LIMIT = 1 << 20


def say(text: str) -> None:
    """Prints untrusted text, in which the runner must not find workflow commands."""
    token = secrets.token_hex(16)
    lines = text if text.endswith("\n") or not text else f"{text}\n"
    _print(f"::stop-commands::{token}\n{lines}::{token}::\n")


def command(kind: str, message: str) -> None:
    """An annotation without a file: `error`, `warning` or `notice`."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    _print(f"::{kind} title=evalpolicy::{escaped}\n")


def commands(text: str) -> None:
    """Prints workflow commands from a reporter."""
    _print(text)


def outputs(file: str | None, values: Mapping[str, str]) -> None:
    """Sets the step's outputs, each between random delimiters."""
    if not file:
        return
    with open(file, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as opened:
        for name, value in values.items():
            mark = f"ghadelimiter_{secrets.token_hex(16)}"
            opened.write(f"{name}<<{mark}\n{value}\n{mark}\n")


def summary(file: str | None, text: str) -> None:
    """Adds Markdown to the job summary."""
    if not file:
        return
    with open(file, "ab") as opened:
        opened.write(text.encode("utf-8", "backslashreplace")[:SUMMARY_LIMIT])


def preformatted(text: str) -> str:
    """Markdown that shows the text literally."""
    return f"<pre>{html.escape(text[: SUMMARY_LIMIT // 8])}</pre>\n"


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()
