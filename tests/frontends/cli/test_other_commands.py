"""`fleet`, `rules`, `explain`, `completion`, help and version."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fleets import AGENT, BENCHMARK, FIXTURES, FLEET, write

from evalpolicy import __version__
from evalpolicy.__main__ import main
from evalpolicy.frontends.cli.program import COMMANDS
from evalpolicy.rules import all_rules


@pytest.fixture
def run(monkeypatch, capfdbinary):
    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def test_version(run, tmp_path):
    assert run(tmp_path, "--version") == (0, f"evalpolicy {__version__}\n", "")


def test_version_loads_nothing_dear():
    code = (
        "import sys; from evalpolicy.__main__ import main; main(['--version']); "
        "dear = {'jsonschema', 'yaml', 'tomlkit', 'dockerfile_parse', 're2', 'orjson', 'sqlite3', "
        "'subprocess', 'json'}; print(sorted(dear & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"


def test_a_check_without_findings_loads_no_yaml_and_no_toml_writer(tmp_path):
    write(tmp_path, FLEET)
    code = (
        "import sys; from evalpolicy.__main__ import main; "
        "main(['check', '-q', '--ignore', 'STR']); "
        "print(sorted({'yaml', 'tomlkit', 'orjson'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--version"], ["explain", "LBL001"], ["check"]])
def test_what_cannot_be_written_was_not_checked(tmp_path, words):
    write(tmp_path, FLEET)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "evalpolicy", *words],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr == "evalpolicy: no verdict: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_what_is_written_last_counts_as_well():
    code = """
import sys
from evalpolicy.frontends.cli import boundary as program
sys.stdout = open("/dev/full", "w")
program.main = lambda argv: print("x") or 0
program.run()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("words", [["explain", "LBL001"], ["check", "--format", "json"]])
def test_a_reader_that_left_is_no_bug(tmp_path, words):
    write(tmp_path, FLEET)
    read, fill = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "evalpolicy", *words],
        cwd=tmp_path, stdout=fill, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(fill)
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize(
    ("words", "code"), [(["check"], 0), (["check", "--select", "XYZ"], 2), (["check", "/"], 2)]
)
def test_a_program_of_its_own_ends_with_the_code(tmp_path, words, code):
    write(tmp_path, FLEET)
    done = subprocess.run(
        [sys.executable, "-m", "evalpolicy", *words], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == code
    assert done.stdout or done.stderr


def test_help_names_every_command_and_exit_code(run, tmp_path):
    code, out, _ = run(tmp_path, "--help")
    assert code == 0
    assert all(f"  {name} " in out for name in COMMANDS)
    assert "3 not checked" in " ".join(out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run, tmp_path, name):
    code, out, _ = run(tmp_path, name, "--help")
    assert code == 0
    assert out.startswith(f"Usage: evalpolicy {name}")
    assert max(map(len, out.splitlines())) <= 80


def test_explain_prints_the_page(run, tmp_path):
    code, out, _ = run(tmp_path, "explain", "LBL009", "label-missing")
    assert code == 0
    assert out.startswith("# LBL009 data-revision-decorative (warning)\n")
    assert "# LBL001 label-missing (error)" in out
    assert "## Why" in out


def test_explain_a_family(run, tmp_path):
    _, out, _ = run(tmp_path, "explain", "REL")
    assert re.findall(r"^# (\w+)", out, re.MULTILINE) == ["REL001", "REL002", "REL003", "REL004"]


def test_rules_in_every_format(run, tmp_path):
    ids = [rule.id for rule in all_rules()]
    _, text, _ = run(tmp_path, "rules")
    _, markdown, _ = run(tmp_path, "rules", "--format", "markdown")
    _, machine, _ = run(tmp_path, "rules", "--format", "json")
    assert re.findall(r"^  ([A-Z]{3}\d{3}) ", text, re.MULTILINE) == ids
    assert re.findall(r"^\| ([A-Z]{3}\d{3}) ", markdown, re.MULTILINE) == ids
    assert [row["id"] for row in json.loads(machine)] == ids


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run, tmp_path, shell):
    code, out, _ = run(tmp_path, "completion", shell)
    assert code == 0
    assert "_EVALPOLICY_COMPLETE" in out


def test_completion_completes():
    environment = {**os.environ, "_EVALPOLICY_COMPLETE": "bash_complete",
                   "COMP_WORDS": "evalpolicy ch", "COMP_CWORD": "1"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "from evalpolicy.__main__ import run; run()"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "plain,check"


FILES = {
    **FLEET,
    "containers/benchmarks/arc/Dockerfile": BENCHMARK.replace(
        '"210d026faf9955653af8916fad021475a3f00453"', '"${REV}"'
    ),
    "containers/benchmarks/arc/build.sh": "docker build --build-arg REV=1",
    "containers/agents/mini-codex/Dockerfile": AGENT.replace('"codex"', '"mini-codex"'),
    f"{FIXTURES}/arc-0-mini-codex.traces.jsonl": "{}\n",
    f"{FIXTURES}/nobody-0-codex.traces.jsonl": "{}\n",
}


class TestFleet:
    def test_json(self, run, tmp_path):
        code, out, _ = run(write(tmp_path, FILES), "fleet", "--format", "json")
        document = json.loads(out)
        assert code == 0
        [arc] = document["benchmarks"]
        assert arc["name"] == "arc"
        assert arc["labels"]["eval.benchmark.tasks"]["value"] == "400"
        assert arc["labels"]["eval.benchmark.data_revision"] == {
            "raw": "${REV}",
            "value": "",
            "line": 8,
            "unresolved": ["REV"],
            "supplied": True,
        }
        assert arc["fixtures"] == [f"{FIXTURES}/arc-0-mini-codex.traces.jsonl"]
        assert [agent["name"] for agent in document["agents"]] == ["codex", "mini-codex"]
        assert [
            (f["benchmark"], f["task"], f["agent"], f["ambiguous"]) for f in document["fixtures"]
        ] == [("arc", "0", "mini-codex", True), (None, None, None, False)]

    def test_text_and_markdown(self, run, tmp_path):
        write(tmp_path, FILES)
        _, text, _ = run(tmp_path, "fleet")
        assert "arc        400    shared-env  -         1         ${REV}" in text
        assert "1 benchmark, 2 agents, 0 models, 0 gateways, 0 cores, 2 fixtures" in text
        _, markdown, _ = run(tmp_path, "fleet", "--format", "markdown")
        assert "| arc | 400 | shared-env | - | 1 | `${REV}` |" in markdown

    def test_nothing_there(self, run, tmp_path):
        code, out, err = run(tmp_path, "fleet")
        assert (code, out) == (3, "")
        assert "[layout]" in err

    def test_a_problem_is_no_pass(self, run, tmp_path):
        write(tmp_path, {**FILES, "x/Dockerfile": ""})
        code, out, _ = run(tmp_path, "fleet")
        assert code == 3
        assert "x/Dockerfile:1: not checked" in out
