"""Revisions of repositories and data sets: which stay what they are, and which move."""

from __future__ import annotations

import re

BRANCHES = frozenset(("", "main", "master", "head", "develop", "dev", "trunk", "latest"))
"""Revisions, in lower case, that name a branch or no revision at all."""

# A full SHA-1 or SHA-256 object id; a data set's content digest is accepted too.
COMMIT = re.compile(r"(?:[0-9a-f]{40}|(?:sha256:)?[0-9a-f]{64})")
"""A revision that can never come to mean something else."""

# `~parquet` is Hugging Face's short form of refs/convert/parquet, which it rewrites.
_REWRITTEN = ("~", "refs/convert/", "refs/heads/", "refs/pr/")


def moves(revision: str) -> bool:
    """Whether it is a branch, or a ref that its host rewrites; a tag and a short id are neither."""
    text = revision.strip().replace("%2F", "/").replace("%2f", "/").lower()
    return (
        text in BRANCHES or text.startswith(_REWRITTEN) or text.removeprefix("origin/") in BRANCHES
    )
