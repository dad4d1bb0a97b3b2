"""Git LFS pointers: small text files that stand for a large one."""

from __future__ import annotations

import re

from msgspec import Struct

LONGEST_POINTER = 1024
"""No pointer is longer (bytes; Git LFS specification 1)."""

_PREFIX = b"version https://git-lfs.github.com/spec/"
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size (\d{1,18})$", re.MULTILINE)


class LfsPointer(Struct, frozen=True):
    """What a pointer stands for: the SHA-256 of the content and its size in bytes."""

    sha256: str
    size: int


def is_lfs_pointer(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a pointer (Git LFS specification 1)."""
    return head.startswith(_PREFIX)


def read_lfs_pointer(content: bytes) -> LfsPointer | None:
    """What the pointer stands for; None where the content is not a whole pointer."""
    if len(content) > LONGEST_POINTER or not is_lfs_pointer(content):
        return None
    oid, size = _OID.search(content), _SIZE.search(content)
    return LfsPointer(oid[1].decode(), int(size[1])) if oid and size else None
