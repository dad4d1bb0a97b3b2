"""Results that benchmark and agent wrote: `result.json`, which an agent may have forged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from evalpolicy.facts.replays.evidence import AgentResult, TaskResult

# A result has a few hundred bytes; a larger file is not a result.
_LIMIT = 1 << 20


def read_task_result(file: Path) -> TaskResult | str:
    """The result, or the reason why it is missing."""
    value = _value(file, "result")
    if isinstance(value, str):
        return value
    fields = ("task_id", "benchmark", "reward", "passed", "exit_code")
    return TaskResult(**{name: value[name] for name in fields if name in value})


def read_agent_result(file: Path) -> AgentResult | str | None:
    """The agent's result, or what is wrong with it; None if it wrote none."""
    if not file.exists():
        return None
    value = _value(file, "agent-result")
    return value if isinstance(value, str) else AgentResult(value.get("exit_code"))


def _value(file: Path, contract: str) -> dict[str, Any] | str:
    from evalpolicy.matching.json_schema import violations
    from evalpolicy.matching.shipped import schema

    try:
        with file.open("rb") as handle:
            content = handle.read(_LIMIT + 1)
    except FileNotFoundError:
        return "it was not written"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if len(content) > _LIMIT:
        return f"it has more than {_LIMIT:,} bytes"
    try:
        value = orjson.loads(content)
    except ValueError as error:
        return f"it is not JSON: {error}"
    for violation in violations(schema(contract), value):
        place = "/".join(map(str, violation.path))
        return f"{place}: {violation.message}" if place else violation.message
    assert isinstance(value, dict), "the schema takes nothing else"
    return value
