"""What every test shares: engines that may be missing, and must not be in CI.

Engine tests (`@pytest.mark.engine`) build and run other people's programs and take minutes.
EVALPOLICY_ENGINES says what becomes of them: unset, they are skipped; `auto`, they run where
their engine is there; `required`, as in CI, a missing engine is a failure.
"""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# How long one example takes says nothing on a machine that does other things as well.
settings.register_profile("evalpolicy", deadline=None)
settings.load_profile("evalpolicy")

ENGINES = os.environ.get("EVALPOLICY_ENGINES", "")


def pytest_collection_modifyitems(items):
    if ENGINES:
        return
    for item in items:
        for mark in item.iter_markers("engine"):
            reason = f"needs {', '.join(mark.args)}: run with EVALPOLICY_ENGINES=auto or required"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def a_cache_of_its_own(monkeypatch, tmp_path_factory):
    """No test reads or leaves rows in the cache of whoever runs it."""
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


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
