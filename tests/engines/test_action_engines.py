"""The action and our workflows before other people's programs: linters, the schemas, and act."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.fleets import BENCHMARK, FLEET, git, repository, write

from evalpolicy.testing.repositories import start

ROOT = Path(__file__).parents[2]
ARC = "containers/benchmarks/arc/Dockerfile"
BAD = {**FLEET, ARC: BENCHMARK.replace('"400"', '"many"')}
EXAMPLE = {
    path.relative_to(ROOT / "examples/fleet").as_posix(): path.read_bytes()
    for path in (ROOT / "examples/fleet").rglob("*")
    if path.is_file()
}
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
ACT = "github.com/nektos/act@v0.2.89"
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="session")
def go_programs(tmp_path_factory):
    """Go programs by their module and version, each built once a session."""
    built: dict[str, str] = {}

    def get(module: str) -> str | None:
        name = module.partition("@")[0].rpartition("/")[2]
        if module not in built:
            folder = tmp_path_factory.mktemp(name)
            done = subprocess.run(
                ["go", "install", module],
                env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
                capture_output=True,
                check=False,
            )
            built[module] = str(folder / name) if done.returncode == 0 else ""
        return built[module] or None

    return get


@pytest.fixture
def go_program(go_programs, need_tool, need_engine):
    def get(module: str) -> str:
        need_tool("go")
        found = go_programs(module)
        if found is None:
            need_engine(f"{module} cannot be built")
        assert found is not None
        return found

    return get


@pytest.fixture
def python_program(need_engine):
    """A program from this interpreter's environment, or from PATH."""

    def get(name: str) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        found = shutil.which(name, path=path)
        if found is None:
            need_engine(f"{name} is not on PATH: pip install -e '.[engines]'")
        assert found is not None
        return found

    return get


def accepted(*command: object) -> None:
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def proposed(tmp_path):
    """The workflow that `evalpolicy init` proposes, in a repository of its own."""
    from evalpolicy.frontends.init.workflow import WORKFLOW, WORKFLOW_FILE

    root = repository(tmp_path / "proposed")
    write(root, {WORKFLOW_FILE: WORKFLOW})
    return root / WORKFLOW_FILE


@pytest.mark.engine("go")
def test_actionlint(go_program, proposed):
    accepted(go_program(ACTIONLINT), *WORKFLOWS, proposed)


@pytest.mark.engine("zizmor")
def test_zizmor(python_program):
    accepted(
        python_program("zizmor"), "--offline", "--no-config", "--no-progress",
        ROOT / "action.yml", *WORKFLOWS,
    )  # fmt: skip


@pytest.mark.engine("check-jsonschema")
def test_the_schemas(python_program, proposed):
    check = python_program("check-jsonschema")
    accepted(check, "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
    accepted(check, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS, proposed)


def test_no_linter_is_waived_but_for_the_action_itself():
    """zizmor wants `$/` for a checkout's own action, which actionlint refuses."""
    waiver = "uses: ./ # zizmor: ignore[self-repository] actionlint does not know $/ yet"
    texts = [path.read_text() for path in (*WORKFLOWS, ROOT / "action.yml")]
    assert sum(text.count(waiver) for text in texts) == 1
    texts = [text.replace(waiver, "uses: ./") for text in texts]
    assert not [text for text in texts if "zizmor: ignore" in text or "actionlint" in text]
    assert not list(ROOT.glob("**/zizmor.yml"))[:1]
    for text in texts:
        for step in _steps(yaml.safe_load(text)):
            used = step.get("uses", "./")
            assert used.startswith("./") or len(used.partition("@")[2]) == 40


def _steps(document):
    jobs = document.get("jobs", {"": document.get("runs", {})})
    return [step for job in jobs.values() for step in job.get("steps", [])]


def checkout(folder: Path) -> Path:
    """What a commit of everything here would hold."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for path in filter(None, listed.split("\0")):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
    return folder


STUB = """\
name: stands in for the upload, which needs GitHub
inputs: {sarif_file: {default: ""}, category: {default: ""}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {FILE: "${{ inputs.sarif_file }}"}
      run: 'echo "uploaded: $(head -c 1 "$FILE")"'
"""
CALLER = """\
on: workflow_dispatch
jobs:
  policy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - id: evalpolicy
        uses: evalpolicy/evalpolicy@SHA
        with:
          upload-sarif: true
          python: PYTHON
      - if: always()
        env:
          CODE: ${{ steps.evalpolicy.outputs.exit-code }}
          ERRORS: ${{ steps.evalpolicy.outputs.errors }}
        run: echo "outputs CODE=$CODE ERRORS=$ERRORS."
"""


@pytest.mark.engine("act")
@pytest.mark.parametrize(("files", "code"), [(EXAMPLE, 0), (BAD, 1)], ids=["example", "bad"])
def test_act(tmp_path, monkeypatch, go_program, files, code):
    """The whole action under act, in its host mode: every step, expressions, outputs, `if`."""
    act = go_program(ACT)
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    upload = next(s["uses"] for s in _steps(yaml.safe_load((ROOT / "action.yml").read_text()))
                  if "uses" in s)  # fmt: skip
    pin = upload.partition("@")[2]
    write(tmp_path, {"stub/upload-sarif/action.yml": STUB})
    caller = CALLER.replace("SHA", SHA).replace("PYTHON", sys.executable)
    root = repository(tmp_path / "fleet", {**files, ".github/workflows/policy.yml": caller})
    checkout(tmp_path / "action")
    done = subprocess.run(
        [
            act, "workflow_dispatch", "-P", "ubuntu-latest=-self-hosted",
            "--local-repository", f"evalpolicy/evalpolicy@{SHA}={tmp_path / 'action'}",
            "--local-repository", f"github/codeql-action@{pin}={tmp_path / 'stub'}",
        ],
        cwd=root, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1800, check=False,
    )  # fmt: skip
    log = done.stdout + done.stderr
    assert f"outputs CODE={code} ERRORS={code}." in log, log
    assert "uploaded: {" in log
    assert (done.returncode != 0) is bool(code)
    assert ("LBL003" in log) is bool(code)


@pytest.mark.engine("act")
def test_the_action_tests_itself(tmp_path, monkeypatch, go_program):
    """The job of our own workflow that uses the action of the checkout, under act."""
    act = go_program(ACT)
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    upload = next(s["uses"] for s in _steps(yaml.safe_load((ROOT / "action.yml").read_text()))
                  if "uses" in s)  # fmt: skip
    write(tmp_path, {"stub/upload-sarif/action.yml": STUB})
    root = checkout(tmp_path / "checkout")
    start(root)
    git(root, "commit", "-q", "--allow-empty", "-m", "nothing")
    before = git(root, "rev-parse", "HEAD").strip()
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    pushed = {"before": before, "after": git(root, "rev-parse", "HEAD").strip()}
    write(tmp_path, {"event.json": json.dumps(pushed)})
    done = subprocess.run(
        [
            act, "push", "--job", "action", "-P", "ubuntu-latest=-self-hosted",
            "--eventpath", tmp_path / "event.json", "--local-repository",
            f"github/codeql-action@{upload.partition('@')[2]}={tmp_path / 'stub'}",
        ],
        cwd=root, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "It checked, and found nothing" in done.stdout
