"""The commands in the documents, run as a reader would.

A block of the language `console` holds commands behind `$ ` and, where it shows any, their output,
in which a line `…` stands for any lines, and `…` within one for any text. All blocks of a document
run one after the other, in one copy of examples/fleet, a git repository with one commit. HTML
comments before a block state what a reader does not have to see:

    <!-- setup            commands that run first
    <!-- exit 1 -->       each command ends with 0 or 1, and at least one with 1
    <!-- not run: why --> the block is not run; the reason has to be there
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
ELLIPSIS = "…"

_PART = re.compile(
    r"^<!-- setup\n(?P<setup>.*?)^-->$"
    r"|^<!-- not run:(?P<why>.*?)-->\n+```console\n(?P<left>.*?)^```$"
    r"|^(?:<!-- exit (?P<exit>\d) -->\n+)?```console\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Command(NamedTuple):
    """One command of a document. `output` is what the document shows of it, None if nothing."""

    text: str
    output: tuple[str, ...] | None
    line: int


class Block(NamedTuple):
    """Commands that stand together. `reason` states why they are not run, if they are not."""

    commands: tuple[Command, ...]
    exit: int = 0
    reason: str | None = None


class Ran(NamedTuple):
    code: int
    output: str


def documents() -> list[Path]:
    """Every document that a reader may copy commands from."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found += sorted((ROOT / "docs").rglob("*.md"))
    return found + sorted((ROOT / "examples").rglob("README.md"))


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a document, in order."""
    for part in _PART.finditer(text):
        body = next(name for name in ("setup", "left", "block") if part[name] is not None)
        line = text.count("\n", 0, part.start(body))
        if part["setup"] is not None:
            lines = part["setup"].splitlines()
            yield Block(tuple(Command(each, None, line + n) for n, each in enumerate(lines, 1)))
        elif part["left"] is not None:
            yield Block(tuple(_commands(part["left"], line)), 0, part["why"].strip())
        else:
            yield Block(tuple(_commands(part["block"], line)), int(part["exit"] or 0))


def _commands(body: str, first: int) -> Iterator[Command]:
    text, line, continued = "", first, False
    output: list[str] = []
    for number, each in enumerate(body.splitlines(), first + 1):
        if continued:
            text += "\n" + each
        elif each.startswith("$ "):
            if text:
                yield Command(text, tuple(output) or None, line)
            text, output, line = each[2:], [], number
        else:
            output.append(each)
        continued = text.endswith("\\") and not output
    if text:
        yield Command(text, tuple(output) or None, line)


def fleet(folder: Path) -> Path:
    """A copy of the example fleet as a repository with one commit."""
    copy = Path(shutil.copytree(ROOT / "examples/fleet", folder / "fleet"))
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=copy, env=environment(folder), check=True)
    return copy


def environment(folder: Path) -> dict[str, str]:
    """What commands see: this Python's programs first, and a home of their own."""
    (folder / "gitconfig").write_text("[user]\nname = Reader\nemail = reader@example.org\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "EVALPOLICY_CACHE_DIR": str(folder / "cache"),
        "REPO": str(ROOT),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }


def run(command: Command, place: Path, folder: Path) -> tuple[Ran, Path]:
    """Runs a command in `place`; gives what came of it, and where it left off."""
    script = 'cd "$1" || exit 99; eval "$2"; code=$?; pwd > "$3"; exit $code'
    left = folder / "place"
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(place), command.text, str(left)],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout), Path(left.read_text().strip())


def shows(shown: tuple[str, ...], output: str) -> bool:
    """Whether the output is what the document shows of it."""
    # Blocks of a document end without blank lines.
    lines = output.rstrip().splitlines()
    parts = [
        "(?:.*\n)*"
        if line.strip() == ELLIPSIS
        else ".*".join(map(re.escape, line.rstrip().split(ELLIPSIS))) + "\n"
        for line in shown
    ]
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    return re.fullmatch("".join(parts), text) is not None
