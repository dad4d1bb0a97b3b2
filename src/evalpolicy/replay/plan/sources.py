"""Ids of what an image is made from: the tree of its inputs, and a digest of its recipe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from msgspec import Struct, field

from evalpolicy.artifacts.dockerfile import Dockerfile, Instruction
from evalpolicy.replay.plan.model import LABEL_INPUTS, LABEL_RECIPE, Image

# Raise it when the same sources would give another image, so that older ones count as stale.
RECIPE_VERSION = 1


class Sources(Struct, frozen=True):
    """Everything from this fleet that goes into one image. `bases` are images of this fleet."""

    dockerfile: str
    inputs: str
    args: Mapping[str, str]
    bases: tuple[Image, ...]
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, str]:
        """The image's labels, which stay the same as long as nothing here changes."""
        return {LABEL_INPUTS: self.inputs, LABEL_RECIPE: self.recipe}

    @property
    def recipe(self) -> str:
        """A digest of all of it; the bases count by their own recipes."""
        told = {
            "version": RECIPE_VERSION,
            "dockerfile": self.dockerfile,
            "inputs": self.inputs,
            "args": dict(self.args),
            "bases": {image.name: image.recipe for image in self.bases},
            **self.more,
        }
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def copied_paths(dockerfile: Dockerfile) -> frozenset[str] | None:
    """The files and folders of the context that a build reads; None where it may be any.

    That is so with a variable or a pattern in a name, with the whole context, and with a mount.
    """
    found: set[str] = set()
    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            sources = _sources(instruction.onbuild or instruction)
            if sources is None:
                return None
            found.update(sources)
    return frozenset(found)


def asked_secrets(dockerfile: Dockerfile, known: Iterable[str]) -> list[str]:
    """The secrets that RUN instructions mount, of those that a build may be given."""
    asked = {
        value
        for instruction in dockerfile.instructions
        for pairs in _mounts(instruction)
        if pairs.get("type") == "secret"
        for value in (pairs.get("id", ""), pairs.get("env", ""))
    }
    return [name for name in known if name in asked]


def _sources(instruction: Instruction) -> list[str] | None:
    if instruction.keyword == "RUN":
        binds = (pairs for pairs in _mounts(instruction) if pairs.get("type", "bind") == "bind")
        return None if any("from" not in pairs for pairs in binds) else []
    if instruction.keyword not in ("COPY", "ADD"):
        return []
    if any(flag.startswith("--from=") for flag in instruction.flags):
        return []
    words = instruction.words[:-1]
    found = []
    for word in words:
        path = word.removeprefix("./").strip("/")
        if word.startswith("<<") or (instruction.keyword == "ADD" and "://" in word):
            continue
        if not path or set(path) & set("$*?[\\\"'") or {".", ".."} & set(path.split("/")):
            return None
        found.append(path)
    return found


def _mounts(instruction: Instruction) -> Iterator[dict[str, str]]:
    inner = instruction.onbuild or instruction
    for flag in inner.flags if inner.keyword == "RUN" else ():
        name, _, value = flag.partition("=")
        if name == "--mount":
            pairs = (pair.partition("=") for pair in value.split(","))
            yield {key: word for key, _, word in pairs}
