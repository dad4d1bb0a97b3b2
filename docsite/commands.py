"""The reference of the commands, from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc

import click

from docsite.tables import code, table
from evalpolicy.frontends.cli.program import COMMANDS, cli


def page() -> str:
    """Every command with its usage, its options and its help."""
    parts = [
        "# Commands\n",
        "Made from the command line itself; `evalpolicy COMMAND --help` prints the same.\n",
        table(
            ("command", "does"),
            [
                (f"[evalpolicy {name}](#evalpolicy-{name})", about)
                for name, about in COMMANDS.items()
            ],
        ),
        "Before the command: `-C DIR` runs it as if started in DIR, `--version` and `--help`. "
        "[Exit codes](exit-codes.md) are the same for all of them.\n",
    ]
    root = click.Context(cli, info_name="evalpolicy")
    for name in COMMANDS:
        command = import_module(f"evalpolicy.frontends.cli.{name}").command
        parts += _part(command, click.Context(command, parent=root, info_name=name), 2)
    return "\n".join(parts)


def _part(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield cleandoc(command.help or "").replace("\b\n", "").replace("[[", "\\[\\[") + "\n"
    rows = list(_options(command, context))
    if rows:
        yield table(("option", "", "default"), rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            below = click.Context(inner, parent=context, info_name=name)
            yield from _part(inner, below, level + 1)


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str, str]]:
    for option in command.get_params(context):
        if not isinstance(option, click.Option) or option.hidden or "--help" in option.opts:
            continue
        metavar = "" if option.is_flag else f" {option.make_metavar(context)}"
        names = ", ".join(code(f"{name}{metavar}") for name in option.opts)
        default = option.default if option.show_default and not callable(option.default) else ""
        yield names, option.help or "", code("" if default is None else str(default))
