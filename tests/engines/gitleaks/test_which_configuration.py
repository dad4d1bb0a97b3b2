"""Which configuration a run reads, as real binaries do: each has a rule of its own name."""

from __future__ import annotations

import json
import os
import subprocess

import gitleaks_binaries
import pytest
from tests.fleets import repository

from evalpolicy.scanners.gitleaks.invocation import from_words
from evalpolicy.scanners.gitleaks.runs.model import RunPlace

pytestmark = [pytest.mark.engine("gitleaks"), pytest.mark.slow, pytest.mark.xdist_group("gitleaks")]

VERSIONS = ("8.18.4", "8.21.0", "8.24.3", "8.30.1")
RULE = "[[rules]]\nid = '{}'\nregex = 'AKIA'\n"
PLACES = (".gitleaks.toml", "src/.gitleaks.toml", "ci/a.toml", "ci/b.toml")
FILES = {**{path: RULE.format(path) for path in PLACES}, "src/a.py": "AKIAIOSFODNN7EXAMPLQ\n"}
BY_VARIABLE = {"GITLEAKS_CONFIG": "ci/a.toml"}
BY_TEXT = {"GITLEAKS_CONFIG_TOML": RULE.format("text")}
OLD = ("detect", "detect --no-git", "detect -s src", "detect --no-git -s src/a.py",
       "detect --pipe", "detect --pipe -s src", "detect -c ci/b.toml")  # fmt: skip
NEW = ("git", "git src", "dir .", "dir src", "dir src/a.py", "file src/a.py", "dir src ci",
       "stdin", "dir $PWD", "dir $PWD/src", "git . -c ci/b.toml",
       "git . --config=$PWD/ci/b.toml")  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return repository(tmp_path_factory.mktemp("repository"), FILES)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_order_of_the_configurations(version, root, need_tool, need_engine, tmp_path):
    binary = gitleaks_binaries.install(need_tool("go"), (version,))
    if isinstance(binary, str):
        need_engine(f"gitleaks {version} cannot be installed: {binary}")
        return
    found, expected = [], []
    for line in (*OLD, *(NEW if version != "8.18.4" else ())):
        words = line.replace("$PWD", str(root)).split()
        for environment in ({}, BY_VARIABLE, BY_TEXT, {**BY_VARIABLE, **BY_TEXT}):
            found.append((line, *environment, read_by(binary.path, words, environment, root)))
            expected.append((line, *environment, judged(binary.version, words, environment, root)))
    assert found == expected


def read_by(binary, words, environment, root):
    """The ids of the rules that a scan reports."""
    report = root.parent / "report.json"
    report.unlink(missing_ok=True)
    subprocess.run(
        [binary, *words, "-f", "json", "-r", report],
        cwd=root, input=b"AKIAIOSFODNN7EXAMPLQ\n", capture_output=True, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(root.parent), **environment},
    )  # fmt: skip
    return sorted({item["RuleID"] for item in json.loads(report.read_text())})


def judged(version, words, environment, root):
    """The name of the configuration's rule, or of the default one."""
    invocation = from_words(words, environment)
    assert invocation is not None
    here = invocation.located(RunPlace(str(root), top=str(root)).within)
    if here.takes_text(version):
        return ["text"]
    path = here.config_path(version)
    return [path] if path in PLACES else ["aws-access-token"]
