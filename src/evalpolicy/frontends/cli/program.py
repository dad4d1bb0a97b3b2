"""The command line and its commands. Each command is imported when it is called."""

from __future__ import annotations

import os
from importlib import import_module
from types import MappingProxyType

import click

from evalpolicy import __version__

COMMANDS = MappingProxyType(
    {
        "baseline": "Write, prune or show the baseline of known findings.",
        "check": "Check the fleet: labels, fixtures, scanners, gates.",
        "completion": "Print a shell completion script.",
        "explain": "Explain what a rule finds, why, and how to fix it.",
        "fixtures": "List, show, scan and redact fixtures (recorded runs).",
        "fleet": "List the benchmarks, agents and fixtures in this repository.",
        "gitleaks": "Explain a gitleaks configuration, or migrate it to another version.",
        "init": "Set up this repository: configuration, hook, workflow and baseline.",
        "lsp": "Run the language server, for findings in your editor.",
        "provenance": "Record, backfill and verify where fixtures come from.",
        "replay": "Replay and record fixtures in containers.",
        "report": "Write a web page: what to do first, findings, coverage.",
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
            hint = (
                f" Did you mean {close}?"
                if close
                else " Run evalpolicy --help to list the commands."
            )
            raise click.UsageError(f"No such command: {name!r}.{hint}", ctx)
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
    """Changes the working folder. Git's own variables keep the meaning they had before.

    In a linked worktree git sets only GIT_DIR for a hook, and then takes the folder it starts in
    as the top of the worktree (git(1), GIT_WORK_TREE): that has to stay the folder from before.
    """
    git_dir = os.environ.get("GIT_DIR")
    if git_dir and "GIT_WORK_TREE" not in os.environ and os.path.abspath(git_dir) != os.getcwd():
        os.environ["GIT_DIR"] = os.path.abspath(git_dir)
        os.environ["GIT_WORK_TREE"] = os.getcwd()
    os.chdir(directory)
