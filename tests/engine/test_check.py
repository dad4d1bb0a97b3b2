"""What the engine asks for before it runs a rule."""

from __future__ import annotations

import pytest
from tests.fleets import FLEET, write

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.errors import UsageError
from evalpolicy.snapshot import open_snapshot


@pytest.mark.parametrize("path", ["nowhere", "containers/benchmarks/ar", "README.md/x"])
def test_a_path_that_is_not_there_is_wrong_usage_and_never_clean(tmp_path, path):
    with (
        open_snapshot(write(tmp_path, {**FLEET, "README.md": ""})) as snapshot,
        pytest.raises(UsageError, match="is not in"),
    ):
        check(snapshot, configuration.load(snapshot), paths=["containers", path])
