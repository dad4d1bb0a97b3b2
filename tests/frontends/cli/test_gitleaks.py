"""`evalpolicy gitleaks explain` and `migrate`, and the page of versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from docsite.gitleaks import page
from tests.fleets import write

from evalpolicy.__main__ import main

TEXT = '# why\n[extend]\nuseDefault = true\n\n[[allowlists]] # new\nregexes = ["a"]\n'
HOOK = (
    "repos:\n  - repo: https://github.com/gitleaks/gitleaks\n    rev: v8.18.4\n"
    "    hooks:\n      - id: gitleaks\n"
)
TREE = {".gitleaks.toml": TEXT, ".pre-commit-config.yaml": HOOK}


@pytest.fixture
def run(monkeypatch, capfdbinary):
    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(["gitleaks", *arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def test_explain_judges_at_the_pin(run, tmp_path):
    code, out, _ = run(write(tmp_path, TREE), "explain")
    assert code == 0
    assert out.startswith("gitleaks 8.18.4, .gitleaks.toml\n")
    assert "5: [[allowlists]] ignored" in out


def test_a_pin_by_hand(run, tmp_path):
    _, out, _ = run(write(tmp_path, TREE), "explain", "--pin", "8.30.1")
    assert "5: [[allowlists]] works" in out


def test_versions_side_by_side_fit_sixty_columns(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = run(write(tmp_path, TREE), "explain", "--at", "8.24.3", "--at", "v8.25.0")
    assert code == 0
    assert "line 5  ignored  works    <- changes" in out
    assert max(map(len, out.splitlines())) <= 60


def test_the_json_of_the_interface(run, tmp_path):
    _, out, _ = run(write(tmp_path, TREE), "explain", "--format", "json", "--at", "8.24.3")
    (row,) = json.loads(out)
    assert row.keys() >= {"version", "config", "loads", "error", "rules", "allowlists",
                          "unknown_keys"}  # fmt: skip
    assert row["allowlists"][0].items() >= {
        "line": 5, "form": "[[allowlists]]", "scope": "global", "effect": "ignored", "files": 0,
    }.items()  # fmt: skip


def test_markdown_is_a_table(run, tmp_path):
    _, out, _ = run(write(tmp_path, TREE), "explain", "--format", "markdown")
    assert out.startswith("|  | 8.18.4 |\n| --- | --- |\n")


def test_the_file_that_a_pin_names_is_the_default(run, tmp_path):
    hook = HOOK + "        args: [-c, conf/leaks.toml]\n"
    write(
        tmp_path,
        {
            ".pre-commit-config.yaml": hook,
            "conf/leaks.toml": TEXT,
        },
    )
    assert "gitleaks 8.18.4, conf/leaks.toml" in run(tmp_path, "explain")[1]


def test_without_a_configuration_it_says_what_runs(run, tmp_path):
    code, out, _ = run(write(tmp_path, {".github/.gitleaks.toml": TEXT, "a": ""}), "explain")
    assert code == 0 or ".github" in out
    write(tmp_path, {".pre-commit-config.yaml": HOOK})
    code, out, _ = run(tmp_path, "explain")
    assert code == 0
    assert "default rules" in out
    assert ".github/.gitleaks.toml is not read" in out
    assert run(tmp_path, "explain", "--format", "json")[1] == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["explain", "gone.toml"], 2),
        (["explain", "/etc/passwd"], 2),
        (["explain", "--at", "latest"], 2),
        (["explain", "--at", "7.0.0"], 2),
        (["migrate", "--to", "x"], 2),
        (["migrate", "gone.toml", "--to", "8.30.1"], 2),
        (["migrate"], 2),
    ],
)
def test_wrong_usage(run, tmp_path, arguments, code):
    assert run(write(tmp_path, TREE), *arguments)[0] == code


def test_migrate_writes_once_and_then_nothing(run, tmp_path):
    write(tmp_path, TREE)
    code, out, _ = run(tmp_path, "migrate", "--to", "8.18.4")
    assert (code, out) == (0, ".gitleaks.toml:5: [[allowlists]] becomes [allowlist]\n")
    after = TEXT.replace("[[allowlists]]", "[allowlist]")
    assert (tmp_path / ".gitleaks.toml").read_text() == after
    code, out, _ = run(tmp_path, "migrate", "--to", "8.18.4")
    assert (code, "nothing to change" in out) == (0, True)
    assert (tmp_path / ".gitleaks.toml").read_text() == after


@pytest.mark.parametrize("flag", ["--diff", "--dry-run"])
def test_a_diff_writes_nothing(run, tmp_path, flag):
    code, out, _ = run(write(tmp_path, TREE), "migrate", "--to", "8.18.4", flag)
    assert code == 0
    assert "\n-[[allowlists]] # new\n+[allowlist] # new\n" in out
    assert (tmp_path / ".gitleaks.toml").read_text() == TEXT


def test_a_refusal_names_the_line_and_changes_nothing(run, tmp_path):
    text = TEXT + 'paths = ["b"]\ncondition = "AND"\n'
    write(tmp_path, {**TREE, ".gitleaks.toml": text})
    code, out, _ = run(tmp_path, "migrate", "--to", "8.18.4")
    assert code == 1
    assert out.startswith(".gitleaks.toml:8: cannot be migrated to 8.18.4: condition AND")
    assert (tmp_path / ".gitleaks.toml").read_text() == text


def test_the_page_of_versions_is_current():
    kept = Path(__file__).parents[3] / "docs" / "gitleaks.md"
    assert kept.read_text("utf-8") == page(), "python -m docsite.gitleaks > docs/gitleaks.md"


def test_the_page_says_from_when_a_form_is_read():
    assert "| `[[allowlists]]` | ignored up to 8.24.3; **read** from 8.25.0 on |" in page()
