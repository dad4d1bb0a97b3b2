"""A path below which nothing is judged is not checked; what is counted is what was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, repository
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main
from evalpolicy.engine.judged_paths import JUDGED
from evalpolicy.rules import FAMILIES

RECORDING = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
FILES = {
    **FLEET,
    RECORDING: lines(litellm_row("an answer")),
    "README.md": "# A fleet\n",
    "notes/plan.txt": "nothing\n",
    "scripts/run.sh": "#!/bin/sh\ntrue\n",
    ".github/workflows/ci.yaml": "on: push\njobs: {}\n",
    "evalpolicy.toml": "",
}


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = repository(tmp_path / "fleet", FILES)
    monkeypatch.chdir(root)
    return root


def test_every_family_says_what_it_judges() -> None:
    assert {*JUDGED, "SUB"} == set(FAMILIES)


NOTHING = [
    ("LBL", ["README.md"]),
    ("LBL,REL,PIN", ["tests/run", "notes"]),
    ("STR", ["notes/plan.txt"]),
    ("FIX,PRV,SEC", ["containers"]),
    ("GAT,GLK", ["containers/benchmarks/arc"]),
    ("HYG", ["README.md"]),
    ("EVP", ["notes"]),
]


@pytest.mark.parametrize(("select", "paths"), NOTHING)
@pytest.mark.parametrize("cached", [True, False])
def test_a_path_with_nothing_to_judge_is_not_checked(
    fleet: Path, capfd: pytest.CaptureFixture[str], select: str, paths: list[str], cached: bool
) -> None:
    for _ in range(2):
        code = main(["check", f"--select={select}", *([] if cached else ["--no-cache"]), *paths])
        out, err = capfd.readouterr()
        assert (code, out) == (3, "")
        assert f"nothing to check below {', '.join(paths)}" in err


SOMETHING = [
    ("LBL", "containers"),
    ("STR", "README.md"),
    ("STR", "containers/compose/services.yaml"),
    ("SIZ", "notes/plan.txt"),
    ("FIX", RECORDING),
    ("SEC,LBL", "tests"),
    ("GAT", "scripts"),
    ("GLK", ".github"),
    ("HYG", "containers/benchmarks/arc/README.md"),
    ("PIN", "evalpolicy.toml"),
    ("LBL", "."),
]


@pytest.mark.parametrize(("select", "path"), SOMETHING)
def test_a_path_with_anything_to_judge_is(fleet: Path, select: str, path: str) -> None:
    assert main(["check", f"--select={select}", path]) in (0, 1)


COUNTS = [
    ("README.md", (1, 0, 0, 0, 0)),
    ("tests/run", (1, 0, 0, 0, 1)),
    ("containers/agents", (2, 1, 0, 1, 0)),
    ("containers/benchmarks/arc/Dockerfile", (1, 1, 1, 0, 0)),
    (".", (len(FILES), 2, 1, 1, 1)),
]


@pytest.mark.parametrize(("path", "counts"), COUNTS)
def test_what_is_counted_is_what_was_asked_for(
    fleet: Path, capfd: pytest.CaptureFixture[str], path: str, counts: tuple[int, ...]
) -> None:
    main(["check", "--format=json", path])
    checked = json.loads(capfd.readouterr().out)["checked"]
    names = ("files", "dockerfiles", "benchmarks", "agents", "fixtures")
    assert tuple(checked[name] for name in names) == counts


@pytest.mark.parametrize("kind", ["text", "markdown"])
def test_the_summary_names_the_paths(
    fleet: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    main(["check", f"--format={kind}", "README.md"])
    words = " ".join(capfd.readouterr().out.replace("`", "").split())
    assert "Checked 1 file, 0 Dockerfiles, 0 benchmarks, 0 fixtures below README.md by" in words
