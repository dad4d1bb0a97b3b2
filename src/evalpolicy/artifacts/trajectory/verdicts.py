"""What is wrong with a recording, read off its summary alone.

The thresholds are calibrated on the reference fleet: at pull request 146 they find each of the
nine recordings that commit f55ad80b deleted as refusals and loops (eight are in a stored snapshot),
and besides them four fixtures that its author kept or overlooked: two of safety benchmarks, where
a refusal is the right reply, one that ends in the content filter, and one that ends with the
agent's word that it cannot see the image.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.model_names import model_family
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.json_spans import Path, json_path
from evalpolicy.artifacts.trajectory.endings import Ending
from evalpolicy.artifacts.trajectory.model import NAMED_FORMATS, Format, Summary

Fault: TypeAlias = Literal[
    "other-format",
    "no-turns",
    "mostly-failed",
    "refusal",
    "content-filter",
    "token-limit",
    "loop",
    "models-mixed",
    "synthetic-times",
]

LOOP = 3
"""So often one reply has to come, and in more than half of the turns, to be a loop."""

_ENDINGS: dict[Ending, str] = {
    "refusal": "the run ends with a refusal",
    "content-filter": "the run ends in the provider's content filter",
    "token-limit": "the run ends at the token limit, in the middle of the reply",
}


class RecordingFault(Struct, frozen=True):
    """One fault of a recording, a fact in words, and the line and place that show it."""

    fault: Fault
    message: str
    line: int = 1
    path: Path = ()

    @property
    def json_path(self) -> str:
        """The place in its line, as JSONPath."""
        return json_path(self.path)


def named_format(path: str) -> Format | None:
    """The format that a fixture's name promises; None for another name."""
    return next(
        (kind for suffix, kind in NAMED_FORMATS.items() if path.endswith(suffix)),
        None,
    )


def served_turns(summary: Summary, path: str) -> int:
    """How many turns a replay can serve from a file of this name: none of the other format."""
    promised = named_format(path)
    return summary.turns if promised in (None, summary.format) else 0


def verdicts(summary: Summary, path: str) -> tuple[RecordingFault, ...]:
    """Everything that is wrong with the recording, the worst first."""
    found = [_other_format(summary, path), *_turns(summary, path), *_times(summary)]
    return tuple(verdict for verdict in found if verdict is not None)


def _other_format(summary: Summary, path: str) -> RecordingFault | None:
    promised = named_format(path)
    if promised in (None, summary.format) or summary.format == "none":
        return None
    return RecordingFault(
        "other-format",
        f"the content is {_words(summary.format)}, but the name indicates {_words(promised)}",
    )


def _words(kind: Format | None) -> str:
    return {"otlp": "OTLP traces", "litellm": "LiteLLM logging objects"}.get(kind or "", "neither")


def _turns(summary: Summary, path: str) -> list[RecordingFault | None]:
    served = served_turns(summary, path)
    if not served:
        why = counted(summary.failed, "failed call") if summary.failed else "no reply"
        if summary.turns:
            why = f"{counted(summary.turns, 'turn')} in the other format"
        return [RecordingFault("no-turns", f"no usable turn: {why}"), _failed(summary)]
    return [_failed(summary), _ending(summary), _loop(summary), _models(summary)]


def _failed(summary: Summary) -> RecordingFault | None:
    first = summary.first_failed
    if first is None or 2 * summary.failed < summary.calls:
        return None
    return RecordingFault(
        "mostly-failed",
        f"{summary.failed} of {counted(summary.calls, 'call')} failed",
        first.line,
        first.path,
    )


def _ending(summary: Summary) -> RecordingFault | None:
    last = summary.last
    if last is not None and last.ending is not None:
        return RecordingFault(last.ending, _ENDINGS[last.ending], last.line, last.path)
    if summary.first_refusal is not None and 2 * summary.refusals >= summary.turns:
        return RecordingFault(
            "refusal",
            f"{summary.refusals} of {counted(summary.turns, 'turn')} are refusals",
            *summary.first_refusal,
        )
    return None


def _loop(summary: Summary) -> RecordingFault | None:
    again = summary.repeated
    if again is None or again.times < LOOP or 2 * again.times <= summary.turns:
        return None
    return RecordingFault(
        "loop",
        f"one reply occurs {again.times} times in {counted(summary.turns, 'turn')}",
        again.line,
        again.path,
    )


def _models(summary: Summary) -> RecordingFault | None:
    families = sorted({model_family(name) for name, _ in summary.models})
    if len(families) < 2:
        return None
    return RecordingFault(
        "models-mixed", f"its turns come from {len(families)} models: {', '.join(families)}"
    )


def _times(summary: Summary) -> list[RecordingFault | None]:
    if not summary.synthetic_times:
        return []
    made_up, calls = summary.synthetic_times, summary.turns + summary.failed
    which = f"{made_up} of {counted(calls, 'call')}" if made_up < calls else counted(calls, "call")
    verb = "has" if made_up == 1 else "have"
    return [
        RecordingFault(
            "synthetic-times",
            f"{which} {verb} placeholder times (from 1700000000 s on): when the run was recorded "
            "is not known",
        )
    ]
