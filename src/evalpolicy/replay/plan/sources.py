"""Ids of what an image is made from: the tree of its inputs, and a digest of its recipe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256

from msgspec import Struct, field

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.dockerfile.context import context_sources, mounts
from evalpolicy.replay.plan.model import LABEL_INPUTS, LABEL_RECIPE, PlannedImage

# Raise it when the same sources would give another image, so that older ones count as stale.
RECIPE_VERSION = 1


class Sources(Struct, frozen=True):
    """Everything from this fleet that goes into one image. `bases` are images of this fleet."""

    dockerfile: str
    inputs: str
    args: Mapping[str, str]
    bases: tuple[PlannedImage, ...]
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
    found = context_sources(dockerfile)
    if found is None or any(not path or set(path) & set("*?[\\") for path in found):
        return None
    binds = (pairs for one in dockerfile.instructions for pairs in mounts(one))
    if any(pairs.get("type", "bind") == "bind" and "from" not in pairs for pairs in binds):
        return None
    return found


def asked_secrets(dockerfile: Dockerfile, known: Iterable[str]) -> list[str]:
    """The secrets that RUN instructions mount, of those that a build may be given."""
    asked = {
        value
        for instruction in dockerfile.instructions
        for pairs in mounts(instruction)
        if pairs.get("type") == "secret"
        for value in (pairs.get("id", ""), pairs.get("env", ""))
    }
    return [name for name in known if name in asked]
