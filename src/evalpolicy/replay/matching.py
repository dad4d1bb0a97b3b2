"""Compares a request with the recorded one, as far as it was recorded.

Recorders lose things: LiteLLM keeps no system prompt of a messages call, its OTLP exporter writes
tool results of the responses API as empty user messages. What a recording lost is not compared.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import orjson

from evalpolicy.artifacts.trajectory import Turn
from evalpolicy.artifacts.trajectory.request import RecordedRequest
from evalpolicy.facts.replays.evidence import Difference
from evalpolicy.replay.conversation import Conversation, Kind, conversation
from evalpolicy.replay.tolerance import arguments, masked, squeezed, tolerant

MOST = 5
"""The limit of reported differences per request."""

_EXCERPT = 60


def recorded_conversation(request: RecordedRequest) -> Conversation:
    """The items of a recorded request."""
    messages = request.messages
    if isinstance(messages, str):
        with suppress(orjson.JSONDecodeError):  # some gateways record the last prompt as it is
            messages = orjson.loads(messages)
    return conversation(messages, request.instructions)


def expectations(turns: Sequence[Turn]) -> list[Expected]:
    """The recorded request of each turn.

    Lost is what a request must hold, since an earlier turn brought it about, and no request does.
    """
    asked = [recorded_conversation(turn.request) for turn in turns]
    seen = {item.kind for one in asked for item in one if item.text or item.kind == "call"}
    lost: set[Kind] = set()
    found = []
    for turn, recorded in zip(turns, asked, strict=True):
        found.append(Expected(recorded, frozenset(lost - seen)))
        lost |= {"call", "result"} if turn.tool_calls else set()
        lost |= {"assistant"} if turn.text else set()
    return found


class Expected:
    """A recorded request, ready to be compared with."""

    def __init__(self, recorded: Conversation, lost: frozenset[Kind] = frozenset()) -> None:
        self.recorded = recorded
        self._lost = lost

    def differences(self, asked: Conversation) -> tuple[Difference, ...]:
        """The differences from the recorded request; none if no request was recorded."""
        if not self.recorded or asked == self.recorded:
            return ()
        found = [
            *self._system(asked),
            *(d for kind in ("user", "assistant") for d in self._side(kind, asked)),
            *(d for kind in ("call", "result") for d in self._listed(kind, asked)),
        ]
        return tuple(found[:MOST])

    def _system(self, asked: Conversation) -> list[Difference]:
        """Everything recorded must be there; more is allowed, as recordings may be partial."""
        mine = _joined("system", asked)
        return [
            _difference("system", item.text, mine)
            for item in self.recorded
            if item.kind == "system" and not _holds(mine, item.text)
        ]

    def _side(self, kind: Kind, asked: Conversation) -> list[Difference]:
        if kind in self._lost:
            return []
        recorded, mine = _joined(kind, self.recorded), _joined(kind, asked)
        return [] if _same(recorded, mine) else [_difference(kind, recorded, mine)]

    def _listed(self, kind: Kind, asked: Conversation) -> list[Difference]:
        if kind in self._lost:
            return []
        recorded = [item for item in self.recorded if item.kind == kind]
        mine = [item for item in asked if item.kind == kind]
        found = []
        for number, (then, now) in enumerate(zip(recorded, mine, strict=False), 1):
            if kind == "call" and not _same_call(then.text, now.text, then.name, now.name):
                found.append(
                    _difference(
                        f"call {number}", f"{then.name} {then.text}", f"{now.name} {now.text}"
                    )
                )
            elif kind == "result" and then.text and not _same(then.text, now.text):
                found.append(_difference(f"result {number}", then.text, now.text))
        shorter = min(len(recorded), len(mine))
        if len(recorded) != len(mine):
            then_text = recorded[shorter].text if len(recorded) > shorter else ""
            now_text = mine[shorter].text if len(mine) > shorter else ""
            found.append(_difference(f"{kind} {shorter + 1}", then_text, now_text))
        return found


def _joined(kind: Kind, items: Conversation) -> str:
    return "\n".join(item.text for item in items if item.kind == kind)


def _views(recorded: str) -> Iterator[Callable[[str], str]]:
    """Ways to compare two texts, the cheapest first; texts that match in one way are the same.

    Only a recording that was redacted is compared with what the caller's text would be then.
    """
    yield squeezed
    yield tolerant
    if "REDACTED" in recorded:
        yield lambda text: tolerant(masked(text))


def _same(recorded: str, asked: str) -> bool:
    return recorded == asked or any(view(recorded) == view(asked) for view in _views(recorded))


def _holds(whole: str, part: str) -> bool:
    return part in whole or any(view(part) in view(whole) for view in _views(part))


def _same_call(recorded: str, asked: str, recorded_name: str, asked_name: str) -> bool:
    return (not recorded_name or recorded_name == asked_name) and (
        not recorded or _same(arguments(recorded), arguments(asked))
    )


def _difference(where: str, recorded: str, asked: str) -> Difference:
    """The two texts from shortly before they differ; credentials are redacted before any cut."""
    then, now = (" ".join(masked(text).split()) for text in (recorded, asked))
    # The longest common beginning, by bisection: texts are long, and slices are compared fast.
    lengths = range(1, min(len(then), len(now)) + 1)
    parts = bisect_left(lengths, True, key=lambda length: then[:length] != now[:length])
    start = max(0, parts - _EXCERPT // 3)
    return Difference(where, _excerpt(then, start), _excerpt(now, start))


def _excerpt(text: str, start: int) -> str:
    piece = text[start : start + _EXCERPT]
    before = "…" if start and piece else ""
    return before + piece + ("…" if len(text) > start + _EXCERPT else "")
