"""What the layout expects and no rule can see is a problem: links, submodules, unlisted folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.fleets import AGENT, BENCHMARK, DOCKERFILES, FIXTURES, git, judge, repository, write

from evalpolicy.config.reading import Config
from evalpolicy.engine.check import check
from evalpolicy.snapshot import open_snapshot

BAD = 'FROM ubuntu\nLABEL eval.type="benchmark"\n'
ELSEWHERE = {"elsewhere/evil/Dockerfile": BAD, "elsewhere/evil.Dockerfile": BAD}
OWN_LAYOUT = {
    "evalpolicy.toml": '[layout]\nbenchmarks = ["evals/*"]\nagents = ["runners/*"]\n',
    "evals/arc/Dockerfile": BENCHMARK,
    "runners/codex/Dockerfile": AGENT,
    "data/weights.txt": "w",
}
LABELLED = {"images/arc/Dockerfile": BENCHMARK, "data/weights.txt": "w"}
FLAT = {"benchmarks/arc/Dockerfile": BENCHMARK, "agents/codex/Dockerfile": AGENT, "data/w": "w"}


def problems(root: Path, **how: object) -> dict[str, str]:
    report = judge(root, **how)
    assert (report.exit_code("never") == 3) == bool(report.problems)
    return {problem.path: problem.message for problem in report.problems}


def states(root: Path) -> Iterator[Mapping[str, str]]:
    """What is not checked in the worktree before and after it is added, the index, the commit."""
    yield problems(root)
    git(root, "add", "-A")
    yield problems(root)
    yield problems(root, staged=True)
    git(root, "commit", "-q", "-m", "more")
    yield problems(root, revision="HEAD")


LINKS = {
    "a benchmark": ("containers/benchmarks/evil", "../../elsewhere/evil"),
    "a benchmark beside another": ("containers/benchmarks/evil", "arc"),
    "an agent": ("containers/agents/evil", "../../elsewhere/evil"),
    "a core image at the top": ("core/evil", "../elsewhere/evil"),
    "all models": ("containers/models", "../elsewhere"),
    "all gateways of a flat fleet": ("gateways", "elsewhere"),
    "out of the repository": ("containers/benchmarks/evil", "../../../outside"),
    "to an absolute path": ("containers/benchmarks/evil", "/etc"),
    "to nothing": ("containers/benchmarks/evil", "nowhere"),
    "to itself": ("containers/benchmarks/evil", "evil"),
    "a Dockerfile": ("containers/benchmarks/evil/Dockerfile", "../../../elsewhere/evil.Dockerfile"),
    "a Dockerfile that is a link to the next": (
        "containers/benchmarks/arc/Dockerfile.gpu",
        "Dockerfile",
    ),
    "a Dockerfile of nobody": ("tools/Dockerfile", "../elsewhere/evil.Dockerfile"),
    "all recordings": (FIXTURES, "../../../elsewhere"),
    "all tests": ("tests", "elsewhere"),
}


@pytest.mark.parametrize(("path", "target"), LINKS.values(), ids=LINKS)
def test_what_is_behind_a_link_is_not_checked(tmp_path: Path, path: str, target: str) -> None:
    root = repository(tmp_path / "fleet", {**DOCKERFILES, **ELSEWHERE})
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(target)
    for found in states(root):
        assert list(found) == [path]
        assert "symbolic link" in found[path]


HARMLESS = {
    "a link to a file where folders are expected": ("containers/benchmarks/README.md", "arc/x.md"),
    "a folder that the layout leaves out": ("containers/benchmarks/_shared", "../../elsewhere"),
    "a hidden one": ("containers/benchmarks/.cache", "../../elsewhere"),
    "a folder where nothing is expected": ("docs", "elsewhere"),
    "a recording that is read through its link": (
        f"{FIXTURES}/arc-1-codex.trajectory.jsonl",
        "arc-0-codex.trajectory.jsonl",
    ),
}


@pytest.mark.parametrize(("path", "target"), HARMLESS.values(), ids=HARMLESS)
def test_other_links_are_no_problem(tmp_path: Path, path: str, target: str) -> None:
    files = {
        **DOCKERFILES,
        "elsewhere/x.txt": "x",
        "containers/benchmarks/arc/x.md": "x",
        f"{FIXTURES}/arc-0-codex.trajectory.jsonl": '{"status": "failure"}\n',
    }
    root = repository(tmp_path / "fleet", files)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(target)
    for found in states(root):
        assert found == {}


NAMED_LIKE_A_FOLDER_OF_UNITS = {
    "out of the repository": (OWN_LAYOUT, "models", "/somewhere"),
    "beside it": (OWN_LAYOUT, "models", "../somewhere"),
    "to data": (OWN_LAYOUT, "models", "data"),
    "to nothing": (OWN_LAYOUT, "gateways", "nowhere"),
    "to nothing, and on": (OWN_LAYOUT | ELSEWHERE, "gateways", "nowhere/../elsewhere"),
    "in a circle": (OWN_LAYOUT, "gateways", "gateways"),
    "to a file": (OWN_LAYOUT, "core", "data/weights.txt/x"),
    "in the other convention": (DOCKERFILES, "models", "/somewhere"),
    "in the other convention, to data": (DOCKERFILES | {"data/w": "w"}, "gateways", "data"),
    "where labels alone make units": (LABELLED, "core", "/somewhere"),
    "all units, elsewhere": (LABELLED, "containers", "/somewhere"),
    "another name of the same units": (DOCKERFILES, "benchmarks", "containers/benchmarks"),
}


@pytest.mark.parametrize(
    ("files", "path", "target"),
    NAMED_LIKE_A_FOLDER_OF_UNITS.values(),
    ids=NAMED_LIKE_A_FOLDER_OF_UNITS,
)
def test_a_link_that_only_has_a_name_of_the_default_layout_is_no_problem(
    tmp_path: Path, files: Mapping[str, str], path: str, target: str
) -> None:
    root = repository(tmp_path / "fleet", files)
    (root / path).symlink_to(target)
    for found in states(root):
        assert found == {}


TAKEN_FOR_UNITS = {
    "by a name that is no accident": (LABELLED, "containers/models", "/somewhere"),
    "beside units": (FLAT, "models", "/somewhere"),
    "beside units, to data": (FLAT, "models", "data"),
    "to units": (OWN_LAYOUT | ELSEWHERE, "models", "elsewhere"),
    "to units, by way of another link": (OWN_LAYOUT | ELSEWHERE, "models", "./more/../link"),
    "to units of another role": (OWN_LAYOUT, "models", "evals"),
    "to units of a fleet": (
        LABELLED | {"deploy/agents/evil/Dockerfile": BAD},
        "containers",
        "deploy",
    ),
    "named by the configuration": (
        OWN_LAYOUT | {"evalpolicy.toml": '[layout]\nmodels = ["weights/*"]\n'},
        "weights",
        "/somewhere",
    ),
    "to recordings": (LABELLED | {"x/run/replay/fixtures/a.traces.jsonl": "{}\n"}, "tests", "x"),
}


@pytest.mark.parametrize(("files", "path", "target"), TAKEN_FOR_UNITS.values(), ids=TAKEN_FOR_UNITS)
def test_a_link_in_the_place_of_units_is_not_checked(
    tmp_path: Path, files: Mapping[str, str], path: str, target: str
) -> None:
    root = repository(tmp_path / "fleet", {**files, "more/x.txt": "x"})
    (root / "link").symlink_to("elsewhere")
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).symlink_to(target)
    for found in states(root):
        assert list(found) == [path]
        assert "in [layout]" in found[path]


def test_a_link_out_of_a_fleet_within_its_repository_may_lead_to_units(tmp_path: Path) -> None:
    files = {f"evals/{path}": text for path, text in OWN_LAYOUT.items()}
    root = repository(tmp_path / "repository", files | ELSEWHERE)
    (root / "evals/models").symlink_to("../elsewhere")
    for found in states(root / "evals"):
        assert list(found) == ["models"]


WITHIN = {
    "in a unit's folder": "containers/benchmarks/arc/vendor/tool",
    "in an agent's": "containers/agents/codex/src",
    "in that of a unit by its labels": "tools/image/deep/down/src",
    "beside no Dockerfile": "containers/benchmarks/evil/image",
}


@pytest.mark.parametrize("path", WITHIN.values(), ids=WITHIN)
def test_a_repository_within_a_unit_is_not_checked(tmp_path: Path, path: str) -> None:
    more = {"containers/benchmarks/evil/README.md": "x", "tools/image/Dockerfile": AGENT}
    root = repository(tmp_path / "fleet", DOCKERFILES | more)
    repository(root / path, {"Dockerfile": BAD, "solve.sh": "x"})
    for found in states(root):
        assert list(found) == [path]
        unit = "/".join(path.split("/")[: 2 if path.startswith("tools") else 3])
        assert f"in the folder of the unit `{unit}`" in found[path]


def test_a_repository_within_the_unit_at_the_root_is_not_checked(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", {"Dockerfile": AGENT})
    repository(root / "src", {"run.sh": "x"})
    assert list(problems(root)) == ["src"]


REPOSITORIES = [
    "containers/benchmarks/evil",
    "containers/agents/evil",
    "benchmarks/evil",
    "containers/models",
    FIXTURES,
    "tests/run",
]


@pytest.mark.parametrize("path", REPOSITORIES)
def test_a_repository_in_the_place_of_a_unit_is_not_checked(tmp_path: Path, path: str) -> None:
    root = repository(tmp_path / "fleet", DOCKERFILES)
    repository(root / path, {"Dockerfile": BAD, "x.traces.jsonl": "{}\n"})
    for found in states(root):
        assert list(found) == [path]
        assert "submodule" in found[path]


def test_a_repository_that_may_hold_all_units_is_not_checked(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", {"tools/Dockerfile": "FROM scratch\n"})
    repository(root / "containers", DOCKERFILES)
    for found in states(root):
        assert list(found) == ["containers"]


def test_a_repository_is_one_problem(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", DOCKERFILES | {"Dockerfile": AGENT})
    repository(root / "containers/benchmarks/evil", {"Dockerfile": BAD})
    assert len(judge(root).problems) == 1


@pytest.mark.parametrize(
    "path",
    [
        "third_party/tool",
        "containers/benchmarks/_shared",
        "docs",
        "gateways",
        "models/llama/src",
        "tools/image/src",
    ],
)
def test_other_submodules_are_no_problem(tmp_path: Path, path: str) -> None:
    more = {"models/llama/README.md": "x", "tools/image/Dockerfile": "FROM scratch\n"}
    root = repository(tmp_path / "fleet", DOCKERFILES | more)
    repository(root / path, {"Dockerfile": BAD})
    for found in states(root):
        assert found == {}


def test_the_layout_says_what_is_expected(tmp_path: Path) -> None:
    layout = (
        '[layout]\nbenchmarks = ["./evals/*/bench"]\nfixtures = ["runs/**/*.jsonl", "**/*.eval"]\n'
    )
    files = {"evalpolicy.toml": layout, "evals/a/bench/Dockerfile": BENCHMARK, "x/y.txt": "y"}
    root = repository(tmp_path / "fleet", files)
    for path in ("evals/b/bench", "runs/2026/may", "other/place", "evals/c"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to("/etc")
    assert sorted(problems(root)) == ["evals/b/bench", "runs/2026/may"]


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is of Linux")
@pytest.mark.parametrize("name", ["more", "a 'quoted' name", "zwölf", "line\nend", "evals"])
@pytest.mark.parametrize("place", ["", "evals/", "outside git"])
def test_an_untracked_folder_that_cannot_be_listed_is_not_checked(
    tmp_path: Path, name: str, place: str
) -> None:
    root = tmp_path / "repository"
    if place == "outside git":
        write(root, DOCKERFILES)
        fleet = root
    else:
        repository(root, {f"{place}{path}": text for path, text in DOCKERFILES.items()})
        fleet = write(root / place, {"evalpolicy.toml": ""})
    folder = write(fleet / "containers/benchmarks" / name, {"Dockerfile": AGENT})
    folder.chmod(0)
    meek = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.getuid() else []
    try:
        done = subprocess.run(
            [*meek, sys.executable, "-m", "evalpolicy", "check", "--no-cache", "--select=LBL"],
            cwd=fleet, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        folder.chmod(0o755)
    assert done.returncode == 3, done.stderr
    assert "not checked: it cannot be listed" in " ".join(done.stdout.split())


def test_what_git_says_of_its_own_configuration_leaves_nothing_unlisted(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", DOCKERFILES)
    snapshot = open_snapshot(root)
    snapshot._complain(  # type: ignore[attr-defined]
        b"warning: unable to access '/root/.config/git/ignore': Permission denied\n"
    )
    assert snapshot.unlisted == {}
    inside = f"warning: could not open directory '{root}/gone/': Permission denied\n"
    snapshot._complain(inside.encode())  # type: ignore[attr-defined]
    assert list(snapshot.unlisted) == ["."]


def test_paths_do_not_hide_that_something_is_unlisted(tmp_path: Path) -> None:
    snapshot = open_snapshot(repository(tmp_path / "fleet", DOCKERFILES))
    snapshot._complain(b"warning: something else\n")  # type: ignore[attr-defined]
    report = check(snapshot, Config(), chosen=["LBL"], paths=["containers/agents"])
    assert [problem.path for problem in report.problems] == ["."]
