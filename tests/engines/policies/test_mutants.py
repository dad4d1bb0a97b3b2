"""Two hundred mutants of Dockerfiles of ours: the rule that was broken finds each."""

from __future__ import annotations

from pathlib import Path

from tests.engines.policies.mutants import BREAKS, generated, mutants
from tests.fleets import judge, write

FAMILIES = ("LBL", "PIN", "HYG", "SEC003")


def rules_at(root: Path, path: str) -> set[str]:
    return {f.rule for f in judge(root, *FAMILIES).findings if f.path == path}


def test_what_is_mutated_breaks_nothing(tmp_path):
    assert [f.rule for f in judge(write(tmp_path, generated()), *FAMILIES).findings] == []


def test_every_mutant_is_found(tmp_path):
    files = generated()
    core = {path: text for path, text in files.items() if "/core/" in path}
    made = list(mutants(files, 200, seed=7))
    assert len(made) == 200
    assert {mutant.rule for mutant in made} == {rule for rule, _, _ in BREAKS}
    lived = [
        (mutant.rule, mutant.text)
        for number, mutant in enumerate(made)
        if mutant.rule
        not in rules_at(
            write(tmp_path / str(number), core | {mutant.path: mutant.text}), mutant.path
        )
    ]
    assert lived == []
