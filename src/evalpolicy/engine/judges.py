"""Whether a state of a repository has a judge: a configuration of this tool, or something that
runs it.

A submission that meets none has no judge to switch off, so it is judged by its own configuration.
The answer is yes wherever that cannot be ruled out.
"""

from __future__ import annotations

from pathlib import Path

from evalpolicy.config.reading import CONFIG_FILE
from evalpolicy.facts.waivers.baseline import BASELINE_FILE
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot, Unreadable, git, open_snapshot
from evalpolicy.snapshot.objects import CommitSnapshot
from evalpolicy.snapshot.opening import fleet_root
from evalpolicy.snapshot.submission.asked import SubmissionOptions
from evalpolicy.snapshot.submission.change import Comparison, Submission

_NAME = b"evalpolicy"
_OWN = frozenset({CONFIG_FILE, BASELINE_FILE})
# What runs a checker, or configures one: CI, hooks, task runners, scripts.
_RUNNERS = Globs(
    (
        ".github/workflows/*.yml",
        ".github/workflows/*.yaml",
        "**/action.yml",
        "**/action.yaml",
        "**/.pre-commit-config.y*ml",
        "**/prek.toml",
        "**/.gitlab-ci.yml",
        "**/*.gitlab-ci.yml",
        ".circleci/*",
        ".buildkite/*",
        ".husky/*",
        ".woodpecker*",
        "azure-pipelines*.yml",
        "bitbucket-pipelines.yml",
        ".travis.yml",
        ".drone.yml",
        "**/lefthook*",
        "**/Jenkinsfile*",
        "**/Makefile",
        "**/*.mk",
        "**/justfile",
        "**/Taskfile*",
        "**/tox.ini",
        "**/noxfile.py",
        "**/pyproject.toml",
        "**/package.json",
        "**/*.sh",
    )
)
# None of these files is larger (bytes).
_LIMIT = 4 << 20


def has_judge(state: CommitSnapshot) -> bool:
    """Whether the commit, anywhere in the repository, configures or runs this tool."""
    if not _OWN.isdisjoint(state.entries):
        return True
    whole = state.whole
    try:
        if any(path.rpartition("/")[2] in _OWN for path in whole.entries):
            return True
        runners = [path for path, entry in whole.entries.items() if path in _RUNNERS]
        read = whole.read_many([path for path in runners if whole.entries[path].is_file], _LIMIT)
        return any(isinstance(text, Unreadable) or _NAME in text.lower() for _, text in read)
    finally:
        if whole is not state:
            whole.close()


def judging_state(comparison: Comparison) -> CommitSnapshot | None:
    """The state whose policy counts for a submission; None where none has a judge.

    That is the merge base. A branch that starts before the judge came is judged as the state
    that it is to be merged into.
    """
    if has_judge(comparison.before):
        return comparison.before
    if comparison.tip is not comparison.before and has_judge(comparison.tip):
        return comparison.tip
    return None


def open_submission(
    folder: Path, asked: SubmissionOptions, *, staged: bool = False, revision: str | None = None
) -> tuple[Snapshot, Submission]:
    """The snapshot seen from `folder`, and the change that it makes.

    Where the base has a judge, the fleet's root is where the base has it: an evalpolicy.toml that
    the submission adds nearer by, or deletes, moves nothing. Both are to be closed.
    """
    snapshot = open_snapshot(folder, staged=staged, revision=revision)
    change = asked.change(folder, snapshot)
    prefix = _root_at_base(folder, change.comparison)
    if prefix in (None, snapshot.prefix):
        return snapshot, change
    change.close()
    snapshot.close()
    snapshot = open_snapshot(folder, staged=staged, revision=revision, prefix=prefix)
    return snapshot, asked.change(folder, snapshot)


def _root_at_base(folder: Path, comparison: Comparison | None) -> str | None:
    """Where the base has the fleet's root; None where it has no judge, or no other root."""
    repository = git.locate(folder)
    if comparison is None or repository is None or not repository.inside:
        return None
    for revision in dict.fromkeys((comparison.merge_base, comparison.base)):
        whole = CommitSnapshot(repository, revision)
        try:
            if has_judge(whole):
                return fleet_root(whole.entries, repository.inside)
        finally:
            whole.close()
    return None
