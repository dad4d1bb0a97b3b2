"""A run of gitleaks, and what is known of the version that runs."""

from __future__ import annotations

import posixpath
import re
from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.expansion import is_open
from evalpolicy.artifacts.syntax.source import Located, Span
from evalpolicy.scanners.gitleaks.invocation import Invocation
from evalpolicy.scanners.gitleaks.versions import Version, table
from evalpolicy.scanners.shortening import shortened

PinKind: TypeAlias = Literal["exact", "mutable", "unknown"]
"""A version; a name that moves (a branch, `latest`); nothing that says which version runs."""

Source: TypeAlias = Literal["hook", "action", "workflow", "script"]

TOP = "/home/runner/work/repository/repository"
"""Where the repository is taken to be checked out, as on a runner of GitHub's."""

_SUFFIX = re.compile(r"(?:-r?\d+[\w.+~]*|\.post\d+|-(?:alpine|ubi8|debian))$")
_HASH = re.compile(r"[0-9a-f]{7,64}")


class Seen(Struct, frozen=True):
    """What a text says of the version; `why` what is unknown or moves, `settle` what would help."""

    version: Version | None = None
    kind: PinKind = "unknown"
    why: str = ""
    settle: str = "install a specific version where it runs"


class Pin(Struct, frozen=True):
    """One run of gitleaks. `inline` is the text of GITLEAKS_CONFIG_TOML and where it stands."""

    version: Version | None
    kind: PinKind
    source: Source
    path: str
    span: Span
    invocation: Invocation
    why: str = ""
    settle: str = ""
    inline: Located | None = None


class RunPlace(Struct, frozen=True):
    """The directory that a run begins in, and what a container sees of the host.

    `directory` is an absolute path, None if it is not known; `mounts` are pairs of a path in the
    container and of an absolute path on the host, None where the run is in no container.
    """

    directory: str | None = TOP
    mounts: tuple[tuple[str, str], ...] | None = None
    top: str = TOP

    def within(self, written: str) -> str:
        """A path relative to the repository's top; absolute outside, with `$` if not known."""
        base = self.directory if self.directory is not None else "$PWD"
        path = posixpath.join(base, written)
        if self.mounts is not None:
            path = _on_host(posixpath.normpath(path), self.mounts)
        if is_open(path):
            return written if is_open(written) else path
        path = posixpath.normpath(path)
        if path == self.top:
            return "."
        return path.removeprefix(f"{self.top}/")


def _on_host(path: str, mounts: tuple[tuple[str, str], ...]) -> str:
    for target, source in sorted(mounts, key=lambda pair: -len(pair[0])):
        target = posixpath.normpath(target)
        if path == target or path.startswith(f"{target.rstrip('/')}/"):
            return posixpath.join(source, path[len(target) :].lstrip("/"))
    return f"/in-the-container{path}" if not is_open(path) else path


UNSEEN = Seen(why="nothing here says which gitleaks is on PATH")


def exact(text: str) -> Version | None:
    """The version that a text states; a package's own numbers behind it do not count."""
    return Version.parse(_SUFFIX.sub("", text.strip()))


def tagged(tag: str) -> Seen:
    """What a tag, a revision or a version of a package says."""
    version = exact(tag)
    if version is not None and version.major < table().oldest.major:
        why = f"gitleaks {version} is older than the versions known here ({table().oldest} on)"
        return Seen(why=why, settle="use gitleaks 8")
    if version is not None:
        return Seen(version, "exact")
    if is_open(tag):
        return Seen(
            why=f"{shortened(tag, 60)} is known only when it runs", settle="write the version there"
        )
    if _HASH.fullmatch(tag.removeprefix("sha256:")):
        short = tag.removeprefix("sha256:")[:12]
        return Seen(
            why=f"{short} does not say which version it is",
            settle=f"note the version behind it: `# v{table().newest}`",
        )
    return Seen(kind="mutable", why=f"{shortened(tag, 40) or 'latest'} moves")


def pinned(seen: Seen, source: Source, path: str, span: Span, invocation: Invocation) -> Pin:
    """A run with the version that was seen."""
    return Pin(seen.version, seen.kind, source, path, span, invocation, seen.why, seen.settle)
