"""Every git command that can be started, and what it is started with."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fleets import git, repository

import evalpolicy
from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot import git_process
from evalpolicy.snapshot.git_process import FIXED, GitCommand

SOURCE = Path(evalpolicy.__file__).parent
# Who starts programs, and which: git is started by the first alone. `testing` makes repositories
# for the tests of rules, and no other module imports it.
STARTING = {
    "snapshot/git_process.py": "git",
    "testing/repositories.py": "git, in tests",
    "frontends/action/__main__.py": "evalpolicy itself",
    "matching/python_re.py": "Python, for a pattern that may never end",
    "scanners/credentials/external.py": "gitleaks, detect-secrets",
    "replay/calls.py": "docker, podman",
    "replay/containers/engines.py": "docker, podman",
    "replay/containers/lifecycle.py": "docker, podman",
    "replay/containers/output.py": "docker, podman",
}
READ_ONLY = {
    "cat-file", "check-ignore", "config", "diff", "diff-index", "diff-tree", "log", "ls-files",
    "ls-tree", "merge-base", "merge-tree", "rev-parse", "var",
}  # fmt: skip


@pytest.fixture
def seen(tmp_path, monkeypatch):
    """`seen(command)` gives the words and the variables that git is started with."""
    spy = tmp_path / "bin/git"
    spy.parent.mkdir()
    spy.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"json.dump([sys.argv, dict(os.environ)], open({str(tmp_path / 'seen')!r}, 'w'))\n"
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(spy.parent))

    def call(command: GitCommand, **place: str) -> tuple[list[str], dict[str, str]]:
        if command is GitCommand.READ:
            with git_process.start(command, folder=tmp_path, place=place) as process:
                process.communicate()
        else:
            git_process.run(command, folder=tmp_path, place=place)
        words, variables = json.loads((tmp_path / "seen").read_text())
        return words, variables

    return call


@pytest.mark.parametrize("command", GitCommand)
def test_each_command_has_the_fixed_configuration_and_environment(command, seen, monkeypatch):
    for name in ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "GIT_TRACE",
                 "GIT_CONFIG_PARAMETERS", "GIT_EXEC_PATH", "GIT_ATTR_SOURCE", "GIT_ANYTHING_NEW",
                 "GIT_REPLACE_REF_BASE", "GIT_PAGER", "GIT_COMMON_DIR"):  # fmt: skip
        monkeypatch.setenv(name, "evil")
    monkeypatch.setenv("GIT_NO_REPLACE_OBJECTS", "")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index")
    words, variables = seen(command, GIT_DIR="/r/.git")
    assert command.value[0] in READ_ONLY
    given = words[words.index(command.value[0]) :]
    assert tuple(given) == command.value
    options = words[1 : -len(given)]
    assert options[0] == "--no-pager"
    assert dict(word.split("=", 1) for word in options[2::2]) == FIXED
    assert set(options[1::2]) == {"-c"}
    assert "evil" not in variables.values()
    assert variables["GIT_INDEX_FILE"] == ".git/next-index"
    assert variables["GIT_DIR"] == "/r/.git"
    for name in ("GIT_NO_REPLACE_OBJECTS", "GIT_NO_LAZY_FETCH", "GIT_ATTR_NOSYSTEM"):
        assert variables[name] == "1"
    for name in ("GIT_ALLOW_PROTOCOL",):
        assert variables[name] == ""
    for name in ("GIT_OPTIONAL_LOCKS", "GIT_TERMINAL_PROMPT", "GIT_TRACE2", "GIT_TRACE2_EVENT",
                 "GIT_TRACE2_PERF"):  # fmt: skip
        assert variables[name] == "0"


def test_the_fixed_configuration_names_what_could_start_a_program():
    assert FIXED["safe.bareRepository"] == "explicit"
    assert FIXED["core.fsmonitor"] == FIXED["credential.helper"] == ""
    assert FIXED["protocol.allow"] == "never"
    for name in ("core.hooksPath", "core.attributesFile"):
        assert FIXED[name] == os.devnull
    for name in ("core.sshCommand", "core.askPass", "core.editor", "core.alternateRefsCommand",
                 "diff.external", "gpg.program"):  # fmt: skip
        assert FIXED[name] == "false"


def test_only_scratch_directories_see_what_consults_filters_or_drivers():
    """`diff` reads worktree files through filters, `merge-tree` merges through drivers."""
    users = {
        path.relative_to(SOURCE).as_posix(): node.attr
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute) and node.attr in ("DIFF_WORKTREE", "MERGE")
        and isinstance(node.value, ast.Name) and node.value.id == GitCommand.__name__
    }  # fmt: skip
    assert users == {
        "snapshot/submission/comparing.py": "DIFF_WORKTREE",
        "snapshot/submission/merging.py": "MERGE",
    }
    assert {c.value[0] for c in GitCommand} & {"diff", "merge-tree", "diff-files", "status"} == {
        "diff",
        "merge-tree",
    }


def test_no_other_module_starts_git():
    starting, naming, testing = set(), set(), set()
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_bytes())):
            match node:
                case ast.Import(names=names) if any(n.name == "subprocess" for n in names):
                    starting.add(name)
                case ast.ImportFrom(module="subprocess", names=names):
                    starting |= {name for n in names if n.name != "CompletedProcess"}
                case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr.startswith(
                    ("exec", "spawn", "posix_spawn", "system", "popen")
                ):
                    starting.add(name)
                case ast.Attribute(attr="create_subprocess_exec" | "create_subprocess_shell"):
                    starting.add(name)
                case ast.ImportFrom(module=str(module)) if module.startswith("evalpolicy.testing"):
                    testing.add(name)
                case (
                    ast.List(elts=[ast.Constant(value="git"), *_])
                    | ast.Tuple(elts=[ast.Constant(value="git"), *_])
                ):
                    naming.add(name)
    # git.py names only the type of a process.
    assert starting - {"snapshot/git.py"} == set(STARTING)
    assert naming & set(STARTING) == {"testing/repositories.py"}
    assert all(name.startswith("testing/") for name in testing)


@pytest.mark.parametrize("kind", ["absent", "not executable", "not a program", "a folder"])
def test_a_git_that_cannot_be_started_is_one_line(kind, tmp_path):
    """A real process: exit code 3, one line on stderr, no traceback."""
    root = repository(tmp_path / "fleet")
    fake = tmp_path / "bin/git"
    fake.parent.mkdir()
    if kind == "a folder":
        fake.mkdir()
    elif kind != "absent":
        fake.write_bytes(b"\x7fELF nothing\0\0")
        fake.chmod(0o755 if kind == "not a program" else 0o644)
    for how in (["check"], ["check", "--staged"], ["check", "--base", "HEAD"], ["fleet"]):
        done = subprocess.run(
            [sys.executable, "-m", "evalpolicy", *how],
            cwd=root, env={**os.environ, "PATH": str(fake.parent)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3, done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "git" in done.stderr


def test_a_relative_folder_of_the_path_is_not_searched(tmp_path, monkeypatch):
    (tmp_path / "git").write_text("#!/bin/sh\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    with pytest.raises(NotCheckedError, match="git"):
        git_process.run(GitCommand.IS_SHALLOW, folder=tmp_path, place={})


def test_the_index_of_a_partial_commit_is_the_one_that_counts(tmp_path):
    """`git commit -a` and `git commit PATH` hand their hooks another index in GIT_INDEX_FILE."""
    root = repository(tmp_path / "fleet", {"a/Dockerfile": "FROM a\n", "b/Dockerfile": "FROM b\n"})
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    script = (
        "from pathlib import Path\nfrom evalpolicy.snapshot import open_snapshot\n"
        "for place in ('.', 'a'):\n"
        "    with open_snapshot(Path(place), staged=True) as s:\n"
        "        print(s.read('a/Dockerfile') + s.read('b/Dockerfile'))\n"
    )
    (tmp_path / "script.py").write_text(script)
    seen = tmp_path / "seen"
    hook.write_text(f"#!/bin/sh\n'{sys.executable}' '{tmp_path}/script.py' > '{seen}'\nexit 1\n")
    hook.chmod(0o755)
    for file in ("a", "b"):
        (root / file / "Dockerfile").write_text(f"FROM new-{file}\n")
    for how, expected in {
        ("-a",): b"FROM new-a\nFROM new-b\n",
        ("a/Dockerfile",): b"FROM new-a\nFROM b\n",
        (): b"FROM a\nFROM b\n",
    }.items():
        with pytest.raises(subprocess.CalledProcessError):
            git(root, "commit", "--allow-empty", "-m", "x", *how)
        assert seen.read_text().splitlines() == [repr(expected)] * 2
