"""The one boundary at which errors become exit codes."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from evalpolicy.errors import EXIT_NOT_CHECKED, EXIT_USAGE, NotCheckedError, UsageError


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and gives its exit code; raises nothing."""
    try:
        code = _ended(argv)
        from evalpolicy.errors import block

        if (lines := block()) is not None:
            _say(f"evalpolicy: internal error: not everything could be checked\n{lines}")
            code = max(code, EXIT_NOT_CHECKED)
        return code
    except BrokenPipeError:
        # The reader left (`| head`). Python would complain once more while it shuts down.
        sys.stdout = None
    except OSError as error:
        # Whatever could be isolated was: what is left is the machine's.
        named = f": {os.fsdecode(error.filename)}" if error.filename else ""
        _say(f"evalpolicy: nothing was decided: {error.strerror or error}{named}")
    except MemoryError:
        _say("evalpolicy: nothing was decided: there is not enough memory")
    except Exception as error:  # noqa: BLE001 - the boundary: a bug is reported, not thrown
        _say(_bug(error))
    return EXIT_NOT_CHECKED


def _ended(argv: list[str] | None) -> int:
    """The exit code of the command line; raises what is nobody's answer."""
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
    except SystemExit:  # of which click makes a reader that left
        sys.stdout = None
        return EXIT_NOT_CHECKED


def run(argv: list[str] | None = None) -> NoReturn:
    """A console script: the command line as a process of its own, which it ends.

    Facts are left to the system as they are, as mypy leaves them: to free those of a large fleet
    one by one takes a tenth of a run. A process that has other threads ends the usual way.
    """
    import gc
    import threading

    # A run makes many facts and few circles: collecting as eagerly as by default costs a tenth.
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
    """Why nothing can be reported here, on standard error; the exit code, 0 where all is well.

    A descriptor that the caller closed is taken by the next file that is opened, and then what is
    printed goes into that file.
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
            "evalpolicy: nothing was checked: Python leaves the rules' documentation out "
            "(-OO, PYTHONOPTIMIZE=2): run it without"
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
    from evalpolicy.reporters.safe import shown

    sys.stderr.write("\n".join(map(shown, text.split("\n"))) + "\n")


def _bug(error: Exception) -> str:
    """One line, and a block that can be pasted into an issue."""
    import traceback

    from evalpolicy.errors import pasted

    trace = "".join(traceback.format_exception(error)).rstrip()
    return (
        f"evalpolicy: internal error, nothing was decided: {type(error).__name__}: {error}\n"
        + pasted([trace])
    )
