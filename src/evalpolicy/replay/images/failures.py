"""Whether a bake failed because its builder cannot see the local base.

A builder in a container, or a remote one, does not know the engine's image store. It asks the
registry for a base that was only ever built here, and fails whatever the registry answers and
whether or not there is one (BuildKit 0.25, `--progress plain`):

    ------
     > [internal] load metadata for REF:
    ------
    …
    ERROR: failed to solve: NAME: failed to resolve source metadata for REF: …

If the registry refuses a token, the last line does not name the image. The same words tell of a
base that somebody else publishes and of the Dockerfile's frontend, which are failures of the
network, and a RUN may print them, behind a time. So only the client's own lines count, and only
for an image that is known to be in the store.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise

_FAILED = re.compile(r"ERROR: (?:.*?: )??failed to solve: (.*)")
_STEP = re.compile(r" > \[(?:[^\s\]]+ )?internal\] load metadata for (\S+):")
_UNRESOLVED = re.compile(r"(?:\S+: )?failed to resolve source metadata for (\S+): ")
_RULE = "------"


def unresolved_base(said: str, local: Collection[str]) -> str | None:
    """Which of the `local` images (full names with a tag) the builder could not resolve.

    `said` is the output of bake. None for any other failure.
    """
    lines = said.rstrip("\n").split("\n")
    failed = _FAILED.match(lines[-1])
    if failed is None:
        return None
    unresolved = _UNRESOLVED.match(failed[1])
    steps = (_STEP.fullmatch(line) for before, line in pairwise(lines) if before == _RULE)
    refs = [match[1] for match in (unresolved, *steps) if match]
    known = {canonical(name): name for name in local}
    return next((known[ref] for ref in refs if ref in known), None)


def canonical(name: str) -> str:
    """A name as BuildKit resolves it: with its domain and its tag."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        domain, path = first, rest
    else:
        domain, path = "docker.io", name
    if domain == "docker.io" and "/" not in path:
        path = f"library/{path}"
    tagged = ":" in path.rpartition("/")[2] or "@" in path
    return f"{domain}/{path}" if tagged else f"{domain}/{path}:latest"
