"""What is remembered of short files changes no answer."""

from __future__ import annotations

import pytest
from tests.fleets import git, repository

from evalpolicy.snapshot import Unreadable, open_snapshot
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.tracing import Watched


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("read_before", [False, True])
def test_a_limit_holds_for_what_is_remembered(tmp_path, staged, read_before):
    root = repository(tmp_path, {"long": "x" * 9, "short": "y"})
    git(root, "add", "-A")
    with open_snapshot(root, staged=staged) as below:
        snapshot = Watched(below, Cache(None))
        if read_before:
            assert snapshot.read("long") == b"x" * 9
        found = dict(snapshot.read_many(["short", "long"], 5))
        assert found["short"] == b"y"
        assert isinstance(found["long"], Unreadable)
        with pytest.raises(Unreadable):
            snapshot.read("long", 5)
        assert dict(snapshot.read_many(["long", "short"], 9)) == {"long": b"x" * 9, "short": b"y"}
