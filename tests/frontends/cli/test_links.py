"""No command writes through a link of the repository that it looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, repository, write
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main

STEM = "arc-0-codex"
UNKNOWN = (
    *("agent", "agent_version", "model", "model_version", "gateway", "captured", "release_tag"),
    *("benchmark_data_revision", "reward"),
)
FIXTURE = f"{FIXTURES}/{STEM}.traces.jsonl"
# A link of the repository, and the command that would write through it.
WRITERS = {
    "report, its folder": ("out", ["report", "--output", "out"]),
    "report, its page": ("report/index.html", ["report", "--output", "report"]),
    "report, a folder above": ("out", ["report", "--output", "out/deep/report"]),
    "check": ("a.sarif", ["check", "--format", "sarif=a.sarif"]),
    "check, its folder": ("out", ["check", "--format", "json=out/a.json"]),
    "init": (".github", ["init", "--yes"]),
    "baseline": ("b.json", ["baseline", "write", "--baseline", "b.json"]),
    "baseline, its folder": ("out", ["baseline", "write", "--baseline", "out/b.json"]),
    "baseline, the default": (".evalpolicy-baseline.json", ["baseline", "write"]),
    "backfill": ("d", ["provenance", "backfill"]),
    "record": ("d", ["provenance", "record", STEM, *(f"--unknown={f}=x" for f in UNKNOWN)]),
}


def everything(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path): path.read_bytes() for path in found if path.name != "index"}


@pytest.mark.parametrize("where", ["outside", ".git", ".git/hooks"])
@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_written_behind_a_link(tmp_path, monkeypatch, capfd, name, where):
    link, command = WRITERS[name]
    root = repository(
        tmp_path / "root",
        {
            **FLEET,
            FIXTURE: lines(litellm_row()),
            "evalpolicy.toml": '[layout]\nprovenance = "d/pre-commit"\n',
            "report/.keep": "",
        },
    )
    write(tmp_path / "outside", {"pre-commit": "{}"})
    write(root / ".git/hooks", {"pre-commit": "{}"})
    target = (tmp_path / "outside") if where == "outside" else root / where
    if Path(link).suffix:
        target = target / "pre-commit"
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(os.path.relpath(target, (root / link).parent))
    monkeypatch.chdir(root)
    before = everything(tmp_path)
    assert main(command) == 3
    said = capfd.readouterr().err
    assert "is a symbolic link" in said
    assert "internal error" not in said
    after = everything(tmp_path)
    # `init` writes what it can before it comes to the link; what is new is in the repository.
    assert {path: after.get(path) for path in before} == before
    assert all(
        path.startswith(str(root)) and not path.startswith(str(root / ".git"))
        for path in set(after) - set(before)
    )


def test_a_report_keeps_the_old_one_when_the_disk_is_full(tmp_path, monkeypatch, capfd):
    root = repository(tmp_path)
    monkeypatch.chdir(root)
    (root / "a.json").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evalpolicy.snapshot.writing.os.fsync", full)
    assert main(["check", "--format", "json=a.json"]) == 3
    assert capfd.readouterr().err == "evalpolicy: cannot write a.json: No space left on device\n"
    assert (root / "a.json").read_text() == "old"


@pytest.mark.parametrize("stream", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_by_its_path(tmp_path, monkeypatch, capfd, stream):
    monkeypatch.chdir(repository(tmp_path))
    main(["check", "--format", f"json={stream}"])
    assert capfd.readouterr().out.startswith("{")
