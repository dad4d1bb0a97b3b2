"""The command line: which commands there are. Each is imported when it is called."""

from __future__ import annotations

import os
from importlib import import_module
from types import MappingProxyType

import click

from evalpolicy import __version__

COMMANDS = MappingProxyType(
    {
        "baseline": "Write, prune or show the findings that are known.",
        "check": "Check the fleet: labels, fixtures, scanners, gates.",
        "completion": "Print the completion script of a shell.",
        "explain": "Say what a rule finds, why, and how to mend it.",
        "fixtures": "List, show, scan and redact recorded runs.",
        "fleet": "List benchmarks, agents and fixtures as they are understood.",
        "gitleaks": "Say what gitleaks does with a configuration; rewrite it for a version.",
        "init": "Propose configuration, hook, workflow and baseline for this repository.",
        "lsp": "Show findings in an editor, while a file is written.",
        "provenance": "Record, backfill and verify where fixtures come from.",
        "replay": "Replay recorded runs in containers, and record them.",
        "report": "Write the web page: what to do first, findings, coverage.",
        "rules": "List all rules.",
    }
)
"""Every command and its one line of help; the module of the same name holds it as `command`."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"evalpolicy.frontends.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            from evalpolicy.matching.nearest import nearest

            close = nearest(name, COMMANDS)
            hint = f" Did you mean {close}?" if close else " See evalpolicy --help."
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 clean, 1 findings, 2 wrong usage or configuration, 3 not checked.",
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "--directory",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Run as if started in DIR.",
)
def cli(directory: str | None) -> None:
    """May this be merged, and if not, which line do I change?

    Policy checks for repositories that ship AI evaluations in containers.
    """
    if directory is not None:
        _enter(directory)


def _enter(directory: str) -> None:
    """Goes there. Git's own variables go on meaning what they meant where they were set.

    To a hook in a linked worktree git gives GIT_DIR alone, and with that takes the folder that
    it is started in for the top of the worktree (git(1), GIT_WORK_TREE): it is the one before.
    """
    git_dir = os.environ.get("GIT_DIR")
    if git_dir and "GIT_WORK_TREE" not in os.environ and os.path.abspath(git_dir) != os.getcwd():
        os.environ["GIT_DIR"] = os.path.abspath(git_dir)
        os.environ["GIT_WORK_TREE"] = os.getcwd()
    os.chdir(directory)
