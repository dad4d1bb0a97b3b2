"""One way in which a repository runs gitleaks: what it scans, from where, with which file."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from msgspec import Struct

from evalpolicy.scanners.gitleaks.scan import ScanMode
from evalpolicy.scanners.gitleaks.versions import Version, table

DEFAULT_NAME = ".gitleaks.toml"
"""The one name that is found by itself, in the root of what is scanned."""

_TAKES_VALUE = frozenset(
    {
        "-c", "--config", "-s", "--source", "-r", "--report-path", "-f", "--report-format", "-b",
        "--baseline-path", "-l", "--log-level", "-i", "--gitleaks-ignore-path", "--log-opts",
        "--exit-code", "--max-target-megabytes", "--enable-rule", "--report-template", "--timeout",
        "--max-decode-depth", "--max-archive-depth", "--platform", "--diagnostics",
    }
)  # fmt: skip


class Invocation(Struct, frozen=True):
    """Paths are relative to the repository's root; `directory` is the working directory.

    `config` is what --config or GITLEAKS_CONFIG names, as it is written; `inline` what
    GITLEAKS_CONFIG_TOML holds. `fails` is False where the exit code is set to 0.
    """

    mode: ScanMode = "staged"
    directory: str = ""
    target: str = "."
    config: str | None = None
    inline: str | None = None
    fails: bool = True

    def config_path(self, version: Version) -> str | None:
        """Where this version looks for its configuration; None if it takes text or the default."""
        if self.config:
            return _within(self.directory, self.config)
        if self.inline and table().reads("GITLEAKS_CONFIG_TOML", version):
            return None
        return _within(self.directory, posixpath.join(self.target, DEFAULT_NAME))

    def scanned(self, path: str) -> str | None:
        """A tracked path as gitleaks sees it; None if it lies outside what is scanned.

        In git's modes paths are relative to the repository, in a directory scan they begin with
        the argument (observed on 8.30.1).
        """
        if self.mode != "directory":
            return path
        root = _within(self.directory, self.target)
        if root in ("", "."):
            return path if self.target in ("", ".") else posixpath.join(self.target, path)
        if path != root and not path.startswith(f"{root}/"):
            return None
        return posixpath.normpath(posixpath.join(self.target, path[len(root) :].lstrip("/")))


def from_words(
    words: Sequence[str], environment: Mapping[str, str] | None = None, directory: str = ""
) -> Invocation | None:
    """The invocation that a command line stands for; None if it scans nothing (`version`, …)."""
    environment = environment or {}
    options, rest = _split(words)
    command = rest[0] if rest else ""
    if command not in ("detect", "protect", "git", "dir", "directory", "file", "files", ""):
        return None
    config = options.get("-c") or options.get("--config") or environment.get("GITLEAKS_CONFIG")
    target = options.get("-s") or options.get("--source") or "."
    if command not in ("detect", "protect", "") and len(rest) > 1:
        target = rest[1]
    return Invocation(
        mode=_mode(command, options),
        directory=directory,
        target=target,
        config=config or None,
        inline=environment.get("GITLEAKS_CONFIG_TOML") or None,
        fails=options.get("--exit-code") != "0",
    )


def _mode(command: str, options: Mapping[str, str]) -> ScanMode:
    if command in ("dir", "directory", "file", "files") or "--no-git" in options:
        return "directory"
    if command == "protect" or "--staged" in options or "--pre-commit" in options:
        return "staged"
    return "history"


def _split(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    rest: list[str] = []
    pending: str | None = None
    for word in words:
        if pending is not None:
            options[pending] = word
            pending = None
        elif word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            options[name] = value
        elif word.startswith("-") and not word.startswith("--") and word[:2] in _TAKES_VALUE:
            if len(word) > 2:
                options[word[:2]] = word[2:].removeprefix("=")
            else:
                pending = word
        elif word in _TAKES_VALUE:
            pending = word
        elif word.startswith("-"):
            options[word] = ""
        else:
            rest.append(word)
    return options, rest


def _within(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path))
