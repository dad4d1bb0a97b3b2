"""`evalpolicy completion`."""

from __future__ import annotations

import click

from evalpolicy.frontends.cli.console import write


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL.

    For bash, add this to ~/.bashrc: eval "$(evalpolicy completion bash)"
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that the option allows"
    script = kind(context.find_root().command, {}, "evalpolicy", "_EVALPOLICY_COMPLETE")
    write(script.source() + "\n")
    return 0
