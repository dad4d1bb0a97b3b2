"""What other tools report on the rules' own examples: the evidence behind the comparison.

Each runs as it comes, with what its documentation tells to set: hadolint with the schema of the
labels, gitleaks and detect-secrets with their default rules, check-added-large-files with
`--enforce-all`. A tool finds what a rule finds if it reports something on the bad
example that it does not report on the good one.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from docsite.examples import made_up
from evalpolicy.rules import all_rules
from evalpolicy.rules.pages import BAD, GOOD, example
from evalpolicy.testing.repositories import start, write

LABELS = {
    "eval.type": "text",
    "eval.benchmark.name": "text",
    "eval.benchmark.description": "text",
    "eval.benchmark.tasks": "text",
    "eval.benchmark.env": "text",
    "eval.benchmark.internet": "text",
    "eval.benchmark.data_revision": "hash",
}
"""The contract as far as hadolint's label schema can express it."""


Said = dict[str, set[str]]
"""Path below the folder → what a tool reports on the file there."""


def hadolint(tool: str, folder: Path) -> Said:
    """The codes of its rules."""
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("Dockerfile*") if p.is_file())
    labels = [f"--require-label={key}:{kind}" for key, kind in LABELS.items()]
    command = [tool, "--no-fail", "-f", "json", "--strict-labels", *labels, *files]
    return _by_path((row["file"], row["code"]) for row in json.loads(_run(command, folder)))


def gitleaks(tool: str, folder: Path) -> Said:
    """The ids of its rules. No configuration that lies in the folder is read."""
    with tempfile.TemporaryDirectory() as scratch:
        own, report = Path(scratch, "gitleaks.toml"), Path(scratch, "report.json")
        own.write_text("[extend]\nuseDefault = true\n")
        command = [tool, "dir", "--no-banner", "--exit-code=0", "--log-level=error"]
        _run([*command, "-c", str(own), "-f", "json", "-r", str(report), "."], folder)
        rows = json.loads(report.read_text())
    return _by_path((row["File"], row["RuleID"]) for row in rows)


def detect_secrets(tool: str, folder: Path) -> Said:
    """The names of its plug-ins."""
    found = json.loads(_run([tool, "scan", "--all-files", "."], folder))
    return _by_path((path, row["type"]) for path, rows in found["results"].items() for row in rows)


def large_files(tool: str, folder: Path) -> Said:
    """The files that it calls large. It asks git, so the folder has to be a repository."""
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    command = [tool, "--enforce-all", *(path for path in files if not path.startswith(".git/"))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    large = re.findall(r"^(.+) \(\d+ KB\) exceeds", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1) or bool(large) != bool(done.returncode):
        raise RuntimeError(f"{tool}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return _by_path((path, "too large") for path in large)


TOOLS: Mapping[str, Callable[[str, Path], Said]] = {
    "hadolint": hadolint,
    "gitleaks": gitleaks,
    "detect-secrets": detect_secrets,
    "check-added-large-files": large_files,
}
"""The name of a tool, and of its program → how it is asked."""


def lay_out(folder: Path) -> Path:
    """Every rule's examples as `ID/bad/…` and `ID/good/…`, in one git repository.

    Of a submission it is what the submission leaves behind.
    """
    for rule in all_rules():
        for name, title in (("bad", BAD), ("good", GOOD)):
            shown = example(rule.documentation, title, made_up)
            write(folder / rule.id / name, shown.files or shown.after)
    start(folder)
    return folder


def found_by(reported: Said) -> dict[str, set[str]]:
    """Rule → what a tool reports on its bad example and not on its good one."""
    by_side: dict[tuple[str, str], set[str]] = {}
    for path, words in reported.items():
        id, side, _ = path.split("/", 2)
        by_side.setdefault((id, side), set()).update(words)
    found = {id: by_side.get((id, "bad"), set()) - by_side.get((id, "good"), set())
             for id, _ in by_side}  # fmt: skip
    return {id: words for id, words in sorted(found.items()) if words}


def _by_path(rows: Iterable[tuple[str, str]]) -> Said:
    found: Said = {}
    for path, word in rows:
        found.setdefault(path.removeprefix("./"), set()).add(word)
    return found


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: exit code {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
