"""Which build arguments a build script or a bake file supplies, and what a bake file builds.

Both are read as text, without running anything: a shell script for `--build-arg NAME…`, a bake
file (HCL or JSON) for the keys of its `args`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# docker build --build-arg NAME=value · "--build-arg=NAME" · --build-arg "NAME=${x}"
_OPTION = re.compile(r"--build-arg(?:=|\s+|\s*\\\n\s*)[\"']?([A-Za-z_][A-Za-z0-9_]*)")
_COMMENT = re.compile(r"^[^\S\n]*(?:#|//).*$", re.MULTILINE)
_ARGS = re.compile(r"(?<![A-Za-z0-9_])args\s*(?:=\s*)?\{")
# variable "TAG" { default = "latest" } · variable TAG {}
_VARIABLE = re.compile(r"^[^\S\n]*variable\s+\"?([A-Za-z_][A-Za-z0-9_]*)\"?\s*\{", re.MULTILINE)
_DEFAULT = re.compile(
    r"^[^\S\n]*variable\s+\"?([A-Za-z_][A-Za-z0-9_]*)\"?\s*\{\s*default\s*=\s*\"([^\"$\n]*)\"",
    re.MULTILINE,
)
_TAGS = re.compile(r"(?<![A-Za-z0-9_])tags\s*=\s*\[([^\]]*)\]")
_STRING = re.compile(r"\"([^\"\n]*)\"")
_KEY = re.compile(r"[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?\s*[=:]")


def from_script(content: bytes) -> frozenset[str]:
    """The names that a shell script (or a Makefile, or a CI job) passes as `--build-arg`."""
    return frozenset(_OPTION.findall(_COMMENT.sub("", content.decode("utf-8", "replace"))))


def from_bake(content: bytes) -> frozenset[str]:
    """The names in the `args` of any target of a bake file; nothing for what cannot be read."""
    text = content.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        try:
            return frozenset(_json_args(json.loads(text)))
        except (ValueError, RecursionError):
            return frozenset()
    text = _COMMENT.sub("", text)
    names: set[str] = set()
    at = 0
    while found := _ARGS.search(text, at):
        block, at = _block(text, found.end())
        names.update(_keys(block))
    return frozenset(names)


def bake_variables(content: bytes) -> frozenset[str]:
    """The variables that a bake file declares; bake takes each from the environment if it can."""
    text = content.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return frozenset()
        declared = document.get("variable") if isinstance(document, dict) else None
        return frozenset(declared) if isinstance(declared, dict) else frozenset()
    return frozenset(_VARIABLE.findall(_COMMENT.sub("", text)))


def bake_tags(content: bytes) -> frozenset[str]:
    """The names that a bake file gives its images, as written; `${NAME}` stays."""
    text = content.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return frozenset()
        targets = document.get("target") if isinstance(document, dict) else None
        lists = (target.get("tags") for target in _objects(targets))
        return frozenset(tag for tags in lists if isinstance(tags, list) for tag in tags
                         if isinstance(tag, str))  # fmt: skip
    return frozenset(
        tag for tags in _TAGS.findall(_COMMENT.sub("", text)) for tag in _STRING.findall(tags)
    )


def bake_defaults(content: bytes) -> Mapping[str, str]:
    """The variables of a bake file that have a plain string as default."""
    text = content.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        variables = document.get("variable") if isinstance(document, dict) else None
        items = variables.items() if isinstance(variables, dict) else ()
        return {
            name: value["default"]
            for name, value in items
            if isinstance(value, dict) and isinstance(value.get("default"), str)
        }
    return dict(_DEFAULT.findall(_COMMENT.sub("", text)))


def _objects(value: Any) -> list[dict[str, Any]]:
    found = value.values() if isinstance(value, dict) else ()
    return [each for each in found if isinstance(each, dict)]


def _json_args(document: Any) -> list[str]:
    targets = document.get("target", {}) if isinstance(document, dict) else {}
    found: list[str] = []
    for target in targets.values() if isinstance(targets, dict) else ():
        args = target.get("args") if isinstance(target, dict) else None
        found.extend(args if isinstance(args, dict) else ())
    return found


def _block(text: str, start: int) -> tuple[str, int]:
    """The text of a brace block that opens before `start`, and where it ends.

    What its strings and inner blocks hold is left out.
    """
    kept: list[str] = []
    depth, position = 1, start
    while position < len(text):
        character = text[position]
        if character == '"':
            end = string_end(text, position)
            word = text[position + 1 : end]
            kept.append(word if re.fullmatch(r"\w+", word) else '""')
            position = end
        elif character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                break
        elif depth == 1:
            kept.append(character)
        position += 1
    return "".join(kept), position


def string_end(text: str, start: int) -> int:
    """Where the string that opens at `start` closes.

    An HCL string may hold templates (`${…}`), which may hold strings, and so on.
    """
    within = ["string"]
    position = start + 1
    while position < len(text):
        character = text[position]
        if within[-1] == "string":
            if character == "\\":
                position += 1
            elif text.startswith(("${", "%{"), position):
                within.append("template")
                position += 1
            elif character == '"':
                within.pop()
                if not within:
                    return position
        elif character == '"':
            within.append("string")
        elif character == "{":
            within.append("template")
        elif character == "}":
            within.pop()
        position += 1
    return position


def _keys(block: str) -> list[str]:
    return [m[1] for line in re.split(r"[\n,]", block) if (m := _KEY.match(line.strip()))]
