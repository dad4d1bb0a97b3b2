"""What a command says of the version that it installs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evalpolicy.artifacts.syntax.shell.running import basename
from evalpolicy.scanners.gitleaks.runs.model import Seen, tagged


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ADDRESSES = (
    re.compile(r"gitleaks/v8@(.+)"),
    re.compile(r"gitleaks/releases/download/([^/]+)/"),
    re.compile(r"gitleaks/releases/(latest)\b"),
    re.compile(r"gitleaks/archive/(?:refs/tags/)?(\S+?)\.(?:tar|zip)"),
    re.compile(r"gitleaks[-_]v?(\d+\.\d+\.\d+)[-_](?:linux|darwin|windows)"),
    re.compile(r"codeload\.github\.com/[\w-]+/gitleaks/(?:tar\.gz|zip)/(?:refs/tags/)?(\S+)"),
)
_REPOSITORY = re.compile(r"(?:https://github\.com/|git@github\.com:)?[\w-]+/gitleaks(?:\.git)?")
_PACKAGE = re.compile(
    r"(?:nixpkgs[#.]|gitleaks/tap/|conda-forge::|(?:ubi|aqua|github):gitleaks/)?"
    r"(?:nogoo9-)?gitleaks(?:(?:==?|@|~=)(.*))?"
)
PACKAGE = re.compile(r"(?:nogoo9-)?gitleaks(?:==|@)(.+)")
"""A package of gitleaks with its version, as uv, pipx and mise take it."""
_OPTIONS = frozenset(("--tag", "--version", "-b", "--branch", "-t", "-v"))
# Programs whose words install nothing.
_TELLS = _words("echo printf grep egrep rg cat sed awk jq test [ [[ : log info warn error die tee")
_MANAGERS = {
    **dict.fromkeys(("brew", "port", "scoop", "winget", "pacman", "choco"), "the newest version"),
    **dict.fromkeys(("apt", "apt-get", "apk", "dnf", "yum", "zypper"), "the distribution's"),
    **dict.fromkeys(("nix", "nix-env", "nix-shell", "devbox", "flox"), "what nixpkgs has"),
    **dict.fromkeys(
        _words("conda mamba micromamba pip pip3 pipx uv mise rtx asdf npm pnpm yarn snap aqua"),
        "the newest version",
    ),
}
"""Package managers, and what each installs where no version is written."""
_VERBS = _words(
    "install add upgrade reinstall update use global local tool i -i -iA -S -Sy -p shell profile"
)


def installed_by(words: Sequence[str]) -> Seen | None:
    """The version of gitleaks that a command installs; None if it installs none."""
    name = basename(words[0]) if words else ""
    if not name or name in _TELLS:
        return None
    for word in words[1:]:
        for pattern in _ADDRESSES:
            if (found := pattern.search(word)) is not None:
                return tagged("" if found[1] == "latest" else found[1])
    if any(_REPOSITORY.fullmatch(word) for word in words[1:]):
        return _of_repository(name, words)
    if name in _MANAGERS:
        return _of_manager(name, words)
    return None


def _of_repository(name: str, words: Sequence[str]) -> Seen | None:
    """`git clone -b v8.21.2 …`, `gh release download v8.21.2 -R …`, `eget … --tag v8.21.2`."""
    if (written := _option(words)) is not None:
        return tagged(written)
    if name == "gh":
        if "download" not in words:
            return None
        after = words[words.index("download") + 1 :][:1]
        return tagged("" if not after or after[0].startswith("-") else after[0])
    return tagged("") if name in ("eget", "ubi", "bin") or "clone" in words else None


def _of_manager(name: str, words: Sequence[str]) -> Seen | None:
    if not _VERBS.intersection(words[1:]) or "plugin" in words[1:2]:
        return None
    for at, word in enumerate(words[1:], 1):
        if (found := _PACKAGE.fullmatch(word)) is None:
            continue
        written = found[1] or _option(words)
        if not written and name in ("asdf", "mise", "snap") and at + 1 < len(words):
            written = words[at + 1]  # `asdf install gitleaks 8.21.2`
        if written:
            return tagged(written)
        why = f"{name} installs {_MANAGERS[name]}"
        return Seen(kind="mutable", why=why, settle="name a version there, or download a release")
    return None


def _option(words: Sequence[str]) -> str | None:
    for at, word in enumerate(words):
        name, joined, value = word.partition("=")
        if name in _OPTIONS:
            if joined:
                return value
            if at + 1 < len(words) and any(c.isdigit() or c == "$" for c in words[at + 1]):
                return words[at + 1]
    return None
