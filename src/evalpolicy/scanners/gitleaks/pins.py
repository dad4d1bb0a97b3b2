"""Where a repository pins gitleaks, and how it runs it there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.pre_commit_config import Hook, HookRepository, Located, PreCommitConfig
from evalpolicy.artifacts.syntax.shell.reader import words_of
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.workflow import Step, Workflow
from evalpolicy.scanners.gitleaks.commands import Command, commands, installs
from evalpolicy.scanners.gitleaks.invocation import Invocation, from_words
from evalpolicy.scanners.gitleaks.versions import Version, table
from evalpolicy.scanners.shortening import shortened

PinKind: TypeAlias = Literal["exact", "mutable", "unknown"]
"""A version; a name that moves (a branch, `latest`); nothing that says which version runs."""

Source: TypeAlias = Literal["hook", "action", "workflow", "script"]

_REPOSITORY = re.compile(r"(?:^|[/:])(?:gitleaks|zricethezav)/gitleaks(?:\.git)?/?$", re.IGNORECASE)
_ACTION = re.compile(r"(?:gitleaks|zricethezav)/gitleaks-action@(\S+)", re.IGNORECASE)
_DOCKER_USES = re.compile(r"docker://(?:[\w.-]+/)*gitleaks(?::([\w.-]+))?")
_HASH = re.compile(r"[0-9a-f]{7,40}")
_HOOKS = ("gitleaks", "gitleaks-docker", "gitleaks-system")
_ACTION_WORDS = ("detect", "--redact", "-v")
_GIT_COMMAND_SINCE = Version(8, 21, 3)


class Pin(Struct, frozen=True):
    """One place that runs gitleaks; `why` says what is unknown or what moves."""

    version: Version | None
    kind: PinKind
    source: Source
    path: str
    span: Span
    invocation: Invocation
    why: str = ""


def override(pin: Pin, version: Version) -> Pin:
    """The pin with a version that was given by hand (`--pin`)."""
    return replace(pin, version=version, kind="exact", why="")


def pre_commit_pins(config: PreCommitConfig, path: str) -> tuple[Pin, ...]:
    """Pins in .pre-commit-config.yaml: the three hook ids, and local hooks that run gitleaks."""
    return tuple(
        pin
        for repository in config.repositories
        for hook in repository.hooks
        if (pin := _hook_pin(repository, hook, path)) is not None
    )


def workflow_pins(workflow: Workflow, path: str) -> tuple[Pin, ...]:
    """Pins in a workflow: gitleaks-action, container images, and `run:` steps."""
    found: list[Pin] = []
    for job in workflow.jobs:
        installed: tuple[Version | None, PinKind, str] | None = None
        for step in job.steps:
            if step.run is not None:
                installed = _installed(step.run.text) or installed
            found += _step_pins(step, path, installed)
    return tuple(found)


def script_pins(text: str, path: str) -> tuple[Pin, ...]:
    """Pins in a Makefile, a Dockerfile or a script, where the version is plain."""
    installed = _installed(text)
    return tuple(
        _command_pin(command, path, "script", installed, invocation)
        for command in commands(text, by_line=not _is_script(text, path))
        if (invocation := from_words(command.words, dict(command.environment))) is not None
    )


def _is_script(text: str, path: str) -> bool:
    return path.endswith((".sh", ".bash")) or text.startswith("#!")


def _hook_pin(repository: HookRepository, hook: Hook, path: str) -> Pin | None:
    if repository.url.text == "local":
        return _local_pin(hook, path)
    if _REPOSITORY.search(repository.url.text) is None or hook.id.text not in _HOOKS:
        return None
    version, kind, why = _revision(repository)
    span = repository.rev.span if repository.rev is not None else repository.url.span
    effect = table().effect(f"hook.{hook.id.text}", version) if version is not None else ""
    words = _hook_words(hook, version)
    if hook.id.text == "gitleaks-docker":
        fixed = effect == "image-8.5.2"
        version, kind = (Version(8, 5, 2), "exact") if fixed else (None, "unknown")
        why = "" if fixed else "the hook's image has no tag: rev is not its version"
        span = hook.id.span
    elif hook.id.text == "gitleaks-system":
        version, kind, span = None, "unknown", hook.id.span
        why = "the binary on PATH runs: rev is not its version"
    invocation = from_words(words) or Invocation()
    return Pin(version, kind, "hook", path, span, invocation, why)


def _revision(repository: HookRepository) -> tuple[Version | None, PinKind, str]:
    rev = repository.rev
    if rev is None:
        return None, "unknown", "there is no rev"
    if repository.frozen is not None and _HASH.fullmatch(rev.text):
        version = Version.parse(repository.frozen)
        if version is not None:
            return version, "exact", ""
    return _named(rev)


def _named(written: Located) -> tuple[Version | None, PinKind, str]:
    version = Version.parse(written.text)
    if version is not None:
        return version, "exact", ""
    if _HASH.fullmatch(written.text):
        return None, "unknown", f"{shortened(written.text, 12)} does not say which version it is"
    return None, "mutable", f"{shortened(written.text, 40)} moves"


def _hook_words(hook: Hook, version: Version | None) -> list[str]:
    if hook.entry is not None:
        words = words_of(hook.entry.text)
        words = words[1:] if words and words[0].rpartition("/")[2] == "gitleaks" else words
    elif version is None or version >= _GIT_COMMAND_SINCE:
        words = ["git", "--pre-commit", "--redact", "--staged", "--verbose"]
    else:
        words = ["protect", "--verbose", "--redact", "--staged"]
    return words + [argument.text for argument in hook.args or ()]


def _local_pin(hook: Hook, path: str) -> Pin | None:
    entry = hook.entry
    if entry is None or "gitleaks" not in entry.text:
        return None
    arguments = " ".join(_quoted(argument.text) for argument in hook.args or ())
    image = hook.language is not None and hook.language.text == "docker_image"
    line = f"{'docker run ' if image else ''}{entry.text} {arguments}"
    found = next(commands(line), None)
    if found is None:
        return None
    invocation = from_words(found.words, dict(found.environment))
    if invocation is None:
        return None
    added = "\n".join(dependency.text for dependency in hook.additional_dependencies)
    pin = _command_pin(found, path, "hook", _installed(added), invocation)
    return replace(pin, span=entry.span)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _step_pins(
    step: Step, path: str, installed: tuple[Version | None, PinKind, str] | None
) -> Iterator[Pin]:
    environment = step.environ()
    directory = step.working_directory.text if step.working_directory is not None else ""
    if step.uses is not None:
        yield from _uses_pins(step, path, environment)
    if step.run is None:
        return
    for command in commands(step.run.text, step.run_span.line):
        merged = {**environment, **dict(command.environment)}
        invocation = from_words(command.words, merged, directory)
        if invocation is not None:
            yield _command_pin(command, path, "workflow", installed, invocation)


def _uses_pins(step: Step, path: str, environment: dict[str, str]) -> Iterator[Pin]:
    assert step.uses is not None
    action = _ACTION.match(step.uses.text)
    if action is not None:
        invocation = from_words(_ACTION_WORDS, environment) or Invocation(mode="history")
        version, kind, why = _action_version(action.group(1), environment)
        span = next((v.span for k, v in step.environment if k == "GITLEAKS_VERSION"), None)
        yield Pin(version, kind, "action", path, span or step.uses.span, invocation, why)
    image = _DOCKER_USES.match(step.uses.text)
    arguments = step.input("args")
    if image is not None:
        words = words_of(arguments.text) if arguments is not None else []
        invocation = from_words(words, environment) or Invocation(mode="history")
        version, kind, why = _tagged(image.group(1) or "")
        yield Pin(version, kind, "action", path, step.uses.span, invocation, why)


def _action_version(
    reference: str, environment: dict[str, str]
) -> tuple[Version | None, PinKind, str]:
    if re.match(r"v?1(\.|$)", reference):
        return None, "unknown", "version 1 of the action carries its own gitleaks"
    written = environment.get("GITLEAKS_VERSION", "")
    if not written:
        return Version.of(table().effect("action", table().newest)), "exact", ""
    return _tagged(written)


def _tagged(tag: str) -> tuple[Version | None, PinKind, str]:
    version = Version.parse(tag)
    if version is not None:
        return version, "exact", ""
    if "$" in tag or "`" in tag:
        return None, "unknown", f"{shortened(tag, 40)} is known only when it runs"
    return None, "mutable", f"{tag or 'latest'} moves"


def _installed(text: str) -> tuple[Version | None, PinKind, str] | None:
    found = [install for install in installs(text) if not install.written.startswith("$")]
    if not found:
        return None
    exact = next((install for install in found if install.version is not None), None)
    if exact is not None:
        return exact.version, "exact", ""
    return None, "mutable", f"{shortened(found[0].written, 40)} moves"


def _command_pin(
    command: Command,
    path: str,
    source: Source,
    installed: tuple[Version | None, PinKind, str] | None,
    invocation: Invocation,
) -> Pin:
    unknown: tuple[Version | None, PinKind, str]
    unknown = (None, "unknown", "nothing here says which gitleaks is on PATH")
    found = _tagged(command.tag) if command.tag is not None else installed or unknown
    version, kind, why = found
    return Pin(version, kind, source, path, command.span, invocation, why)
