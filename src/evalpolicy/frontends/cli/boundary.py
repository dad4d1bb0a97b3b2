"""The only place where errors become exit codes."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from evalpolicy.errors import EXIT_NOT_CHECKED, EXIT_USAGE, NotCheckedError, UsageError


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code; never raises."""
    try:
        code = _ended(argv)
        from evalpolicy.errors import block

        if (lines := block()) is not None:
            _say(f"evalpolicy: internal error: not everything could be checked\n{lines}")
            code = max(code, EXIT_NOT_CHECKED)
        return code
    except BrokenPipeError:
        # The reader closed the pipe (`| head`). Python would print an error again at shutdown.
        sys.stdout = None
    except OSError as error:
        # Errors of single files are handled elsewhere; this one comes from the machine.
        named = f": {os.fsdecode(error.filename)}" if error.filename else ""
        _say(f"evalpolicy: no verdict: {error.strerror or error}{named}")
    except MemoryError:
        _say("evalpolicy: no verdict: out of memory")
    except Exception as error:  # noqa: BLE001 - the boundary: a bug is reported, not thrown
        _say(_bug(error))
    return EXIT_NOT_CHECKED


def _ended(argv: list[str] | None) -> int:
    """The exit code of the command line; raises unexpected errors."""
    import click

    from evalpolicy.frontends.cli.program import cli

    try:
        code = cli.main(args=argv, prog_name="evalpolicy", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except UsageError as error:
        _say(f"evalpolicy: {error}")
        return EXIT_USAGE
    except NotCheckedError as error:
        _say(f"evalpolicy: {error}")
        return EXIT_NOT_CHECKED
    except (KeyboardInterrupt, click.Abort):
        _say("evalpolicy: interrupted; nothing was checked")
        return EXIT_NOT_CHECKED
    except SystemExit:  # click raises it if the reader closed the pipe
        sys.stdout = None
        return EXIT_NOT_CHECKED


def run(argv: list[str] | None = None) -> NoReturn:
    """The console script: runs the command line and ends the process.

    Like mypy, it leaves freeing memory to the system: freeing the facts of a large fleet one by
    one takes a tenth of a run. A process with other threads ends in the usual way.
    """
    import gc
    import threading

    # A run makes many objects and few cycles; collecting as often as by default costs a tenth.
    gc.set_threshold(100_000, 20, 100)
    code = _unusable() or main(argv)
    if threading.active_count() > 1:
        raise SystemExit(code)
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = EXIT_NOT_CHECKED
    atexit._run_exitfuncs()
    os._exit(code)


def _unusable() -> int:
    """Says on standard error why nothing can be reported; returns the exit code, 0 if all is well.

    If the caller closed a descriptor, the next file that is opened takes its number, and output
    would end up in that file.
    """
    closed = {number for number in (0, 1, 2) if not _is_open(number)}
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as we run
    if 1 in closed:
        _say("evalpolicy: nothing was checked: standard output is closed")
        return EXIT_NOT_CHECKED
    if sys.flags.optimize > 1:
        _say(
            "evalpolicy: nothing was checked: -OO (PYTHONOPTIMIZE=2) removes the rules' "
            "documentation: run Python without it"
        )
        return EXIT_NOT_CHECKED
    return 0


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _say(text: str) -> None:
    from evalpolicy.reporters.safe import shown, without_credentials

    sys.stderr.write("\n".join(map(shown, without_credentials(text).split("\n"))) + "\n")


def _bug(error: Exception) -> str:
    """One line, and a block to paste into an issue."""
    import traceback

    from evalpolicy.errors import pasted

    trace = "".join(traceback.format_exception(error)).rstrip()
    return f"evalpolicy: internal error, no verdict: {type(error).__name__}: {error}\n" + pasted(
        [trace]
    )
