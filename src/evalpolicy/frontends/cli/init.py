"""`evalpolicy init`."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click

from evalpolicy.config import reading as configuration
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.frontends.cli.console import columns, write
from evalpolicy.frontends.init import NoProposal, Proposal, content, hooks, known, layout, workflow
from evalpolicy.reporters.safe import no_command, shown
from evalpolicy.reporters.text import count
from evalpolicy.snapshot import Snapshot, open_snapshot
from evalpolicy.snapshot.cache import open_cache

# Show up to this many lines of a new file; all of it is written.
_SHOWN = 60


@click.command("init")
@click.option("-y", "--yes", is_flag=True, help="Write every proposed file without asking.")
@click.option("--dry-run", is_flag=True, help="Show the proposals without writing them.")
def command(yes: bool, dry_run: bool) -> int:
    """Set up this repository: configuration, hook, workflow and baseline.

    Proposes a configuration (only if the defaults don't fit), the pre-commit hook, a workflow and
    a baseline of today's findings. Shows each as a diff, and writes it if you accept it.
    """
    if yes and dry_run:
        raise UsageError("--yes and --dry-run cannot be used together")
    width = columns(sys.stdout)
    proposed = written = 0
    for item in _items(dry_run):
        if isinstance(item, NoProposal):
            _tell(item, width)
            continue
        proposed += 1
        _show(item, width)
        if not dry_run and (yes or _accepted(item)):
            _write(item)
            written += 1
            if item.next_step:
                write(_wrapped(f"next: {item.next_step}", width))
    write(_wrapped(_outcome(proposed, written, dry_run), width))
    return 0


def _items(dry_run: bool) -> Iterator[Proposal | NoProposal]:
    """All proposals in turn; each takes into account what was written before it."""
    with _snapshot() as snapshot:
        config = configuration.load(snapshot)
        fleet = Fleet(snapshot, config.layout)
        if not fleet.units and not fleet.fixtures and not layout.differences(fleet):
            raise NotCheckedError(
                f"no benchmark, agent, model or fixture in {snapshot.place}: add the label "
                "eval.type to their Dockerfiles (see `evalpolicy explain LBL001`), or set "
                "[layout] in evalpolicy.toml"
            )
        settings = layout.propose(fleet, config)
        top, prefix = _top(snapshot), snapshot.prefix
    yield settings
    try:
        yield hooks.propose(content(top / hooks.HOOKS_FILE), prefix)
        names = os.listdir(top)
        yield workflow.propose(_workflows(top), names, prefix)
    except OSError as error:
        raise NotCheckedError(f"cannot read {error.filename}: {error.strerror}") from error
    with _snapshot() as snapshot:
        cache = open_cache(".")
        config = configuration.load(snapshot)
        if dry_run and isinstance(settings, Proposal):
            config = configuration.parse(settings.after, configuration.CONFIG_FILE) or config
        yield known.propose(snapshot, config, cache)
        cache.save()


def _snapshot() -> Snapshot:
    found = open_snapshot(Path.cwd())
    if found.kind != "worktree":
        raise NotCheckedError(f"{found.place} is not in a git repository: run `git init` first")
    return found


def _top(snapshot: Snapshot) -> Path:
    """The top of the repository, where hooks and workflows are."""
    return Path(snapshot.top, *[".."] * snapshot.prefix.count("/")).resolve()


def _workflows(top: Path) -> dict[str, bytes]:
    folder = top / workflow.FOLDER
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.iterdir() if path.suffix in (".yml", ".yaml"))
    return {f"{workflow.FOLDER}/{path.name}": content(path) or b"" for path in files}


def _tell(item: NoProposal, width: int) -> None:
    lines = "".join(f"    {line}\n" for line in item.lines)
    _say(_wrapped(f"{shown(item.path)}: {shown(item.why)}", width) + lines)


def _say(text: str) -> None:
    write("\n".join(map(no_command, text.split("\n"))))


def _show(item: Proposal, width: int) -> None:
    verb = "new" if item.before is None else "changed"
    head = _wrapped(f"{shown(item.path)} ({verb}): {shown(item.why)}", width)
    gist = "".join(f"  {shown(line)}\n" for line in item.gist)
    _say(f"\n{head}{gist or _diff(item)}")


def _diff(item: Proposal) -> str:
    before = [] if item.before is None else _lines(item.before)
    name = shown(item.path)
    old = "/dev/null" if item.before is None else f"a/{name}"
    lines = list(unified_diff(before, _lines(item.after), old, f"b/{name}", lineterm=""))
    cut = lines[:_SHOWN] if item.before is None else lines
    text = "".join(f"  {shown(line)}\n" for line in cut)
    left = len(lines) - len(cut)
    return text + (f"  … and {count(left, 'line')} more\n" if left else "")


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").splitlines()


def _accepted(item: Proposal) -> bool:
    """Asks the user. The end of the input counts as no."""
    try:
        return click.confirm(f"Write {shown(item.path)}?", default=False)
    except click.Abort:
        write("\n")
        return False


def _write(item: Proposal) -> None:
    from evalpolicy.snapshot import writing

    with _snapshot() as snapshot:
        top = _top(snapshot)
    try:
        if content(top / item.path) != item.before:
            raise NotCheckedError(
                f"{item.path} changed in the meantime: run `evalpolicy init` again"
            )
        writing.write(item.path, item.after, root=top, make_folders=True)
    except OSError as error:
        raise NotCheckedError(f"cannot write {item.path}: {error.strerror or error}") from error


def _outcome(proposed: int, written: int, dry_run: bool) -> str:
    if not proposed:
        return "Nothing to propose."
    if dry_run:
        return f"{count(proposed, 'proposal')}; nothing was written (--dry-run)."
    return f"{written} of {count(proposed, 'proposal')} written."


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width, subsequent_indent="  ", break_on_hyphens=False,
                         break_long_words=False) + "\n"  # fmt: skip
