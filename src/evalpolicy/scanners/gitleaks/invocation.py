"""One way in which a repository runs gitleaks: what it scans, from where, with which file."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

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

    `config` is what --config or GITLEAKS_CONFIG names, and `named` which of the two; `written` is
    how it is written there, where that differs. `inline` is what GITLEAKS_CONFIG_TOML holds.
    `argument` is how gitleaks is given an absolute target. `fails` is False where the exit code is
    set to 0.
    """

    mode: ScanMode = "staged"
    directory: str = ""
    target: str = "."
    config: str | None = None
    inline: str | None = None
    fails: bool = True
    named: str = "--config"
    written: str | None = None
    argument: str | None = None

    def config_path(self, version: Version) -> str | None:
        """Where this version looks for its configuration; None if it takes text or the default.

        The order is that of gitleaks' own help: --config, GITLEAKS_CONFIG, GITLEAKS_CONFIG_TOML,
        the target's root.
        """
        if self.config:
            return _within(self.directory, self.config)
        if self.takes_text(version):
            return None
        return _within(self.directory, posixpath.join(self.target, DEFAULT_NAME))

    def takes_text(self, version: Version) -> bool:
        """Whether the configuration is the text of GITLEAKS_CONFIG_TOML."""
        known = table().reads("GITLEAKS_CONFIG_TOML", version)
        return not self.config and bool(self.inline) and known

    @property
    def root(self) -> str:
        """The file or folder that is scanned."""
        return _within(self.directory, self.target)

    def scanned(self, path: str) -> str | None:
        """A tracked path as gitleaks sees it; None if it lies outside what is scanned.

        In git's modes paths are relative to the repository, in a directory scan they begin with
        the argument (observed on 8.30.1); text from standard input has none.
        """
        if self.mode == "stdin":
            return None
        if self.mode != "directory":
            return path
        root, target = self.root, self.argument or self.target
        if root in ("", "."):
            return path if target in ("", ".") else posixpath.join(target, path)
        if path != root and not path.startswith(f"{root}/"):
            return None
        return posixpath.normpath(posixpath.join(target, path[len(root) :].lstrip("/")))

    def located(self, within: Callable[[str], str]) -> Invocation:
        """The same with its paths as `within` gives them: relative to the repository's root."""
        directory = within(".")
        base = directory if _is_inside(directory) and directory != "." else ""

        def moved(path: str) -> str:
            at = within(path)
            return posixpath.relpath(at, base or ".") if _is_inside(at) else at

        return replace(
            self,
            directory=base,
            target=moved(self.target),
            config=moved(self.config) if self.config else None,
            written=self.written or self.config,
            argument=self.target if posixpath.isabs(self.target) else None,
        )


def from_words(
    words: Sequence[str], environment: Mapping[str, str] | None = None, directory: str = ""
) -> Invocation | None:
    """The invocation that a command line stands for; None if it scans nothing (`version`, …)."""
    environment = environment or {}
    options, rest = _split(words)
    command = rest[0] if rest else ""
    if command not in _SCANS or _ASKS.intersection(options):
        return None
    config = options.get("-c") or options.get("--config")
    target = options.get("-s") or options.get("--source") or "."
    if command not in ("detect", "protect"):
        # Of several arguments none counts (observed on 8.21.0 to 8.30.1).
        target = rest[1] if len(rest) == 2 and command != "stdin" else "."
    return Invocation(
        mode=_mode(command, options),
        directory=directory,
        target=target,
        config=config or environment.get("GITLEAKS_CONFIG") or None,
        inline=environment.get("GITLEAKS_CONFIG_TOML") or None,
        fails=options.get("--exit-code") != "0",
        named="--config" if config else "GITLEAKS_CONFIG",
    )


_SCANS = ("detect", "protect", "git", "dir", "directory", "file", "stdin")
_ASKS = frozenset(("-h", "--help", "--version"))


def _mode(command: str, options: Mapping[str, str]) -> ScanMode:
    if command == "stdin" or "--pipe" in options:
        return "stdin"
    if command in ("dir", "directory", "file") or "--no-git" in options:
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


def _is_inside(path: str) -> bool:
    """Whether a path is known, and in the repository."""
    outside = posixpath.isabs(path) or path.startswith("../")
    return not outside and path != ".." and "$" not in path and "`" not in path


def _within(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path))
