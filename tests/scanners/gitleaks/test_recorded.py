"""The evaluator against what real binaries said of the matrix (recorded.json), without Go."""

from __future__ import annotations

import json

import gitleaks_matrix
import gitleaks_oracle
import pytest

from evalpolicy.scanners.gitleaks.versions import Version

RECORDED = json.loads(gitleaks_oracle.RECORDED.read_text())
ROWS = {row.name: row for row in gitleaks_matrix.rows()}


def test_the_record_is_of_this_matrix():
    """`make gitleaks-record` writes it anew."""
    assert {name: gitleaks_oracle.digest(row) for name, row in ROWS.items()} == {
        name: row["digest"] for name, row in RECORDED.items()
    }


@pytest.mark.parametrize("form", sorted({name.split("/")[0] for name in ROWS}))
def test_the_evaluator_agrees(form):
    wrong = []
    for name, row in ROWS.items():
        if name.split("/")[0] != form:
            continue
        for verdict, versions in RECORDED[name]["verdicts"].items():
            paths = json.loads(verdict)
            for text in versions:
                said = gitleaks_oracle.predicted(row, Version.of(text), "directory")
                left = [f"{path} {rule}" for path, rule in sorted(said.left)]
                if (left if said.loads else None) != paths:
                    wrong.append((name, text, paths, left, said.output))
    assert wrong == []
