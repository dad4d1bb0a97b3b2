"""What ADD fetches: a git repository, or a file from a URL.

After https://docs.docker.com/reference/dockerfile/#add: `#` and a ref, or since BuildKit 0.25 the
parameters `ref`, `branch`, `tag` and `commit`; `--checksum` stops the build if the content changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.moving_data.model import Fetch, expanded
from evalpolicy.artifacts.moving_data.settings import DockerfileVariables
from evalpolicy.artifacts.moving_data.urls import moving_urls
from evalpolicy.artifacts.revisions import moves

_GIT = re.compile(
    r"(?P<url>(?:https?://|ssh://|git://|git@)[^\s#?]+?\.git|git://[^\s#?]+)"
    r"(?:\?(?P<query>[^\s#]*))?(?:#(?P<ref>[^\s:]*))?(?::\S*)?"
)
_REF = re.compile(r"(?:^|&)(?:ref|branch|tag|commit)=([^&]*)")


def added(dockerfile: Dockerfile, settings: DockerfileVariables) -> Iterator[Fetch]:
    for outer in dockerfile.instructions:
        instruction = outer.onbuild or outer
        if instruction.keyword != "ADD" or any(
            flag.startswith("--checksum=") for flag in instruction.flags
        ):
            continue
        values = settings.at(instruction)
        for argument in instruction.arguments[:-1]:
            text = expanded(argument.text, values)
            git = _GIT.fullmatch(text)
            if git is None:
                for url in moving_urls(text, values):
                    yield Fetch("", argument.span, url.shown, url.when, url.source, url.pinned)
                continue
            asked = _REF.search(git["query"] or "")
            ref = git["ref"] or (asked[1] if asked else "")
            if moves(ref):
                shown = (
                    f"the branch {ref} of {git['url']}"
                    if ref
                    else (f"the newest commit of {git['url']}")
                )
                pinned = f"ADD {git['url']}#{{revision}} …"
                yield Fetch("", argument.span, shown, "with every push", git["url"], pinned)
