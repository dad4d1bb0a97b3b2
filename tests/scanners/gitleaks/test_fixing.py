"""The fix of a form is what `gitleaks migrate` writes, as one edit."""

from __future__ import annotations

import gitleaks_matrix
import pytest

from evalpolicy.artifacts.gitleaks_config import parse
from evalpolicy.policy.edits import edited
from evalpolicy.rules.gitleaks.fixing import migration
from evalpolicy.scanners.gitleaks.migrate import Migrated, migrate
from evalpolicy.scanners.gitleaks.versions import Version

VERSIONS = [Version.of(version) for version in ("8.8.12", "8.18.4", "8.24.3", "8.28.0", "8.30.1")]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CR LF"])
def test_of_every_configuration_of_the_matrix(end):
    fixed = 0
    for row in gitleaks_matrix.rows():
        content = row.content.replace(b"\r\n", b"\n").replace(b"\n", end.encode())
        config = parse(content)
        for version in VERSIONS:
            found = migrate(config.document.text, version, version)
            fix = migration(config, version, safe=True)
            if isinstance(found, Migrated) and found.text != config.document.text:
                assert fix is not None
                assert edited(content, fix.edits).decode() == found.text, (row.name, version)
                fixed += 1
            else:
                assert fix is None
    assert fixed > 10
