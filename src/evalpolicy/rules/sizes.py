"""SIZ: the size of tracked files, and what the large-file hook leaves out.

Only tracked files are measured; a Git LFS pointer counts with the size of its object.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.large_files import HOOK
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.source import START
from evalpolicy.facts.sizing import HookExclusion, Sizing
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.policy.rule import Hit, rule


@rule("SIZ001", "large-file", "error")
def large_file(sizing: Sizing) -> Iterator[Hit]:
    """A tracked file is larger than the limit, and no allowance covers it.

    Fixtures have a separate limit, because they are ground truth and may be large.

    ## Why

    What is committed once is in every clone forever. The hook that should prevent it only checks
    files that are being added: what got past it is never checked again.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ```text docs/recording.cast
    {{KiB 501}}
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ```text docs/recording.cast
    {{KiB 400}}
    ```

    ## Exempt

    Files that the `exclude` (or `files`) of the large-file hook in .pre-commit-config.yaml leaves
    out, and files in an `[[allow]]` with a reason. Files that git does not track.

    ## Configuration

    `[sizes] limit` and `fixture_limit`, in KiB. The default is the hook's `--maxkb` (500 if it is
    not set), and 10240 for a fixture.
    """
    for path, size in sizing.of.items():
        is_fixture = path in sizing.fixtures
        limit = sizing.fixture_limit if is_fixture else sizing.limit
        if size <= limit * 1024 or (not is_fixture and path in sizing.allowed):
            continue
        yield Hit(
            path,
            f"the file has {_kib(size)} KiB, and the limit{' for a fixture' * is_fixture} is "
            f"{limit:,}: store it elsewhere (Git LFS, a release), or allow it with a reason",
            help='add [[allow]] with rule = "SIZ001", path and reason to evalpolicy.toml',
            subject=path,
        )


@rule("SIZ002", "large-file-allowance-broad", "warning")
def large_file_allowance_broad(sizing: Sizing) -> Iterator[Hit]:
    r"""An exclusion of the large-file hook also matches outside the folder it was meant for.

    It was meant for the large files that it matches (if there are none, for the fixtures that it
    matches, otherwise for all files). It is broad if it would match a file of the same name in any
    other folder.

    ## Why

    787bd036 excluded `\.(jsonl|lock)$` so that large recordings could be committed. From then on
    there was no limit for any jsonl anywhere in the repository.

    ## Example

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

    ## Fixed

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
    too long, is reported as a problem. Patterns run on RE2 if it treats them as Python does; others
    run on Python's `re` in a separate process that is stopped after half a second.
    """
    for hook in sizing.hooks:
        for allowance in hook.allowances:
            meant = _meant_for(sizing, allowance)
            if broad := sorted(meant & allowance.anywhere):
                folders = {path.rpartition("/")[0] for path in broad}
                where = next(iter(folders)) if len(folders) == 1 else f"{len(folders)} folders"
                yield Hit(
                    hook.path,
                    f"{allowance.pattern.text} matches in every folder, but was meant for "
                    f"{where or 'the top folder'}: begin it with ^ and the folder",
                    allowance.pattern.span,
                    f"it matches {counted(len(allowance.covers), 'tracked file')}, for example "
                    f"{broad[0]}",
                    HOOK,
                    allowance.pattern.text,
                )


def _meant_for(sizing: Sizing, allowance: HookExclusion) -> frozenset[str]:
    large = {path for path, size in sizing.of.items() if size > sizing.limit * 1024}
    for needed in (large, sizing.fixtures):
        if covered := allowance.covers & needed:
            return covered
    return allowance.covers


@rule("SIZ003", "large-fixture-blocked", "warning")
def large_fixture_blocked(sizing: Sizing) -> Iterator[Hit]:
    r"""The large-file hook would reject a fixture of the fleet.

    ## Why

    Anyone who records the run again cannot commit it, and is left with `--no-verify`, which also
    disables the secret scanner, or with an exclusion of everything (SIZ002).

    ## Example

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

    ## Fixed

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

    A fixture in Git LFS, which the hook skips, and one that the hook never sees.
    """
    for hook in sizing.hooks:
        refused = {
            path: size
            for path, size in sizing.fixture_sizes.items()
            if path in hook.sees and path not in sizing.pointers and hook.refuses(size)
        }
        if not refused:
            continue
        largest = max(refused, key=lambda path: (refused[path], path))
        shown = f"{stem_of(largest)} ({_kib(refused[largest])} KiB)"
        what = shown if len(refused) == 1 else f"{len(refused)} fixtures, the largest {shown}"
        folders = sorted({path.rpartition("/")[0] for path in refused})
        only = f"^{folders[0]}/" if len(folders) == 1 else f"^({'|'.join(folders)})/"
        yield Hit(
            hook.path,
            f"this hook rejects {what}, over its limit of {hook.maxkb:,} KiB: exclude the "
            "fixtures' folder, and only that",
            hook.args,
            f"`exclude: {only}`; SIZ001 has its own limit for fixtures",
            HOOK,
        )


@rule("SIZ004", "fixture-budget", "warning")
def fixture_budget(sizing: Sizing) -> Iterator[Hit]:
    """The fixtures together exceed the budget. The finding is on the largest.

    ## Why

    Each fixture may be small enough, but all of them together slow down every clone: the reference
    fleet had 70 MB of them before they were converted, and 22 MB afterwards.

    ## Example

    ```toml evalpolicy.toml
    [sizes]
    fixture_budget = 4
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "{{KiB 5}}"}
    ```

    ## Fixed

    ```toml evalpolicy.toml
    [sizes]
    fixture_budget = 8
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "{{KiB 5}}"}
    ```

    ## Exempt

    A fleet that does not configure a budget.

    ## Configuration

    `[sizes] fixture_budget`, in KiB.
    """
    budget, sizes = sizing.fixture_budget, sizing.fixture_sizes
    if budget is None or sum(sizes.values()) <= budget * 1024:
        return
    largest = max(sizes, key=lambda path: (sizes[path], path))
    yield Hit(
        largest,
        f"the fleet's {counted(len(sizes), 'fixture')} take {_kib(sum(sizes.values()))} KiB, over "
        f"the budget of {budget:,}: start with this one, the largest "
        f"({_kib(sizes[largest])} KiB)",
        START,
        "`evalpolicy fixtures list --sort size` lists all of them",
    )


def _kib(size: int) -> str:
    return f"{-(-size // 1024):,}"
