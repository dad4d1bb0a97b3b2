"""SIZ: how large tracked files may be, and what keeps them from the hook that says so.

Sizes are those of tracked files; a Git LFS pointer counts with the size of what it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.large_files import HOOK
from evalpolicy.artifacts.syntax.source import START
from evalpolicy.facts.sizing import Allowance, Sizing
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.policy.rule import Hit, rule


@rule("SIZ001", "large-file", "error")
def large_file(sizing: Sizing) -> Iterator[Hit]:
    """A tracked file is larger than the limit, and no allowance covers it.

    Fixtures have a limit of their own, because they are ground truth and may be large.

    ## Why

    What is committed once is in every clone forever. The hook that should stop it looks only at
    files which are being added: what came in past it is never looked at again.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ```text docs/recording.cast
    {{KiB 501}}
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ```text docs/recording.cast
    {{KiB 400}}
    ```

    ## Exempt

    What an `exclude` (or `files`) of the large-file hook in .pre-commit-config.yaml keeps from it,
    and what an `[[allow]]` lists with its reason. Files that git does not track.

    ## Configuration

    `[sizes] limit` and `fixture_limit`, in KiB. Without them the limit is the hook's `--maxkb`, or
    the 500 that it takes by default, and 10240 for a fixture.
    """
    for path, size in sizing.of.items():
        is_fixture = path in sizing.fixtures
        limit = sizing.fixture_limit if is_fixture else sizing.limit
        if size <= limit * 1024 or (not is_fixture and path in sizing.allowed):
            continue
        yield Hit(
            path,
            f"{_kib(size)} KiB, and {limit:,} is the limit{' for a fixture' * is_fixture}: keep it "
            "elsewhere (Git LFS, a release), or allow it with a reason",
            help='[[allow]] rule = "SIZ001", path and reason, in evalpolicy.toml',
            subject=path,
        )


@rule("SIZ002", "large-file-allowance-broad", "warning")
def large_file_allowance_broad(sizing: Sizing) -> Iterator[Hit]:
    r"""An allowance of the large-file hook also matches outside of the folder it was meant for.

    It was meant for the large files that it covers (where there is none, for the fixtures that
    it covers, else for all files). It is broad if it would match a file of the same name in any
    other folder.

    ## Why

    787bd036 excluded `\.(jsonl|lock)$` so that large recordings could be committed. Since then
    there was no limit for any jsonl anywhere in the repository.

    ## Fires

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            exclude: '\.(jsonl|lock)$'
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}}
    ```

    ## Mended

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            exclude: '^tests/run/replay/fixtures/.*\.jsonl$'
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}}
    ```

    ## Exempt

    A pattern that matches no tracked file (GAT004). One that Python cannot compile, or that takes
    too long, is a problem. Patterns run on RE2 where it reads them as Python does; any other runs
    on Python's `re` in a process of its own that is stopped after half a second.
    """
    for hook in sizing.hooks:
        for allowance in hook.allowances:
            meant = _meant_for(sizing, allowance)
            if broad := sorted(meant & allowance.anywhere):
                folders = {path.rpartition("/")[0] for path in broad}
                where = next(iter(folders)) if len(folders) == 1 else f"{len(folders)} folders"
                yield Hit(
                    hook.path,
                    f"{allowance.pattern.text} matches in every folder, and was meant for "
                    f"{where or 'the top folder'}: begin it with ^ and the folder",
                    allowance.pattern.span,
                    f"it covers {len(allowance.covers)} tracked files, for example {broad[0]}",
                    HOOK,
                    allowance.pattern.text,
                )


def _meant_for(sizing: Sizing, allowance: Allowance) -> frozenset[str]:
    large = {path for path, size in sizing.of.items() if size > sizing.limit * 1024}
    for needed in (large, sizing.fixtures):
        if covered := allowance.covers & needed:
            return covered
    return allowance.covers


@rule("SIZ003", "large-fixture-blocked", "warning")
def large_fixture_blocked(sizing: Sizing) -> Iterator[Hit]:
    r"""The large-file hook would refuse a fixture that the fleet has.

    ## Why

    Who records the run anew cannot commit it, and takes the way that is left: `--no-verify`,
    which switches off the secret scanner as well, or an allowance for everything (SIZ002).

    ## Fires

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--maxkb=4]
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "{{KiB 5}}"}
    ```

    ## Mended

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--maxkb=4]
            exclude: '^tests/run/replay/fixtures/.*\.jsonl$'
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "{{KiB 5}}"}
    ```

    ## Exempt

    A fixture in Git LFS, which the hook passes over, and one that it never sees.
    """
    for hook in sizing.hooks:
        for path, size in sizing.fixture_sizes.items():
            if path not in hook.sees or path in sizing.pointers or not hook.refuses(size):
                continue
            yield Hit(
                hook.path,
                f"{stem_of(path)} ({_kib(size)} KiB) would be refused, {hook.maxkb:,} is the most: "
                "exclude the fixtures' folder, and only that",
                hook.args,
                f"`exclude: ^{path.rpartition('/')[0]}/`; evalpolicy has a limit for fixtures",
                stem_of(path),
                path,
            )


@rule("SIZ004", "fixture-budget", "warning")
def fixture_budget(sizing: Sizing) -> Iterator[Hit]:
    """The fixtures together are larger than the budget. The finding is on the largest.

    ## Why

    Each fixture may be small enough, and all of them make every clone slow: the reference fleet
    had 70 MB of them before they were converted, and 22 MB afterwards.

    ## Fires

    ```toml evalpolicy.toml
    [sizes]
    fixture_budget = 4
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "{{KiB 5}}"}
    ```

    ## Mended

    ```toml evalpolicy.toml
    [sizes]
    fixture_budget = 8
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "{{KiB 5}}"}
    ```

    ## Exempt

    A fleet that configures no budget.

    ## Configuration

    `[sizes] fixture_budget`, in KiB.
    """
    budget, sizes = sizing.fixture_budget, sizing.fixture_sizes
    if budget is None or sum(sizes.values()) <= budget * 1024:
        return
    largest = max(sizes, key=lambda path: (sizes[path], path))
    yield Hit(
        largest,
        f"{len(sizes)} fixtures take {_kib(sum(sizes.values()))} KiB of {budget:,} in the budget: "
        f"this is the largest ({_kib(sizes[largest])} KiB)",
        START,
        "`evalpolicy fixtures list --sort size` shows them all",
    )


def _kib(size: int) -> str:
    return f"{-(-size // 1024):,}"
