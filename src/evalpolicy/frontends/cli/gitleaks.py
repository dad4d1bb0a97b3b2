"""`evalpolicy gitleaks`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalpolicy.errors import EXIT_NOT_CHECKED, NotCheckedError, UsageError
from evalpolicy.frontends.cli.console import columns, write, write_diff
from evalpolicy.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
    from evalpolicy.scanners.gitleaks.versions import Version

_REFUSED = 1


@click.group("gitleaks")
def command() -> None:
    """Explain a gitleaks configuration, or migrate it to another version.

    CONFIG is a gitleaks configuration. Default: the file that the repository's hooks and workflows
    use, or .gitleaks.toml.
    """


@command.command("explain")
@click.argument("config", required=False)
@click.option(
    "--at", "versions", multiple=True, metavar="VERSION", help="Explain this version; repeatable."
)
@click.option("--pin", metavar="VERSION", help="Assume that this version is pinned.")
@click.option("--rev", metavar="REV", help="Read a commit without checking it out.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Output format.",
)
def explain(
    config: str | None, versions: Sequence[str], pin: str | None, rev: str | None, kind: str
) -> int:
    """Explain what each allowlist in CONFIG does at the pin, or at other versions.

    With several --at, the versions are compared side by side. Default: the pinned version.
    """
    from evalpolicy.facts.gates import Gates
    from evalpolicy.facts.gitleaks_uses import GitleaksUses

    wanted = [_version(text) for text in versions] or ([_version(pin)] if pin else [])
    with open_snapshot(Path.cwd(), revision=rev) as snapshot:
        uses = GitleaksUses(Gates(snapshot))
        path = _chosen(uses, _config_path(snapshot, config))
        reading = [use for use in uses.uses if use.path == path]
        texts = [use.evaluation for use in uses.uses if use.path is None and use.evaluation]
        if texts and config is None and not reading:
            found = texts  # of GITLEAKS_CONFIG_TOML
        elif path not in snapshot.entries:
            if config is not None:
                raise UsageError(f"{path} is not in {snapshot.place}")
            write(_without(path, uses, kind))
            return 0
        else:
            found = [judged for use in _uses(uses, path, wanted) if (judged := use.evaluation)]
        if not found:
            why = next((p.message for at, p in uses.problems if at == path), "it cannot be read")
            raise NotCheckedError(f"{path}: {why}")
    if kind == "json":
        rows = [evaluation.as_json() for evaluation in found]
        from evalpolicy.reporters.json import written

        write(written(rows) + "\n")
    else:
        from evalpolicy.reporters.tables.gitleaks import as_markdown, as_text

        write(as_markdown(found) if kind == "markdown" else as_text(found, columns(sys.stdout)))
    return EXIT_NOT_CHECKED if uses.problems else 0


@command.command("migrate")
@click.argument("config", required=False)
@click.option("--to", "to", required=True, metavar="VERSION", help="The version to migrate to.")
@click.option(
    "--diff", "--dry-run", "dry", is_flag=True, help="Show the change without writing it."
)
def migrate(config: str | None, to: str, dry: bool) -> int:
    """Rewrite CONFIG for another version, keeping comments and meaning.

    If that version has no equivalent for something, the command names the line, changes nothing,
    and the exit code is 1.
    """
    from evalpolicy.facts.gates import Gates
    from evalpolicy.facts.gitleaks_uses import GitleaksUses
    from evalpolicy.scanners.gitleaks.migrate import MigrationRefusal
    from evalpolicy.scanners.gitleaks.migrate import migrate as rewrite

    version = _version(to)
    with open_snapshot(Path.cwd()) as snapshot:
        uses = GitleaksUses(Gates(snapshot))
        path = _chosen(uses, _config_path(snapshot, config))
        if path not in snapshot.entries:
            raise UsageError(
                f"{path} does not exist in {snapshot.place}: name the configuration to migrate"
            )
        before = uses.content(path)
        if before is None:
            raise NotCheckedError(f"{path}: cannot be read")
        pinned = next((u.version for u in uses.uses if u.path == path and u.pin is not None), None)
        text = before.decode("utf-8", "surrogateescape")
        found = rewrite(text, version, pinned, uses.content)
        top, prefix = snapshot.top, snapshot.prefix
    if isinstance(found, MigrationRefusal):
        _say(f"{path}:{found.line}: cannot be migrated to {version}: {found.reason}")
        return _REFUSED
    after = found.text.encode("utf-8", "surrogateescape")
    if after == before:
        _say(f"{path}: nothing to change for gitleaks {version}")
        return 0
    if dry:
        write_diff({path: before}, {path: after}, prefix)
        return 0
    from evalpolicy.engine.fixing.apply import write as write_files

    write_files(top, {path: before}, {path: after})
    for change in found.changes:
        _say(f"{path}:{change.line}: {change.message}")
    return 0


def _say(text: str) -> None:
    from evalpolicy.reporters.safe import listed

    write(listed([text]))


def _version(text: str) -> Version:
    from evalpolicy.scanners.gitleaks.versions import Version, table

    found = Version.parse(text)
    if found is None or found.major != table().newest.major:
        raise UsageError(
            f"{text!r} is not a version of gitleaks 8: use one such as {table().newest}"
        )
    return found


def _chosen(uses: GitleaksUses, given: str | None) -> str:
    """The configuration: as given, the one that a pinned use reads, or the default path."""
    if given is not None:
        return given
    paths = [use.path for use in uses.uses if use.path is not None]
    there = [path for path in paths if path in uses.snapshot.entries]
    return (there or [".gitleaks.toml"])[0]


def _uses(uses: GitleaksUses, path: str, wanted: Sequence[Version]) -> list[Use]:
    """The configuration at the requested versions, otherwise at each pinned version."""
    from evalpolicy.scanners.gitleaks.versions import table

    reading = [use for use in uses.uses if use.path == path]
    pin = reading[0].pin if reading else None
    if wanted:
        return [uses.at(path, version, pin) for version in wanted]
    once = {use.version: use for use in reversed(reading)}
    return sorted(once.values(), key=lambda use: use.version) or [uses.at(path, table().newest)]


def _without(path: str, uses: GitleaksUses, kind: str) -> str:
    if kind == "json":
        return "[]\n"
    elsewhere = [found for found in uses.configs if found != path]
    more = (
        f" {', '.join(elsewhere)} is not read: pass it to gitleaks with --config."
        if elsewhere
        else ""
    )
    from evalpolicy.reporters.safe import listed

    return listed(
        [f"{path} does not exist: gitleaks runs its default rules without allowlists.{more}"]
    )


def _config_path(snapshot: Snapshot, given: str | None) -> str | None:
    """The path that the user typed, relative to the fleet's root."""
    if given is None:
        return None
    from evalpolicy.frontends.cli.paths import from_root as relative

    return relative(snapshot, given) if snapshot.kind in ("worktree", "folder") else given
