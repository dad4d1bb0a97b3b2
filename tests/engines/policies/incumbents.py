"""The gates that a fleet has today, run as they are: policies by conftest, lints by rustc.

They are read where the fleet keeps them and never copied.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

POLICIES = "tests/static/policy"
LINTS = "tests/static"
_NAME = re.compile(r"\((?:dockerfile_inspection )?([\w .:]+?)(?:,|\)|$)")
# Words of messages that name no rule of theirs, and what it is called here.
_UNNAMED = {
    "floating `:latest`": "pins",
    "is missing LABEL eval.": "labels",
    "eval.agent.version is `latest`": "agent version",
    "compose.yaml must": "compose markers",
    "service must set BENCHMARK": "compose markers",
    "as a tag (use": "tag axis",
}
_LINTED = re.compile(r"^\s+(\S+) \((unpinned_\w+)\): ", re.M)
_FAILED = re.compile(r"^test (\w+) \.\.\. FAILED$", re.M)
# All that the lints use of the fleet's other crates.
_SUPPORT = """
pub fn repo_root() -> std::path::PathBuf {
    std::env::var_os("FLEET").expect("FLEET is set").into()
}
"""

Said = dict[str, set[str]]
"""By path: short names of what is said of it."""


def of_dockerfiles(conftest: str, policies: Path, root: Path, paths: list[str]) -> Said:
    """What the policies say of each, with the data that the fleet's own sweep gives them."""

    def one(path: str) -> tuple[str, set[str]]:
        folder = Path(path).parent
        params = {"params": {"dir": folder.name, "category": folder.parent.name}}
        with tempfile.TemporaryDirectory() as scratch:
            data = Path(scratch, "params.json")
            data.write_text(json.dumps(params))
            more = ["--data", str(data), "--all-namespaces"]
            # The name decides conftest's parser: Dockerfile.
            return path, _conftest(conftest, policies / "dockerfile", more, root, [path])[path]

    with ThreadPoolExecutor(2) as pool:
        return {path: said for path, said in pool.map(one, paths) if said}


def of_composes(conftest: str, policies: Path, root: Path, paths: list[str]) -> Said:
    if not paths:
        return {}
    said = _conftest(conftest, policies / "compose", [], root, paths)
    return {path: names for path, names in said.items() if names}


def _conftest(conftest: str, policies: Path, more: list[str], root: Path, paths: list[str]) -> Said:
    command = [conftest, "test", "--policy", str(policies.absolute()), *more]
    command += ["--no-color", "--no-fail", "-o", "json", *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    if done.returncode:
        raise SystemExit(f"conftest on {paths[0]} …: {done.stderr}")
    said: Said = {path: set() for path in paths}
    for result in json.loads(done.stdout):
        for kind in ("failures", "warnings"):
            said[result["filename"]].update(_short(m["msg"]) for m in result.get(kind) or ())
    return said


def _short(message: str) -> str:
    for words, name in _UNNAMED.items():
        if words in message:
            return name
    found = _NAME.findall(message)
    return found[-1].strip() if found else message[:40]


class Lints:
    """The fleet's lints that need nothing but Rust's own library, compiled once."""

    def __init__(self, rustc: str, fleet: Path, folder: Path) -> None:
        self._folder = folder
        support = folder / "test_support.rs"
        support.write_text(_SUPPORT)
        _compile(rustc, folder, support, "--crate-type=rlib", "-o", "libtest_support.rlib")
        for name in ("dockerfile_inspection", "check"):
            source = (fleet / LINTS / f"{name}.rs").absolute()
            library = "test_support=libtest_support.rlib"
            _compile(rustc, folder, source, "--test", "--extern", library, "-o", name)

    def of_dockerfiles(self, root: Path) -> Said:
        """What the walk over pip's and npm's words finds below `root`."""
        output = self._run("dockerfile_inspection", root, "inspect_every_dockerfile")
        said: Said = {}
        for path, rule in _LINTED.findall(output):
            said.setdefault(os.path.relpath(path, root), set()).add(rule)
        return said

    def of_structure(self, root: Path) -> set[str]:
        """The structure tests that fail on the fleet at `root`."""
        return set(_FAILED.findall(self._run("check", root)))

    def _run(self, name: str, root: Path, *arguments: str) -> str:
        done = subprocess.run(
            [self._folder / name, *arguments, "--nocapture", "--test-threads=1"],
            env={**os.environ, "FLEET": str(root.absolute())},
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr


def _compile(rustc: str, folder: Path, source: Path, *how: str) -> None:
    command = [rustc, "--edition=2021", "-A", "warnings", str(source), *how]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"rustc on {source}: {done.stderr}")
