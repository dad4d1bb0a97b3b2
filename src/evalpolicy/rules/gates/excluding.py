"""What the patterns of hooks leave out: everything, nothing, or the fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from evalpolicy.facts.gates import Gates
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.scanners.shortening import shortened

if TYPE_CHECKING:
    from evalpolicy.artifacts.pre_commit_config import Hook, Located

_SCANNERS = frozenset({"gitleaks", "gitleaks-docker", "gitleaks-system", "detect-secrets",
                       "detect-private-key", "detect-aws-credentials", "trufflehog", "ggshield",
                       "secretlint", "kingfisher"})  # fmt: skip


@rule("GAT003", "gate-excludes-fixtures", "warning")
def excludes_fixtures(gates: Gates, fleet: Fleet) -> Iterator[Hit]:
    """A secret scanner leaves the fixtures out.

    By `exclude` or `files` of the hook or of the whole file, by `--exclude-files`, or by the
    filters of detect-secrets' baseline.

    ## Why

    Recorded runs are where secrets land by themselves. In the reference fleet gitleaks was blind to
    the fixtures by an allowlist, and detect-secrets, the second scanner, by a filter on `.jsonl`:
    two layers with one hole.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/Yelp/detect-secrets
        rev: v1.5.0
        hooks:
          - id: detect-secrets
            exclude: '\\.jsonl$'
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/Yelp/detect-secrets
        rev: v1.5.0
        hooks:
          - id: detect-secrets
            exclude: '\\.lock$'
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Exempt

    A pattern that leaves out single fixtures, not most of them.

    ## Configuration

    `layout.fixtures` says where fixtures are.
    """
    fixtures = frozenset(fleet.fixture_paths)
    if not fixtures or gates.pre_commit is None:
        return
    path, whole = gates.pre_commit
    for _, _, hook in gates.hooks():
        if hook.id.text not in _SCANNERS:
            continue
        for pattern, leaves_out in ((hook.exclude, True), (hook.files, False),
                                    (whole.exclude, True), (whole.files, False)):  # fmt: skip
            if pattern is None:
                continue
            blind = _left_out(gates, pattern.text, fixtures, leaves_out)
            if blind:
                yield _blind(path, hook, pattern, blind, len(fixtures))
        words = list(hook.args or ())
        for before, word in pairwise(words):
            if before.text == "--exclude-files":
                blind = _left_out(gates, word.text, fixtures, True)
                if blind:
                    yield _blind(path, hook, word, blind, len(fixtures))
            if before.text == "--baseline":
                yield from _baseline(gates, hook, word.text, fixtures)


def _blind(path: str, hook: Hook, pattern: Located, number: int, of: int) -> Hit:
    return Hit(
        path, f"{hook.id.text} never sees {number} of {of} fixtures: "
        f"`{shortened(pattern.text, 80)}` excludes them",
        pattern.span, "let it scan them, and exempt benign values by their field", hook.id.text,
        f"{hook.id.text} {pattern.text}",
    )  # fmt: skip


def _left_out(gates: Gates, pattern: str, fixtures: frozenset[str], leaves_out: bool) -> int:
    """How many fixtures a pattern leaves out, if these are most of them; else 0."""
    from evalpolicy.matching.python_re import TooSlow, WrongPattern

    try:
        found = gates.tracked.matching(pattern, fixtures)
    except (WrongPattern, TooSlow):
        return 0
    number = len(found) if leaves_out else len(fixtures - found)
    return number if 2 * number > len(fixtures) else 0


def _baseline(gates: Gates, hook: Hook, path: str, fixtures: frozenset[str]) -> Iterator[Hit]:
    """The `should_exclude_file` filters of a baseline of detect-secrets."""
    import json

    from evalpolicy.artifacts.syntax.source import START, Span

    content = gates.content(path)
    if content is None:
        return
    text = content.decode("utf-8", "replace")
    try:
        filters = json.loads(text).get("filters_used", [])
        patterns = [
            pattern
            for entry in filters
            if str(entry.get("path", "")).endswith("should_exclude_file")
            for pattern in entry.get("pattern", [])
        ]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return
    for pattern in patterns:
        if not isinstance(pattern, str):
            continue
        if number := _left_out(gates, pattern, fixtures, True):
            at = next((n for n, line in enumerate(text.split("\n"), 1)
                       if json.dumps(pattern) in line), None)  # fmt: skip
            yield Hit(
                path, f"{hook.id.text} never sees {number} of {len(fixtures)} fixtures: this "
                f"filter, `{shortened(pattern, 80)}`, excludes them",
                Span.at(at) if at else START,
                "regenerate the baseline without that filter, and audit what it then lists",
                hook.id.text, f"{hook.id.text} {pattern}",
            )  # fmt: skip


@rule("GAT004", "gate-pattern-stale", "warning")
def pattern_stale(gates: Gates) -> Iterator[Hit]:
    """A hook's patterns or types leave it no file, match none, or are no regular expression.

    ## Why

    A hook whose `files`, `types` and `exclude` leave nothing never runs, and pre-commit calls that
    `Skipped`, which is green. An `exclude` that matches nothing is an exception that waits for a
    file.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: local
        hooks:
          - id: policy
            entry: tests/policy.sh
            language: script
            files: ^benchmarks/.*/Dockerfile$
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: local
        hooks:
          - id: policy
            entry: tests/policy.sh
            language: script
            files: ^containers/benchmarks/.*/Dockerfile$
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    `^$`, which says: nothing. A hook that always runs, or of the language `fail`. Types that the
    name of a file does not tell. Hooks on messages and of other stages without files. A pattern
    that backtracks without end is found as such, not tried out.
    """
    from evalpolicy.matching.python_re import TooSlow, WrongPattern

    if gates.pre_commit is None:
        return
    path, whole = gates.pre_commit
    written: list[tuple[str, str, Located | None]] = [
        ("all hooks", "files", whole.files), ("all hooks", "exclude", whole.exclude)
    ]  # fmt: skip
    for _, _, hook in gates.hooks():
        stages = {stage.text for stage in hook.stages}
        if stages and not stages & {"pre-commit", "commit", "pre-push", "push", "manual"}:
            continue
        # A hook of the language `fail` is there for files that shall not be.
        needs_files = not (hook.always_run or (hook.language and hook.language.text == "fail"))
        written.append((hook.id.text, "files", hook.files if needs_files else None))
        written.append((hook.id.text, "exclude", hook.exclude))
        if needs_files:
            yield from _left_nothing(gates, path, hook)
    for name, key, pattern in written:
        if pattern is None or pattern.text in ("", "^$"):
            continue
        try:
            if gates.tracked.matches_any(pattern.text):
                continue
            what = "matches no tracked file"
            then = ": the hook never runs" if key == "files" else ""
            help = "write where the files are now, or remove it"
        except WrongPattern as error:
            what, then, help = "is not a Python regular expression", f": {error}", "fix the pattern"
        except TooSlow as error:
            what, then = "could not be tried", f": {error}"
            help = "write it without nested repetition"
        yield Hit(
            path, f"{key} of {name}, `{shortened(pattern.text, 80)}`, {what}{then}",
            pattern.span, help,
            name, f"{name} {key}",
        )  # fmt: skip


def _left_nothing(gates: Gates, path: str, hook: Hook) -> Iterator[Hit]:
    """A hook of whose files its types or its `exclude` leave none."""
    from evalpolicy.artifacts.file_tags import may_have
    from evalpolicy.matching.python_re import TooSlow, WrongPattern
    from evalpolicy.snapshot.model import EXECUTABLE

    entries = gates.snapshot.entries

    def has_types(path: str) -> bool:
        is_executable = entries[path].mode == EXECUTABLE
        either = [may_have(path, is_executable, tag.text) for tag in hook.types_or]
        every = (may_have(path, is_executable, tag.text) for tag in hook.types)
        return all(every) and (not either or any(either))

    tags = (*hook.types, *hook.types_or)
    try:
        files = hook.files.text if hook.files is not None else ""
        wanted = gates.tracked.first(files, has_types)
        if not wanted:
            if tags and gates.tracked.matches_any(files):
                shown = ", ".join(tag.text for tag in tags)
                yield Hit(
                    path, f"no tracked file that {hook.id.text} looks at has the types {shown}: "
                    "the hook never runs",
                    tags[0].span, "name the types of the files that it is for, or remove it",
                    hook.id.text, f"{hook.id.text} types",
                )  # fmt: skip
            return
        if hook.exclude is None or not gates.tracked.leaves_none(
            hook.exclude.text, files, has_types
        ):
            return
    except (WrongPattern, TooSlow):
        return
    yield Hit(
        path, f"exclude of {hook.id.text}, `{hook.exclude.text[:80]}`, leaves it no file: the hook "
        "never runs",
        hook.exclude.span, "exclude less, or remove the hook", hook.id.text,
        f"{hook.id.text} exclude",
    )  # fmt: skip
