"""Small fleets on the disk, and what evalpolicy says of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import open_snapshot
from evalpolicy.testing.repositories import git as git
from evalpolicy.testing.repositories import start
from evalpolicy.testing.repositories import write as write

BENCHMARK = """\
FROM python:3.12-slim
LABEL eval.type="benchmark" \\
      eval.benchmark.name="arc" \\
      eval.benchmark.description="ARC - grade-school science questions" \\
      eval.benchmark.tasks="400" \\
      eval.benchmark.env="shared-env" \\
      eval.benchmark.internet="false" \\
      eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
RUN fetch --revision 210d026faf9955653af8916fad021475a3f00453
"""
AGENT = """\
FROM node:22-slim
ARG AGENT_VERSION=0.120.0
LABEL eval.type="agent" eval.agent.name="codex" eval.agent.description="Codex CLI"
LABEL eval.agent.version="${AGENT_VERSION}"
"""
COMPOSE = """\
include:
  - path: ../../compose/services.yaml
services:
  runner:
    image: example/evals/arc--codex:1.0
    environment:
      BENCHMARK: arc
"""
FLEET = {
    "containers/benchmarks/arc/Dockerfile": BENCHMARK,
    "containers/benchmarks/arc/compose.yaml": COMPOSE,
    "containers/benchmarks/arc/README.md": "# ARC\n",
    "containers/agents/codex/Dockerfile": AGENT,
    "containers/agents/codex/README.md": "# Codex\n",
    "containers/compose/services.yaml": "services:\n  gateway:\n    image: example/gateway:1.0\n",
}
DOCKERFILES = {path: text for path, text in FLEET.items() if path.endswith("/Dockerfile")}
"""The fleet without what only runs or describes its images."""
FIXTURES = "tests/run/replay/fixtures"


def judge(root: Path, *select: str, **how: object) -> Report:
    """The report on the worktree, the index (`staged=True`) or a commit (`revision=…`)."""
    with open_snapshot(root, **how) as snapshot:  # type: ignore[arg-type]  # any of open_snapshot's options
        return check(snapshot, configuration.load(snapshot), chosen=select)


def found(report: Report) -> list[tuple[str, str, int]]:
    """Rule, path and line of every finding."""
    return [(f.rule, f.path, f.span.line) for f in report.findings]


def repository(root: Path, files: Mapping[str, str | bytes] = FLEET) -> Path:
    """A git repository with one commit that holds `files`."""
    write(start(root), files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root
