"""What gitleaks and detect-secrets find in fixtures, without the repository's own allowlists.

Both tools are run on a folder that holds nothing but copies of the files: their configuration,
baselines and ignore files lie outside it. Neither is asked to show a secret.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem, Span

Tool: TypeAlias = Literal["gitleaks", "detect-secrets"]
TOOLS: tuple[Tool, ...] = ("gitleaks", "detect-secrets")

_TIMEOUT = 600
"""Seconds that a tool may take; a scan of 70 MB takes some seconds."""

_BENIGN = ("user_api_key_hash", "prompt_cache_key", "GPG_KEY")
"""What gitleaks' rule `generic-api-key` mistakes for a secret in a recorded run."""

_PRAGMA = "detect_secrets.filters.allowlist.is_line_allowlisted"
"""The filter of detect-secrets that lets a comment in the scanned file switch it off."""

_HASH = "^[0-9a-f]{64}$"

_DEFAULT_RULES = b"[extend]\nuseDefault = true\n"


class External(Struct, frozen=True):
    """A finding of another tool: which rule of it, in which file, where.

    The line is reliable. The column is the tool's own: gitleaks counts it within the piece of the
    file that it had read, detect-secrets has none.
    """

    tool: Tool
    rule: str
    path: str
    span: Span


def command(tool: Tool, folder: Path, report: Path, configuration: Path) -> list[str]:
    """The exact command that scans `folder`.

    gitleaks (8.19 and later: `dir`) is given a configuration that has its default rules and nothing
    else, and an empty ignore file. detect-secrets writes its report to standard output; it is
    told to look at all files and to verify nothing over the network. Its two plugins that go by
    entropy alone are off: every id and hash of a recorded run is a finding for them; and so is what
    it takes for a secret by its key's name alone where that is a SHA-256 (`user_api_key_hash`).
    """
    match tool:
        case "gitleaks":
            return [
                *("gitleaks", "dir", str(folder), "--config", str(configuration)),
                *("--gitleaks-ignore-path", str(configuration.parent), "--ignore-gitleaks-allow"),
                *("--redact=100", "--no-banner", "--log-level", "error", "--exit-code", "0"),
                *("--report-format", "json", "--report-path", str(report)),
            ]
        case "detect-secrets":
            return [
                *("detect-secrets", "-C", str(folder)),
                *("scan", "--all-files", "--no-verify", "--disable-filter", _PRAGMA),
                *("--disable-plugin", "Base64HighEntropyString"),
                *("--disable-plugin", "HexHighEntropyString"),
                *("--exclude-secrets", _HASH, "."),
            ]


def dry_run(tool: Tool) -> str:
    """The command as a line for a POSIX shell, with placeholders for its temporary files."""
    argv = command(tool, Path("FOLDER"), Path("REPORT"), Path("CONFIG/gitleaks.toml"))
    return shlex.join(argv)


def scan_with(tool: Tool, files: Mapping[str, bytes]) -> tuple[External, ...] | Problem:
    """The findings of `tool` in the files, by path; a problem where it cannot be run.

    The paths are only names here: nothing is written but into a temporary folder, under numbers.
    """
    executable = shutil.which(tool)
    if executable is None:
        return Problem(f"{tool} is not installed: it was asked for and did not scan")
    with tempfile.TemporaryDirectory(prefix="evalpolicy-") as name:
        root = Path(name)
        folder, report, configuration = root / "files", root / "report.json", root / "g.toml"
        folder.mkdir()
        configuration.write_bytes(_DEFAULT_RULES)
        names: dict[str, str] = {}
        for number, (path, content) in enumerate(files.items()):
            copy = f"{number}.jsonl"
            names[copy] = path
            (folder / copy).write_bytes(content)
        argv = command(tool, folder, report, configuration)
        try:
            done = subprocess.run(
                [executable, *argv[1:]],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
                cwd=root,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Problem(f"{tool} did not finish: {error}")
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason"]
            return Problem(f"{tool} failed with exit code {done.returncode}: {said[0]}")
        try:
            output = report.read_bytes() if tool == "gitleaks" else done.stdout
            found = _READERS[tool](json.loads(output), names)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            return Problem(f"the report of {tool} could not be read: {error!r}")
    return tuple(sorted(found, key=lambda one: (one.path, one.span, one.rule)))


def _from_gitleaks(report: object, names: Mapping[str, str]) -> list[External]:
    found = []
    for row in report if isinstance(report, list) else ():
        if row["RuleID"] == "generic-api-key" and any(name in row["Match"] for name in _BENIGN):
            continue  # the match begins with the key's name; its value is redacted
        where = Span.at(int(row["StartLine"]), max(1, int(row["StartColumn"])))
        found.append(External("gitleaks", row["RuleID"], names[Path(row["File"]).name], where))
    return found


def _from_detect_secrets(report: object, names: Mapping[str, str]) -> list[External]:
    results = report["results"] if isinstance(report, dict) else {}
    return [
        External("detect-secrets", row["type"], names[Path(name).name], Span.at(row["line_number"]))
        for name, rows in results.items()
        for row in rows
    ]


_READERS = {"gitleaks": _from_gitleaks, "detect-secrets": _from_detect_secrets}
