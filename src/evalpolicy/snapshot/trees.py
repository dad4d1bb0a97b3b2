"""The id that git gives, or would give, to a folder of a snapshot."""

from __future__ import annotations

from hashlib import new

from evalpolicy.snapshot.model import SUBMODULE, SYMLINK, Snapshot, encode_path

_TREE_MODE = b"40000"


def tree_id(snapshot: Snapshot, folder: str) -> str | None:
    """The tree id of `folder`; None where there is none, or where a file has no id.

    Computed as git does (gitformat-pack, "tree object"), from the blobs' ids; in a worktree from
    the bytes on the disk, without the filters that a checkout may apply. Raises `Unreadable`.
    """
    rows: list[tuple[bytes, bytes]] = []
    some = next((entry.oid for entry in snapshot.entries.values() if entry.oid), "")
    algorithm = "sha256" if len(some) == 64 else "sha1"
    for name in snapshot.folders.get(folder, ()):
        path = f"{folder}/{name}" if folder else name
        entry = snapshot.entries.get(path)
        if entry is None:
            mode, oid = _TREE_MODE, tree_id(snapshot, path)
        else:
            mode, oid = f"{entry.mode:o}".encode(), entry.oid
            if snapshot.kind in ("worktree", "folder") and entry.mode not in (SYMLINK, SUBMODULE):
                oid = _hashed(algorithm, b"blob", snapshot.read(path))
        if oid is None:
            return None
        raw = encode_path(name)
        # A folder sorts as if its name ended in a slash.
        key = raw + b"/" if mode == _TREE_MODE else raw
        rows.append((key, mode + b" " + raw + b"\0" + bytes.fromhex(oid)))
    if not rows:
        return None
    return _hashed(algorithm, b"tree", b"".join(row for _, row in sorted(rows)))


def _hashed(algorithm: str, kind: bytes, content: bytes) -> str:
    return new(algorithm, b"%s %d\0%s" % (kind, len(content), content)).hexdigest()
