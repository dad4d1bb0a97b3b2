"""GitHub's event payloads, as in a workflow's GITHUB_EVENT_PATH.

The fields are those of https://docs.github.com/en/webhooks/webhook-events-and-payloads for
`pull_request` (and `pull_request_target`, which has the same), `merge_group` and `push`. Nothing
in a payload is trusted to have the type that it should have.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem

EventKind = Literal["pull_request", "merge_group", "push"]

_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Event(Struct, frozen=True):
    """The description of a submission in an event.

    `base` and `head` are full commit ids. `base` is None for the push of a new branch: then
    `default_branch` names what it will be merged into. `commits` is how many GitHub counts.
    """

    kind: EventKind
    head: str
    base: str | None
    title: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    login: str = ""
    bot: bool = False
    number: int | None = None
    commits: int | None = None
    default_branch: str = ""


def parse(content: bytes) -> Event | Problem:
    """The event in a payload; a problem for anything else, whatever its bytes."""
    try:
        payload = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return Problem(f"no JSON: {type(error).__name__}")
    if not isinstance(payload, dict):
        return Problem("not an event: the payload is not a JSON object")
    if isinstance(payload.get("pull_request"), dict):
        return _pull_request(payload["pull_request"])
    if isinstance(payload.get("merge_group"), dict):
        return _merge_group(payload["merge_group"])
    if "after" in payload and "before" in payload:
        return _push(payload)
    return Problem(
        "not an event of a submission: it has no pull_request, merge_group or push "
        "(run on one of these, or give --base)"
    )


def _pull_request(pull: dict[str, Any]) -> Event | Problem:
    head = _object_id(_within(pull, "head").get("sha"))
    base = _object_id(_within(pull, "base").get("sha"))
    if head is None or base is None:
        return Problem("pull_request.head.sha or pull_request.base.sha is not a commit id")
    labels = pull.get("labels")
    user = _within(pull, "user")
    return Event(
        "pull_request",
        head,
        base,
        title=_text(pull.get("title")),
        body=_text(pull.get("body")),
        labels=tuple(
            _text(label.get("name"))
            for label in (labels if isinstance(labels, list) else ())
            if isinstance(label, dict)
        ),
        login=_text(user.get("login")),
        bot=user.get("type") == "Bot",
        number=_count(pull.get("number")),
        commits=_count(pull.get("commits")),
    )


def _merge_group(group: dict[str, Any]) -> Event | Problem:
    head, base = _object_id(group.get("head_sha")), _object_id(group.get("base_sha"))
    if head is None or base is None:
        return Problem("merge_group.head_sha or merge_group.base_sha is not a commit id")
    return Event("merge_group", head, base)


def _push(payload: dict[str, Any]) -> Event | Problem:
    if payload.get("deleted") is True or _is_zero(payload["after"]):
        return Problem("the push deletes a branch: there is nothing to check")
    head = _object_id(payload["after"])
    base = _object_id(payload["before"])
    if head is None or (base is None and not _is_zero(payload["before"])):
        return Problem("before or after is not a commit id")
    default = _text(_within(payload, "repository").get("default_branch"))
    return Event("push", head, base, default_branch=default)


def _within(value: dict[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(value: object) -> str:
    """Text, or nothing. Half of a surrogate pair, which JSON can spell, is not a character."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object_id(value: object) -> str | None:
    if isinstance(value, str) and _OBJECT_ID.fullmatch(value) and not _is_zero(value):
        return value
    return None


def _is_zero(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not value.strip("0")
