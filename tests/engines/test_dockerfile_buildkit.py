"""The judge of Dockerfiles is BuildKit: its own parser and converter, and real builds.

`make oracle N=10000` asks the same questions about more Dockerfiles.
"""

from __future__ import annotations

import pytest
from dockerfile_oracle.generator import Case, Generator
from dockerfile_oracle.run import ask_buildkit, ask_docker, minimised

CASES = 500
SEED = 1


@pytest.mark.engine("go")
def test_generated_dockerfiles_read_as_by_buildkits_packages(buildkit_judge):
    """Instructions, spans, heredocs, refusals, labels and environment."""
    outcome = ask_buildkit(buildkit_judge, CASES, SEED)
    assert outcome.disagreements == []
    assert outcome.accepted > CASES // 3


@pytest.mark.engine("docker")
@pytest.mark.slow
def test_generated_dockerfiles_get_the_labels_of_real_builds(docker, tmp_path):
    outcome = ask_docker(docker, CASES, SEED, tmp_path)
    assert outcome.disagreements == []
    assert outcome.accepted > CASES // 2


@pytest.mark.engine("go")
def test_a_disagreement_is_minimised(buildkit_judge):
    """Whatever stands round it, nothing is left but what it takes."""
    case = Case(Generator(3).dockerfile() + "\nLABEL needle=1 other=2\n", {})
    small = minimised(case, lambda other: "needle" in other.dockerfile)
    assert small.dockerfile == "needle"
