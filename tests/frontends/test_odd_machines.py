"""Machines on which something is missing: one line says so, and the exit code is never a pass.

Every run is a process of its own, started by a shell that takes the thing away.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.fleets import DOCKERFILES, repository

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the shell is Linux's")
# The same fleet, judged as always: with the exit code 0 and nothing to say.
EXIT_OF_CLEAN = 0
CHECK = "check --select LBL,PIN006 --jobs 1"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("odd") / "fleet", DOCKERFILES)


def started(fleet: Path, script: str, words: str = CHECK) -> subprocess.CompletedProcess[str]:
    """What a shell script comes to in which `$RUN` starts the tool (with no shell between)."""
    return subprocess.run(
        ["bash", "-c", script.replace("RUN", f"{sys.executable} -m evalpolicy {words}")],
        cwd=fleet,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


MISSING = {
    "no output": ("RUN >&-", "standard output is closed"),
    "no output and no errors": ("RUN >&- 2>&-", ""),
    "nothing at all": ("RUN <&- >&- 2>&-", ""),
    "a full disk as output": ("RUN >/dev/full", "No space left on device"),
    "a full disk as output, and no errors": ("RUN >/dev/full 2>&-", ""),
    "few descriptors": ("ulimit -n 8; RUN", None),
    "fewer descriptors": ("ulimit -n 5; RUN", None),
    "no git": ("PATH=/nowhere RUN", "git is not installed"),
    "git is not a program": (
        "d=$(mktemp -d); echo text > $d/git; chmod +x $d/git; PATH=$d RUN", "git",
    ),
    "git may not be run": ("d=$(mktemp -d); : > $d/git; PATH=$d RUN", "git"),
    "git is a folder": ("d=$(mktemp -d); mkdir $d/git; PATH=$d RUN", "git"),
    "the folder is gone": ("d=$(mktemp -d); cd $d; rmdir $d; RUN", "No such file or directory"),
    "no documentation in the code": ("PYTHONOPTIMIZE=2 RUN", "documentation"),
}  # fmt: skip


@pytest.mark.parametrize(("script", "says"), MISSING.values(), ids=MISSING)
def test_what_cannot_be_done_is_said_in_one_line(
    fleet: Path, script: str, says: str | None
) -> None:
    done = started(fleet, script)
    assert done.returncode == 3, (done.returncode, done.stdout, done.stderr)
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    if says is not None:
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == bool(says)


ODD = [
    "COLUMNS=² RUN",
    "COLUMNS=-1 RUN",
    f"COLUMNS={'9' * 5000} RUN",
    "LC_ALL=xx_YY.nothing LANG=\xff RUN",
    "PYTHONUTF8=0 LC_ALL=C PYTHONCOERCECLOCALE=0 RUN",
    "PYTHONIOENCODING=ascii RUN",
    "env -u HOME -u XDG_CACHE_HOME -u EVALPOLICY_CACHE_DIR RUN",
    "env -u EVALPOLICY_CACHE_DIR HOME=/nowhere RUN",
    "env -u EVALPOLICY_CACHE_DIR XDG_CACHE_HOME=cache-that-is-relative RUN",
    "env -u EVALPOLICY_CACHE_DIR XDG_CACHE_HOME=/proc/nowhere RUN",
    "EVALPOLICY_CACHE_DIR=/dev/null RUN",
    "EVALPOLICY_CACHE_DIR=/etc/passwd RUN",
    "TMPDIR=/nowhere RUN",
    "TERM=² RUN",
    "TERM= NO_COLOR=² RUN",
    "PYTHONWARNINGS=error RUN",
    "PYTHONOPTIMIZE=1 RUN",
    "PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 RUN",
    "RUN <&-",
    "RUN 2>&-",
    "RUN <&- 2>&-",
    "trap '' HUP TERM INT USR1 PIPE; RUN",
]


@pytest.mark.parametrize("script", ODD, ids=lambda script: script[:50])
def test_what_does_not_matter_changes_nothing(fleet: Path, script: str) -> None:
    plain = started(fleet, "RUN")
    assert plain.returncode == EXIT_OF_CLEAN, (plain.stdout, plain.stderr)
    odd = started(fleet, script)
    assert (odd.returncode, odd.stdout) == (plain.returncode, plain.stdout), odd.stderr
    assert odd.stderr == plain.stderr
    assert sorted(path.name for path in fleet.iterdir()) == [".git", "containers"]


@pytest.mark.parametrize("kilobytes", [60_000, 100_000, 150_000, 200_000, 300_000])
def test_little_memory_is_no_pass(fleet: Path, kilobytes: int) -> None:
    """Where even Python cannot start, it is Python that says so."""
    done = started(fleet, f"ulimit -v {kilobytes}; RUN")
    plain = started(fleet, "RUN")
    if (done.returncode, done.stdout) != (plain.returncode, plain.stdout):
        assert done.returncode not in (0, 1, 2), (done.stdout, done.stderr)
