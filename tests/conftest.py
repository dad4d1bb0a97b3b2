"""What every test shares: engines that may be missing, and must not be in CI."""

from __future__ import annotations

import os
import shutil

import pytest

ENGINES_REQUIRED = os.environ.get("EVALPOLICY_ENGINES") == "required"


@pytest.fixture
def need_engine():
    """`need_engine(reason)` skips with its reason, or fails where engines are required."""

    def need(reason: str) -> None:
        if ENGINES_REQUIRED:
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
