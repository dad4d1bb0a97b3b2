"""The pre-commit hooks: which there are, and what is written down of them.

`.pre-commit-hooks.yaml` and the scripts in `hooks/` follow from here, from the families of rules
and from the commands that this version has: `python -m evalpolicy.hook_catalogue` writes them, and
the index of the rules, and a test holds them to it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NoReturn

from msgspec import Struct

from evalpolicy.rules import FAMILIES, indexing

HOOKS_FILE = ".pre-commit-hooks.yaml"
SCRIPTS = "hooks"
# From this version of pre-commit on, stages have the names of git's hooks.
_OLDEST_PRE_COMMIT = "3.2.0"

Kind = Literal["index", "message", "replay"]

_STAGES: dict[Kind, str] = {
    "index": "[pre-commit, pre-merge-commit, manual]",
    "message": "[commit-msg]",
    "replay": "[manual]",
}


class Hook(Struct, frozen=True):
    """One hook. `families` are all that it is for; those that are not there yet do not count.

    Without families it judges by all of them, and its entry is the command itself.
    """

    id: str
    title: str
    families: tuple[str, ...] = ()
    kind: Kind = "index"

    @property
    def known(self) -> tuple[str, ...]:
        """Its families that this version has."""
        return tuple(letters for letters in self.families if letters in FAMILIES)

    @property
    def exists(self) -> bool:
        """Whether this version can run it."""
        if self.kind == "replay":
            from evalpolicy.commands import replay

            return "run" in replay.command.commands
        return bool(self.known) or not self.families

    @property
    def has_script(self) -> bool:
        return bool(self.families) or self.kind != "index"

    def arguments(self, given: Sequence[str]) -> list[str]:
        """The command line of a run; `given` is what pre-commit passes: `args`, then files."""
        if self.kind == "replay":
            return ["replay", "run", *given]
        judged = ["check", "--staged"]
        if self.families:
            judged += ["--select", ",".join(self.known)]
        if self.kind == "message":
            return [*judged, *given[:-1], "--message", *given[-1:]]
        return [*judged, *given]

    @property
    def row(self) -> str:
        """The hook's part of `.pre-commit-hooks.yaml`."""
        entry = self.id if self.has_script else " ".join(["evalpolicy", *self.arguments([])])
        return (
            f"- id: {self.id}\n"
            f"  name: {self.id.replace('-', ' ')}\n"
            f"  description: '{self.title}'\n"
            f"  entry: {entry}\n"
            "  language: python\n"
            f"  pass_filenames: {str(self.kind == 'message').lower()}\n"
            "  always_run: true\n"
            # Its parts would run at once, each on the whole index.
            "  require_serial: true\n"
            f"  stages: {_STAGES[self.kind]}\n"
            f"{self._dependencies}"
            f"  minimum_pre_commit_version: {_OLDEST_PRE_COMMIT}\n"
        )

    @property
    def _dependencies(self) -> str:
        """What it needs beside evalpolicy: pre-commit installs no extra of a repository."""
        if self.kind != "replay":
            return ""
        from importlib.metadata import requires  # A hook that runs needs none of this.

        extra = re.compile(r"(\S+?) *; *extra *== *['\"]replay['\"]")
        found = filter(None, (extra.fullmatch(line) for line in requires("evalpolicy") or ()))
        return f"  additional_dependencies: {sorted(match[1] for match in found)}\n"

    @property
    def script(self) -> str:
        return (
            "#!python\n"
            f'"""pre-commit hook: {self.title[0].lower()}{self.title[1:]}"""\n\n'
            "import sys\n\n"
            "from evalpolicy.hook_catalogue import run\n\n"
            f'run("{self.id}", sys.argv[1:])\n'
        )


ALL = (
    Hook("evalpolicy", "What the commit would hold, by all rules."),
    Hook(
        "evalpolicy-labels",
        "The labels of benchmarks, agents and models, and what is released.",
        ("LBL", "REL"),
    ),
    Hook(
        "evalpolicy-fixtures",
        "Recorded runs, their provenance, and credentials in them.",
        ("FIX", "PRV", "SEC"),
    ),
    Hook("evalpolicy-sizes", "Large files, and the allowances for them.", ("SIZ",)),
    Hook("evalpolicy-gitleaks", "What gitleaks makes of its configuration at its pin.", ("GLK",)),
    Hook(
        "evalpolicy-submission",
        "The commit message: the issue that it names, the sign-off.",
        ("SUB",),
        "message",
    ),
    Hook(
        "evalpolicy-replay",
        "Replay in containers, on request (manual stage).",
        kind="replay",
    ),
)
"""Every hook, those that this version cannot run yet among them."""


def hooks() -> tuple[Hook, ...]:
    """The hooks that this version can run."""
    return tuple(hook for hook in ALL if hook.exists)


def files() -> dict[str, str]:
    """The files that follow from the catalogue, by their paths in a checkout."""
    found = {HOOKS_FILE: "".join(hook.row for hook in hooks())}
    found.update({f"{SCRIPTS}/{h.id}": h.script for h in hooks() if h.has_script})
    found[indexing.PATH] = indexing.text()
    return found


def run(id: str, given: Sequence[str]) -> NoReturn:
    """What a hook's script does; ends the process."""
    from evalpolicy import __main__ as program

    [hook] = (hook for hook in ALL if hook.id == id)
    program.run(hook.arguments(given))


def write(root: Path) -> list[str]:
    """Writes the files below `root`, takes scripts of other hooks away; gives what changed."""
    wanted = files()
    (root / SCRIPTS).mkdir(exist_ok=True)
    changed = []
    for path, text in wanted.items():
        file = root / path
        if not file.is_file() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            changed.append(path)
        if path.startswith(f"{SCRIPTS}/"):
            file.chmod(0o755)
    for file in (root / SCRIPTS).iterdir():
        path = f"{SCRIPTS}/{file.name}"
        if path not in wanted:
            file.unlink()
            changed.append(path)
    return changed


if __name__ == "__main__":
    for changed_path in write(Path.cwd()):
        sys.stdout.write(f"{changed_path}\n")
