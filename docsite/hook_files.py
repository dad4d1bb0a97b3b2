"""Writes what follows from the catalogue of hooks and from the rules.

`python -m docsite.hook_files` writes `.pre-commit-hooks.yaml`, the scripts in `hooks/` and the
index of the rules. A test holds them to it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docsite import rule_index
from evalpolicy.frontends.hooks.catalogue import CatalogueHook, Kind, hooks

HOOKS_FILE = ".pre-commit-hooks.yaml"
SCRIPTS = "hooks"
# From this version of pre-commit on, stages have the names of git's hooks.
_OLDEST_PRE_COMMIT = "3.2.0"

_STAGES: dict[Kind, str] = {
    "index": "[pre-commit, pre-merge-commit, manual]",
    "message": "[commit-msg]",
    "replay": "[manual]",
}


def row(hook: CatalogueHook) -> str:
    """The hook's part of `.pre-commit-hooks.yaml`."""
    entry = hook.id if hook.has_script else " ".join(["evalpolicy", *hook.arguments([])])
    return (
        f"- id: {hook.id}\n"
        f"  name: {hook.id.replace('-', ' ')}\n"
        f"  description: '{hook.title}'\n"
        f"  entry: {entry}\n"
        "  language: python\n"
        f"  pass_filenames: {str(hook.kind == 'message').lower()}\n"
        "  always_run: true\n"
        # Its parts would run at once, each on the whole index.
        "  require_serial: true\n"
        f"  stages: {_STAGES[hook.kind]}\n"
        f"{_dependencies(hook)}"
        f"  minimum_pre_commit_version: {_OLDEST_PRE_COMMIT}\n"
    )


def _dependencies(hook: CatalogueHook) -> str:
    """What it needs beside evalpolicy: pre-commit installs no extra of a repository."""
    if hook.kind != "replay":
        return ""
    from importlib.metadata import requires

    extra = re.compile(r"(\S+?) *; *extra *== *['\"]replay['\"]")
    found = filter(None, (extra.fullmatch(line) for line in requires("evalpolicy") or ()))
    return f"  additional_dependencies: {sorted(match[1] for match in found)}\n"


def script(hook: CatalogueHook) -> str:
    """The hook's file in `hooks/`."""
    return (
        "#!python\n"
        f'"""pre-commit hook: {hook.title[0].lower()}{hook.title[1:]}"""\n\n'
        "import sys\n\n"
        "from evalpolicy.frontends.hooks.catalogue import run\n\n"
        f'run("{hook.id}", sys.argv[1:])\n'
    )


def files() -> dict[str, str]:
    """The files that follow from the catalogue, by their paths in a checkout."""
    found = {HOOKS_FILE: "".join(row(hook) for hook in hooks())}
    found.update({f"{SCRIPTS}/{h.id}": script(h) for h in hooks() if h.has_script})
    found[rule_index.PATH] = rule_index.text()
    return found


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
