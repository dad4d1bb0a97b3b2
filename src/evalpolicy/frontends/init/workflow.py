"""Proposes a workflow that runs the action on pull requests, with minimal permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evalpolicy import __version__
from evalpolicy.artifacts.workflow import parse
from evalpolicy.frontends.init import NoProposal, Proposal

FOLDER = ".github/workflows"
WORKFLOW_FILE = f"{FOLDER}/evalpolicy.yml"
_ACTION = "evalpolicy/evalpolicy@"

WORKFLOW = f"""\
name: evalpolicy
on:
  pull_request:
  merge_group:
permissions: {{}}
jobs:
  policy:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: {_ACTION}v{__version__}
"""


def propose(
    workflows: Mapping[str, bytes], names: Iterable[str], prefix: str
) -> Proposal | NoProposal:
    """The workflow for a fleet below `prefix`, given the existing `workflows` by path.

    `names` are the entries at the top of the repository, to recognize other forges.
    """
    user = next((path for path, content in workflows.items() if _runs_action(content)), None)
    if user is not None:
        return NoProposal(user, "already runs the action")
    if WORKFLOW_FILE in workflows:
        return NoProposal(
            WORKFLOW_FILE, "already exists and does not run the action; it stays as it is"
        )
    known = set(names)
    if ".gitlab-ci.yml" in known and ".github" not in known:
        return NoProposal(
            WORKFLOW_FILE,
            "not proposed, because this repository uses GitLab CI; run `evalpolicy check` there",
        )
    return Proposal(
        WORKFLOW_FILE,
        None,
        (WORKFLOW + _with(prefix)).encode(),
        "checks each pull request and annotates its lines",
        "pin the action to the full commit of its version",
    )


def _runs_action(content: bytes) -> bool:
    steps = parse(content).steps()
    return any(step.uses is not None and step.uses.text.startswith(_ACTION) for step in steps)


def _with(prefix: str) -> str:
    if not prefix:
        return ""
    quoted = prefix.rstrip("/").replace("'", "''")
    return f"        with:\n          path: '{quoted}'\n"
