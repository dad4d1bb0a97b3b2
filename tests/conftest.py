"""What every test shares: engines that may be missing, and must not be in CI.

Engine tests (`@pytest.mark.engine`) build and run other people's programs and take minutes.
EVALPOLICY_ENGINES says what becomes of them: unset, they are skipped; `auto`, they run where
their engine is there; `required`, as in CI, a missing engine is a failure.
"""

from __future__ import annotations

import os
import shutil
from itertools import count

import pytest
from hypothesis import settings

# How long one example takes says nothing on a machine that does other things as well.
settings.register_profile("evalpolicy", deadline=None)
settings.load_profile("evalpolicy")

ENGINES = os.environ.get("EVALPOLICY_ENGINES", "")

MEMORY = "/dev/shm"
ROOM = 4 << 30


def _in_memory() -> bool:
    """Whether there is room for all that tests write, and programs may start from there."""
    try:
        refused = os.statvfs(MEMORY).f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
        return not refused and shutil.disk_usage(MEMORY).free > ROOM
    except (OSError, AttributeError):
        return False


# Tests write and remove some 100,000 small files, for which a disk makes them wait.
# Containers get folders of these as they always do, from a disk.
if not ENGINES and "PYTEST_DEBUG_TEMPROOT" not in os.environ and _in_memory():
    os.environ["PYTEST_DEBUG_TEMPROOT"] = MEMORY


# One process has what these tests share: a daemon with its images, a program that Go builds.
SHARED = {"docker": "containers", "podman": "containers", "act": "act"}


def pytest_collection_modifyitems(items):
    for item in items:
        for mark in item.iter_markers("engine"):
            if ENGINES:
                for group in {SHARED[name] for name in mark.args if name in SHARED}:
                    item.add_marker(pytest.mark.xdist_group(group))
                continue
            reason = f"needs {', '.join(mark.args)}: run with EVALPOLICY_ENGINES=auto or required"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def caches(tmp_path_factory):
    """Names of folders that are not there yet: pytest's own counting lists all that are."""
    folder = tmp_path_factory.mktemp("caches")
    return (str(folder / str(number)) for number in count())


@pytest.fixture(autouse=True)
def a_cache_of_its_own(monkeypatch, caches):
    """No test reads or leaves rows in the cache of whoever runs it, or stays in another folder."""
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", next(caches))
    monkeypatch.chdir(os.getcwd())


@pytest.fixture
def need_engine():
    """`need_engine(reason)` skips with its reason, or fails where engines are required."""

    def need(reason: str) -> None:
        if ENGINES == "required":
            pytest.fail(f"EVALPOLICY_ENGINES=required, and {reason}")
        pytest.skip(reason)

    return need


@pytest.fixture
def need_tool(need_engine):
    """`need_tool("go")` gives the path of an executable that a test cannot do without."""

    def need(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            need_engine(f"{name} is not on PATH")
        assert found is not None
        return found

    return need
