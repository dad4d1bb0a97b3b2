"""The hooks of pre-commit that run gitleaks: its own three, and local ones."""

from __future__ import annotations

import re

from msgspec.structs import replace

from evalpolicy.artifacts.pre_commit_config import Hook, HookRepository, PreCommitConfig
from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.reader import words_of
from evalpolicy.scanners.gitleaks.invocation import Invocation, from_words
from evalpolicy.scanners.gitleaks.runs.model import TOP, Pin, Seen, pinned, tagged
from evalpolicy.scanners.gitleaks.runs.script import NO_FILES, CallableFiles, Runs
from evalpolicy.scanners.gitleaks.runs.seen import installed_by
from evalpolicy.scanners.gitleaks.versions import Version, table

_REPOSITORY = re.compile(r"(?:^|[/:])(?:gitleaks|zricethezav)/gitleaks(?:\.git)?/?$", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{7,40}")
_HOOKS = ("gitleaks", "gitleaks-docker", "gitleaks-system")
_GIT_COMMAND_SINCE = Version(8, 21, 3)
_SETTLE = "use the hook id gitleaks with the tag of a version as rev"


def pre_commit_pins(
    config: PreCommitConfig, path: str, files: CallableFiles = NO_FILES, tools: Seen | None = None
) -> tuple[Pin, ...]:
    """Runs by .pre-commit-config.yaml: the three hook ids, and local hooks that run gitleaks."""
    return tuple(
        pin
        for repository in config.repositories
        for hook in repository.hooks
        for pin in _hook_pins(repository, hook, path, files, tools)
    )


def _hook_pins(
    repository: HookRepository, hook: Hook, path: str, files: CallableFiles, tools: Seen | None
) -> list[Pin]:
    if repository.url.text == "local":
        return _local_pins(hook, path, files, tools)
    if _REPOSITORY.search(repository.url.text) is None or hook.id.text not in _HOOKS:
        return []
    seen = _revision(repository)
    span = repository.rev.span if repository.rev is not None else repository.url.span
    effect = table().effect(f"hook.{hook.id.text}", seen.version) if seen.version else ""
    words = _hook_words(hook, seen.version)
    if hook.id.text == "gitleaks-docker":
        why = "the hook's image has no tag: rev is not its version"
        fixed = effect == "image-8.5.2"
        seen = Seen(Version(8, 5, 2), "exact") if fixed else Seen(why=why, settle=_SETTLE)
        span = hook.id.span
    elif hook.id.text == "gitleaks-system":
        why = "the binary on PATH runs: rev is not its version"
        seen, span = Seen(why=why, settle=_SETTLE), hook.id.span
    return [pinned(seen, "hook", path, span, from_words(words) or Invocation())]


def _revision(repository: HookRepository) -> Seen:
    rev = repository.rev
    if rev is None:
        return Seen(why="there is no rev", settle=_SETTLE)
    if repository.frozen is not None and _HASH.fullmatch(rev.text):
        noted = tagged(repository.frozen)
        if noted.version is not None:
            return noted
    seen = tagged(rev.text)
    return seen if seen.version is not None else replace(seen, settle=_SETTLE)


def _hook_words(hook: Hook, version: Version | None) -> list[str]:
    if hook.entry is not None:
        words = words_of(hook.entry.text)
        words = words[1:] if words and words[0].rpartition("/")[2] == "gitleaks" else words
    elif version is None or version >= _GIT_COMMAND_SINCE:
        words = ["git", "--pre-commit", "--redact", "--staged", "--verbose"]
    else:
        words = ["protect", "--verbose", "--redact", "--staged"]
    return words + [argument.text for argument in hook.args or ()]


def _local_pins(hook: Hook, path: str, files: CallableFiles, tools: Seen | None) -> list[Pin]:
    entry = hook.entry
    if entry is None or not files.concern(entry.text):
        return []
    image = hook.language is not None and hook.language.text in ("docker_image", "docker")
    # pre-commit mounts the repository as /src, and runs an image there.
    prefix = f"docker run -v {TOP}:/src -w /src " if image else ""
    added = [dependency.text for dependency in hook.additional_dependencies]
    found = (installed_by(["install", text]) or installed_by(["pip", "install", text])
             for text in added)  # fmt: skip
    seen = next((one for one in found if one is not None), None)
    runs = Runs("hook", files, seen, tools)
    arguments = "".join(f" {_quoted(argument.text)}" for argument in hook.args or ())
    scope = Scope(directory=TOP, top=TOP)
    runs.read(path, f"{prefix}{entry.text}{arguments}", scope, lambda start, end: entry.span)
    return runs.pins


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
