"""The composite action, step by step, on real repositories."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from tests.action_runner import ROOT, Ran, run
from tests.fleets import BENCHMARK, FLEET, git, repository, write

from evalpolicy import __version__

ARC = "containers/benchmarks/arc/Dockerfile"
BAD = {**FLEET, ARC: BENCHMARK.replace('"400"', '"many"')}
UPLOAD = "github/codeql-action/upload-sarif"


@pytest.fixture
def act(tmp_path):
    """`act(files, **inputs)` gives what came of the action on a repository with `files`."""

    def call(files=FLEET, github=None, workspace=None, check=None, **inputs):
        here = workspace or repository(tmp_path / "workspace", files)
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        runner = tmp_path / "runner"
        return run(here, runner, named, installed=sys.executable, github=github, check=check)

    return call


def event(tmp_path, fork=False, **more):
    """A pull_request event as GitHub writes it, for `github=`."""
    pull = {
        "number": 7, "title": "Add arc", "body": "Fixes #1", "labels": [], "commits": 1,
        "user": {"login": "someone", "type": "User"},
        "head": {"sha": "a" * 40, "repo": {"full_name": "someone/fleet" if fork else "org/fleet"}},
        "base": {"sha": "b" * 40, "repo": {"full_name": "org/fleet"}},
        **more,
    }  # fmt: skip
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"pull_request": pull}))
    return {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(file)}


def test_clean(act):
    ran = act()
    assert not ran.failed
    assert ran.commands == []
    assert ran.outputs["exit-code"] == "0"
    assert ran.outputs["errors"] == "0"
    assert ran.outputs["version"] == __version__
    assert json.loads(Path(ran.outputs["json-file"]).read_text())["summary"]["error"] == 0
    assert json.loads(Path(ran.outputs["sarif-file"]).read_text())["version"] == "2.1.0"
    assert "evalpolicy" in ran.summary
    assert ran.used == {}


def test_findings_annotate_the_lines_and_fail_at_the_end(act):
    ran = act(BAD, upload_sarif="true")
    assert (ran.failed, ran.code, ran.outputs["exit-code"]) == (True, 1, "1")
    [annotation] = ran.commands
    assert annotation.startswith(f"::error file={ARC},line=5,")
    assert "LBL003" in annotation
    assert "LBL003" in ran.summary
    assert ran.outputs["errors"] == "1"
    # The upload came before the verdict.
    assert ran.used == {UPLOAD: {"sarif_file": ran.outputs["sarif-file"], "category": "evalpolicy"}}


def test_the_inputs_reach_the_check(act, tmp_path):
    inner = {f"sub dir/{path}": text for path, text in BAD.items()}
    inner["sub dir/evalpolicy.toml"] = ""
    ran = act(inner, path="sub dir", select="LBL, REL", ignore="LBL001\nLBL002", fail_on="never")
    assert (ran.failed, ran.outputs["errors"]) == (False, "1")
    report = json.loads(Path(ran.outputs["json-file"]).read_text())
    assert report["snapshot"]["prefix"] == "sub dir/"
    assert report["checked"]["rules"] < 17
    assert ran.commands[0].startswith(f"::error file=sub dir/{ARC},line=5,")


def test_a_baseline_and_a_file_for_sarif(act, tmp_path):
    root = repository(tmp_path / "workspace", BAD)
    subprocess.run(
        [sys.executable, "-m", "evalpolicy", "baseline", "write", "--baseline", "known.json"],
        cwd=root, check=True, capture_output=True,
    )  # fmt: skip
    ran = act(workspace=root, baseline="known.json", sarif_file="out.sarif")
    assert (ran.failed, ran.outputs["errors"]) == (False, "0")
    assert ran.outputs["sarif-file"] == str(root / "out.sarif")
    assert (root / "out.sarif").is_file()


def test_a_tool_that_fails_is_not_a_pass(act, tmp_path):
    ran = act({**FLEET, "evalpolicy.toml": "[layuot]\n"}, upload_sarif="true")
    assert (ran.failed, ran.code, ran.outputs["exit-code"]) == (True, 2, "2")
    [command] = ran.commands
    assert command.startswith("::error title=evalpolicy::")
    assert "did you mean 'layout'" in command
    assert "did you mean" in ran.summary
    assert (ran.outputs["errors"], ran.outputs["sarif-file"], ran.used) == ("", "", {})


def test_what_cannot_be_read_is_not_a_pass(act, tmp_path):
    root = repository(tmp_path / "workspace", FLEET)
    write(root, {ARC: b"FROM a\nRUN <<EOF\n"})
    ran = act(workspace=root)
    assert (ran.failed, ran.code) == (True, 3)


def test_an_empty_workspace_is_not_a_pass(act, tmp_path):
    (tmp_path / "workspace").mkdir()
    ran = act(workspace=tmp_path / "workspace")
    assert (ran.failed, ran.code) == (True, 3)
    assert "nothing to check" in ran.commands[0]


def test_a_check_that_dies_is_not_a_pass(tmp_path):
    place = tmp_path / "python"
    place.write_text("#!/bin/sh\nkill -9 $$\n")
    place.chmod(0o755)
    ran = run(repository(tmp_path / "w"), tmp_path / "r", installed=str(place))
    assert ran.failed
    assert ran.outputs["exit-code"] == "3"


def test_a_report_that_is_not_there_is_not_a_pass(monkeypatch, tmp_path, capfdbinary):
    from evalpolicy.frontends.action import __main__ as action

    monkeypatch.setattr(action, "_evalpolicy", lambda folder, arguments: (0, ""))
    file = tmp_path / "output"
    environment = {"GITHUB_WORKSPACE": str(tmp_path), "GITHUB_OUTPUT": str(file)}
    assert action.main({**environment, "RUNNER_TEMP": str(tmp_path)}) == 0
    assert "\n3\n" in file.read_text()


@pytest.mark.parametrize("fork", [True, False])
def test_a_fork_gets_no_upload_and_is_told_so(act, tmp_path, fork):
    root, head, base = submitted(tmp_path)
    github = event(tmp_path, fork)
    payload = json.loads((tmp_path / "event.json").read_text())
    payload["pull_request"]["head"]["sha"], payload["pull_request"]["base"]["sha"] = head, base
    (tmp_path / "event.json").write_text(json.dumps(payload))
    ran = act(workspace=root, github=github, upload_sarif="true", select="LBL")
    assert not ran.failed
    assert (UPLOAD in ran.used) is not fork
    assert any("comes from a fork" in line for line in ran.commands) is fork


@pytest.mark.parametrize(
    ("pull", "fork"),
    [
        ({"head": {"repo": {"full_name": "a/b"}}, "base": {"repo": {"full_name": "a/b"}}}, False),
        ({"head": {"repo": {"full_name": "x/b"}}, "base": {"repo": {"full_name": "a/b"}}}, True),
        ({"head": {"repo": None}, "base": {"repo": {"full_name": "a/b"}}}, True),
        ({}, True),
        (None, False),
    ],
)
def test_what_a_fork_is(tmp_path, pull, fork):
    from evalpolicy.frontends.action.__main__ import _from_fork

    file = tmp_path / "event.json"
    file.write_text(json.dumps({} if pull is None else {"pull_request": pull}))
    given = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(file)}
    assert _from_fork(given) is fork
    file.write_text("{")
    assert _from_fork(given) is True
    assert _from_fork({**given, "GITHUB_EVENT_NAME": "push"}) is False


def submitted(tmp_path):
    """A clone as actions/checkout leaves it: the merge of a pull request; its head and base."""
    root = repository(tmp_path / "workspace")
    base = git(root, "rev-parse", "HEAD").strip()
    git(root, "checkout", "-q", "-b", "topic")
    write(root, {"containers/benchmarks/arc/README.md": "ARC\n"})
    git(root, "add", "-A")
    git(root, "commit", "-q", "-s", "-m", "Describe arc\n\nFixes #1")
    head = git(root, "rev-parse", "HEAD").strip()
    git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "--no-ff", "--no-edit", "topic")
    return root, head, base


def test_a_pull_request_is_judged_as_a_submission(act, tmp_path):
    root, head, base = submitted(tmp_path)
    sides = {"head": {"sha": head, "repo": {"full_name": "o/f"}}}
    sides["base"] = {"sha": base, "repo": {"full_name": "o/f"}}
    ran = act(workspace=root, github=event(tmp_path, body="nothing", title="x", **sides))
    report = json.loads(Path(ran.outputs["json-file"]).read_text())
    assert report["snapshot"]["revision"] == head
    assert "SUB001" in {finding["rule"] for finding in report["findings"]}


def test_a_shallow_clone_says_what_it_needs(act, tmp_path):
    root, head, base = submitted(tmp_path)
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", str(shallow))
    sides = {"head": {"sha": head, "repo": {"full_name": "o/f"}}}
    sides["base"] = {"sha": base, "repo": {"full_name": "o/f"}}
    ran = act(workspace=shallow, github=event(tmp_path, **sides))
    assert (ran.failed, ran.code) == (True, 3)
    assert "fetch-depth: 0" in ran.commands[0]


HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned;",
    '"; touch pwned; "',
    "'$(touch pwned)'",
    "a\n::error::forged",
    "a\n##[error]forged",
    "::error::forged",
    "##[error]forged",
    "a%0A::error::forged",
    "a\rx\r\n::set-output name=exit-code::0",
    "x\nexit-code=0\ny",
    "--fail-on=never",
    "--rev=HEAD",
    "../../../etc",
    "${{ github.token }}",
    "a b\tc",
    "\u202egnp.exe",
]


@pytest.fixture
def here(monkeypatch, capfdbinary):
    """The check step in this process: what the shell does with a value, all other tests show."""
    from evalpolicy.frontends.action.__main__ import main

    def check(environment):
        monkeypatch.chdir(environment["GITHUB_WORKSPACE"])
        code = main(environment)
        out, err = capfdbinary.readouterr()
        return code, (out + err).decode("utf-8", "replace")

    return check


INPUTS = ("path", "base", "select", "ignore", "fail-on", "baseline", "sarif-file", "replay")


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_inputs_are_refused_and_do_nothing(tmp_path, here, name, value):
    root = write(tmp_path / "w", FLEET)
    # Each value goes through the shell once.
    shell = INPUTS.index(name) == HOSTILE.index(value) % len(INPUTS)
    check = None if shell else here
    ran = run(root, tmp_path / "runner", {name: value}, installed=sys.executable, check=check)
    allowed = {"path": (3,), "sarif-file": (0,), "select": (2,), "ignore": (2,)}.get(name, ())
    if name == "sarif-file" and not ran.failed:
        # A strange name is a name, as long as it stays in the workspace.
        assert Path(ran.outputs["sarif-file"]).parent == root.resolve()
        assert value.isprintable()
        assert ran.commands == []
    else:
        assert ran.code in (2, *allowed)
        assert ran.outputs["exit-code"] == str(ran.code)
        assert len(ran.commands) == 1
        assert ran.commands[0].startswith("::error title=evalpolicy::")
        assert "\x1b" not in ran.log
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_pythons_are_refused(tmp_path, value):
    root = write(tmp_path / "w", FLEET)
    ran = run(root, tmp_path / "runner", {"python": value})
    assert (ran.failed, ran.code, ran.outputs["exit-code"]) == (True, 3, "3")
    [command] = ran.commands
    assert command.startswith("::error title=evalpolicy::input python: ")
    assert "forged" not in command
    assert not list(tmp_path.rglob("pwned"))


def test_what_a_repository_holds_starts_no_command(act, tmp_path):
    name = "::error::forged ##[error]forged %0A"
    files = {
        **FLEET,
        f"containers/benchmarks/{name}/Dockerfile": (
            'FROM x\nLABEL eval.type="benchmark" \\\n  eval.benchmark.tasks="\\\n##[error]y"\n'
            "::error::excerpt\n"
        ),
        "evalpolicy.toml": '["::error::forged\\n##[error]forged"]\n',
    }
    ran = act(files)
    assert ran.code == 2
    [command] = ran.commands
    assert command.startswith("::error title=evalpolicy::evalpolicy.toml:1: unknown key")
    (tmp_path / "workspace/evalpolicy.toml").unlink()
    again = run(tmp_path / "workspace", tmp_path / "again", installed=sys.executable)
    assert again.commands
    assert all(c.startswith(("::error file=", "::warning file=")) for c in again.commands)
    assert "##[" not in "".join(c.partition("::")[0] for c in again.commands)


def test_no_link_is_written_through(act, tmp_path):
    root = repository(tmp_path / "workspace")
    target = write(tmp_path, {"precious": "precious"}) / "precious"
    (root / "out.sarif").symlink_to(target)
    (root / "out").symlink_to(tmp_path)
    (root / "inner.sarif").symlink_to(root / ARC)
    values = ["out.sarif", "inner.sarif", "out/precious", ".git/config", "none/x", "."]
    for number, value in enumerate(values):
        given = {"sarif-file": value}
        ran = run(root, tmp_path / f"runner{number}", given, installed=sys.executable)
        assert ran.code == 2, value
    assert target.read_text() == "precious"
    assert (root / ARC).read_text() == BENCHMARK


def test_the_checked_repository_imports_nothing(act):
    bomb = "raise SystemExit('pwned')\n"
    names = ("evalpolicy", "json", "click", "orjson", "subprocess", "sitecustomize", "yaml")
    ran = act({**FLEET, **{f"{name}.py": bomb for name in names}, "evalpolicy/__init__.py": bomb})
    assert not ran.failed
    assert "pwned" not in ran.log


@pytest.mark.parametrize(
    ("name", "kind", "passed"),
    [
        ("pull_request", "branch", True),
        ("merge_group", "branch", True),
        ("push", "branch", True),
        ("push", "tag", False),
        ("schedule", "branch", False),
        ("workflow_dispatch", "branch", False),
    ],
)
def test_the_event_of_a_submission_is_passed_on(tmp_path, name, kind, passed):
    from evalpolicy.frontends.action.__main__ import _what
    from evalpolicy.frontends.action.inputs import read

    given = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": "e.json", "GITHUB_REF_TYPE": kind}
    asked = read({"GITHUB_WORKSPACE": str(tmp_path), "INPUT_BASE": "origin/main~2"})
    arguments = _what(asked, given)
    assert ("--event=e.json" in arguments) is passed
    assert "--base=origin/main~2" in arguments


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "merge_group", "push"])
@pytest.mark.parametrize("file", [None, "", "nowhere.json", "."])
@pytest.mark.parametrize("base", ["", "HEAD"])
def test_an_event_without_its_payload_is_not_checked(act, here, name, file, base):
    github = {"GITHUB_EVENT_NAME": name}
    if file is not None:
        github["GITHUB_EVENT_PATH"] = file
    ran = act(github=github, base=base, check=here)
    assert (ran.failed, ran.code, ran.outputs["exit-code"]) == (True, 3, "3")
    [command] = ran.commands
    assert "GITHUB_EVENT_PATH" in command


def test_a_tag_needs_no_payload(act):
    assert not act(github={"GITHUB_EVENT_NAME": "push", "GITHUB_REF_TYPE": "tag"}).failed


@pytest.fixture
def stand_in(monkeypatch):
    """`stand_in(check, replay)` gives these exit codes, and lists what evalpolicy was asked."""
    from evalpolicy.frontends.action import __main__ as action

    asked_for = []

    def install(check, replay, report=True):
        def evalpolicy(folder, arguments):
            asked_for.append(arguments)
            texts = {
                "json": json.dumps({"summary": {"error": 1, "warning": 0, "note": 2}}),
                "markdown": f"{arguments[0]} in Markdown\n",
                "github": f"::error title={arguments[0]}::told\n",
                "sarif": "{}",
            }
            for argument in arguments:
                kind, _, file = argument.removeprefix("--format=").partition("=")
                written = report or arguments[0] == "check"
                if argument.startswith("--format=") and file and written:
                    Path(file).write_text(texts[kind])
            return (replay if arguments[0] == "replay" else check), ""

        monkeypatch.setattr(action, "_evalpolicy", evalpolicy)
        return asked_for

    return install


def _ran(tmp_path, **given):
    from evalpolicy.frontends.action import __main__ as action

    given = {"GITHUB_WORKSPACE": str(tmp_path), "RUNNER_TEMP": str(tmp_path),
             "INPUT_REPLAY": "true", **given}  # fmt: skip
    return action._run(action.inputs.read(given), given)


@pytest.mark.parametrize(
    ("check", "replay", "code"),
    [(0, 0, 0), (0, 1, 0), (1, 1, 1), (1, 0, 1), (0, 3, 3), (1, 3, 3), (3, 1, 3)],
)
def test_findings_of_replays_count_as_those_of_the_check(stand_in, tmp_path, check, replay, code):
    """The check may waive them (a baseline, `ignore`); what was not replayed it cannot waive."""
    stand_in(check, replay)
    assert _ran(tmp_path)["exit-code"] == str(code)


@pytest.mark.parametrize(("replay", "code"), [(2, 3), (3, 3), (0, 3)])
def test_replays_without_a_report_are_no_pass(stand_in, tmp_path, replay, code):
    asked = stand_in(0, replay, report=False)
    assert _ran(tmp_path)["exit-code"] == str(code)
    assert not [word for word in asked[1] if word.startswith("--replays")]


def test_findings_of_replays_are_in_the_report_of_the_check(stand_in, tmp_path):
    asked = stand_in(1, 1)
    summary = tmp_path / "summary.md"
    values = _ran(
        tmp_path, GITHUB_STEP_SUMMARY=str(summary), INPUT_FAIL_ON="warning", INPUT_BASE="main",
        INPUT_SELECT="LBL",
    )  # fmt: skip
    assert (values["exit-code"], values["errors"], values["notes"]) == ("1", "1", "2")
    assert summary.read_text() == "replay in Markdown\ncheck in Markdown\n"
    [replay, check] = asked
    assert {"--base=main", "--fail-on=warning"} <= set(replay)
    [report] = [word for word in replay if word.startswith("--format=json=")]
    assert f"--replays={report.removeprefix('--format=json=')}" in check
    assert {"--select=LBL", "--select=RPL"} <= set(check)


def test_replay_that_cannot_run_is_not_checked(act):
    ran = act(replay="true")
    assert (ran.failed, ran.code, ran.outputs["exit-code"]) == (True, 3, "3")
    assert ran.outputs["errors"] == "0"
    assert ran.commands
    assert "not checked" in ran.summary


def test_what_is_said_starts_no_command(capfdbinary):
    from evalpolicy.frontends.action import runner

    runner.say("::error::forged\n##[error]forged\r::stop-commands::x\n::x::\n::error::forged")
    runner.command("error", "ours\n::error::forged\r%0A")
    log = capfdbinary.readouterr().out.decode()
    assert Ran(False, {}, log, "").commands == [
        "::error title=evalpolicy::ours%0A::error::forged%0D%250A"
    ]


def test_outputs_cannot_be_ended_from_within(tmp_path):
    from tests.action_runner import read_outputs

    from evalpolicy.frontends.action.runner import outputs

    file = tmp_path / "out"
    values = {"a": "x\nghadelimiter_\nb=1\nb<<EOF", "b": "", "c": "%0A=::x"}
    outputs(str(file), values)
    assert read_outputs(file.read_text()) == values
    marks = [line.partition("<<")[2] for line in file.read_text().splitlines() if "<<gh" in line]
    assert len(set(marks)) == 3
    assert min(map(len, marks)) > 32


def test_no_input_is_part_of_a_script():
    document = yaml.safe_load((ROOT / "action.yml").read_text())
    scripts = [step["run"] for step in document["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]
    assert set(document["inputs"]) == {
        "path", "base", "select", "ignore", "fail-on", "baseline", "sarif-file", "upload-sarif",
        "python", "plugins", "replay", "accept-policy-changes",
    }  # fmt: skip
    assert (ROOT / "action/install.sh").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("0", 0),
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("", 3),
        ("4", 3),
        ("00", 3),
        ("x", 3),
        ("$(true)", 3),
    ],
)
def test_a_verdict_that_is_none_is_not_a_pass(given, code):
    last = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][-1]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", last["run"]], env={"EXIT_CODE": given}, check=False
    )
    assert done.returncode == code


@pytest.fixture(params=["uv", "pip"])
def installer(request, tmp_path, monkeypatch):
    """What the action installs with: PATH has every program of this machine, and uv or not."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in place.iterdir() if place.is_dir() else ():
            link = folder / program.name
            if program.name != "uv" and not link.is_symlink():
                link.symlink_to(program)
    if request.param == "uv":
        (folder / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    monkeypatch.setenv("PATH", str(folder))
    return request.param


def wheel(folder, name, version, *requires):
    """A package without content, as the file that a package index would give."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        "METADATA": metadata + "".join(f"Requires-Dist: {line}\n" for line in requires),
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "".join(f"{info}/{file},,\n" for file in ("METADATA", "WHEEL", "RECORD")),
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for file, text in files.items():
            archive.writestr(f"{info}/{file}", text)


def locked(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.M))


def installed(tmp_path, **given):
    """What is in the environment that action/install.sh makes: version by name."""
    output = tmp_path / "output"
    environment = {
        **os.environ,
        "INPUT_PYTHON": sys.executable,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_ACTION_PATH": str(ROOT),
        **given,
    }
    subprocess.run([ROOT / "action/install.sh"], env=environment, cwd=tmp_path, check=True)
    python = Path(output.read_text().strip().removeprefix("python="))
    code = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in distributions()}))"
    )
    asked = subprocess.run([python, "-I", "-c", code], capture_output=True, check=True)
    return json.loads(asked.stdout)


@pytest.mark.engine("pip", "uv")
def test_the_whole_action_with_its_own_installation(installer, tmp_path):
    bombs = {f"{name}.py": "raise SystemExit('pwned')" for name in ("venv", "pip", "ensurepip")}
    # What uv would read in the folder that it is started in.
    bombs["uv.toml"] = "["
    root = repository(tmp_path / "w", {**BAD, **bombs})
    ran = run(root, tmp_path / "r", {"python": sys.executable})
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["errors"]) == (1, "1", "1"), ran.log
    assert ran.outputs["version"] == __version__


@pytest.mark.engine("pip", "uv")
@pytest.mark.parametrize(("replay", "lock"), [("true", "replay"), ("false", "runtime")])
def test_what_is_installed_is_what_is_locked(installer, tmp_path, replay, lock):
    found = installed(tmp_path, INPUT_REPLAY=replay)
    assert found.pop("evalpolicy") == __version__
    bundled = {"pip", "setuptools"} & set(found)
    assert bool(bundled) is (installer == "pip")
    versions = locked(lock)
    assert {
        name: v for name, v in found.items() if name not in bundled and versions[name] != v
    } == {}
    assert ("starlette" in found) is (replay == "true")


@pytest.mark.engine("pip", "uv")
def test_packages_with_rules_come_beside_it(installer, tmp_path, monkeypatch):
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"),
            *("--no-build-isolation", "--wheel-dir", str(tmp_path / "wheels")),
            str(shutil.copytree(ROOT / "examples/plugin", tmp_path / "plugin")),
        ],
        check=True,
    )
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    files = {**FLEET, "evalpolicy.toml": 'plugins = ["acme"]\n'}
    given = {"python": sys.executable, "plugins": "evalpolicy-acme==1.0.0\n", "select": "ACM"}
    ran = run(repository(tmp_path / "w", files), tmp_path / "r", given)
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["warnings"]) == (0, "0", "2"), ran.log


@pytest.mark.engine("pip", "uv")
def test_packages_with_rules_change_nothing_that_is_locked(installer, tmp_path, monkeypatch):
    """Neither by what they need, nor by being another version of it."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    for name, version in (("click", "8.1.0"), ("click", "99.0"), ("evalpolicy", "99.0")):
        wheel(tmp_path / "wheels", name, version)
    wheel(tmp_path / "wheels", "acme_any", "1.0", "click", "evalpolicy>=0.1")
    found = installed(tmp_path, INPUT_PLUGINS="acme-any==1.0")
    assert found["acme-any"] == "1.0"
    assert (found["click"], found["evalpolicy"]) == (locked("runtime")["click"], __version__)
    wheel(tmp_path / "wheels", "acme_old", "1.0", "click==8.1.0")
    wheel(tmp_path / "wheels", "acme_new", "1.0", "evalpolicy>=99")
    for plugins in ("acme-old==1.0", "acme-new==1.0", "click==99.0", "acme-any==1.0 click==8.1.0"):
        with pytest.raises(subprocess.CalledProcessError) as failed:
            installed(tmp_path, INPUT_PLUGINS=plugins)
        assert failed.value.returncode == 3, plugins


@pytest.mark.parametrize(
    "plugins",
    [
        "evalpolicy-acme",
        "evalpolicy-acme>=1",
        "evalpolicy-acme==1.0 --index-url=http://x",
        "--index-url=http://x",
        "-r==1",
        ".",
        "./x==1",
        "git+https://example.org/x@v1",
        "a==1;true",
        "a==1 $(true)",
        "*==1",
        "a==*",
    ],
)
def test_what_is_no_package_at_one_version_is_refused(tmp_path, plugins):
    root = write(tmp_path / "w", FLEET)
    ran = run(root, tmp_path / "r", {"python": sys.executable, "plugins": plugins})
    assert (ran.code, ran.outputs["exit-code"]) == (3, "3")
    assert ran.commands == [
        "::error title=evalpolicy::input plugins: each is name==version, a package and exactly one "
        "version of it"
    ]


@pytest.mark.engine("pip", "uv")
@pytest.mark.parametrize(
    ("file", "good", "bad"),
    [
        ("pyproject.toml", "[build-system]", "[build-system\n::error::x\n"),
        ("requirements/runtime.txt", "--hash=sha256:", "--hash=sha256:0"),
        ("requirements/runtime.txt", "click==", "::error::x=="),
    ],
)
def test_an_installation_that_fails_is_not_a_pass(installer, tmp_path, file, good, bad):
    broken = tmp_path / "action"
    names = ("pyproject.toml", "README.md", "LICENSE", "action.yml", "action", "requirements",
             "src", "schemas", "hooks")  # fmt: skip
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        broken.mkdir(exist_ok=True)
        copy(ROOT / name, broken / name)
    text = (broken / file).read_text()
    assert good in text
    (broken / file).write_text(text.replace(good, bad))
    root = write(tmp_path / "w", FLEET)
    ran = run(root, tmp_path / "r", {"python": sys.executable}, action=broken)
    assert (ran.code, ran.outputs["exit-code"]) == (3, "3")
    assert ran.commands == [
        "::error title=evalpolicy::evalpolicy could not be installed; the log of this step says why"
    ]
