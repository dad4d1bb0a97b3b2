"""A safe fix changes no verdict: the pinned binary reports the same before and after."""

from __future__ import annotations

import gitleaks_binaries
import gitleaks_oracle
import gitleaks_random
import pytest
from gitleaks_matrix import Row
from tests.fleets import judge, write

from evalpolicy.policy.edits import edited

pytestmark = [pytest.mark.engine("gitleaks"), pytest.mark.slow, pytest.mark.xdist_group("gitleaks")]

REPOSITORIES = 300
VERSIONS = ("8.21.0", "8.24.3", "8.25.0", "8.30.1")
URL = "https://github.com/gitleaks/gitleaks/releases/download"
WAYS = (
    "V={}\ncurl " + URL + "/v$V/gitleaks.tar.gz | tar -xz\n./gitleaks git .\n",
    "go run github.com/zricethezav/gitleaks/v8@v{} git .\n",
    "docker run -v $PWD:/repo zricethezav/gitleaks:v{} git /repo\n",
)
DOCKERFILE = {"containers/benchmarks/arc/Dockerfile": "FROM scratch\n"}


def safely_fixed(row, script, root):
    """The configuration with every safe fix, in a repository that runs the script."""
    files = {".gitleaks.toml": row.content, "scan.sh": script, **row.files, **DOCKERFILE}
    report = judge(write(root, files), "GLK")
    fixes = {f.fix for f in report.findings if f.fix is not None and f.fix.safe}
    assert {f.path for f in report.findings if f.fix is not None and f.fix.safe} <= {
        ".gitleaks.toml"
    }
    assert len(fixes) <= 1
    return edited(row.content, fixes.pop().edits) if fixes else None


def test_a_safe_fix_changes_no_verdict(need_tool, need_engine, tmp_path):
    go, fixed = need_tool("go"), 0
    for at, version in enumerate(VERSIONS):
        binary = gitleaks_binaries.install(go, (version,))
        if isinstance(binary, str):
            need_engine(f"gitleaks {version} cannot be installed: {binary}")
            return
        pairs = []
        for number, row in enumerate(gitleaks_random.rows(16 + at, REPOSITORIES // len(VERSIONS))):
            root = tmp_path / version / str(number)
            after = safely_fixed(row, WAYS[number % len(WAYS)].format(version), root)
            assert safely_fixed(row, "brew install gitleaks\ngitleaks git .\n", root / "u") is None
            if after is not None:
                pairs += [row, Row(row.name, after, row.files)]
        real = [cell.real for cell in gitleaks_oracle.judge(pairs, [binary])]
        for before, after in zip(real[::2], real[1::2], strict=True):
            assert (before.loads, before.left) == (after.loads, after.left)
        fixed += len(pairs) // 2
    assert fixed > REPOSITORIES // 20
