"""Paths of an allowlist that exempt nothing, or every fixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.words import UseHit, by_span, merged, names

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist
    from evalpolicy.artifacts.syntax.source import Span
    from evalpolicy.facts.gitleaks_uses import GitleaksUses
    from evalpolicy.scanners.gitleaks.effects import AllowlistEffect
    from evalpolicy.scanners.gitleaks.versions import Version

# The number of patterns times files above which entries are not tried one by one.
_TRIALS = 500_000


@rule("GLK005", "gitleaks-stale-path", "error")
def stale_path(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """An allowlist's `paths` entry matches no tracked file.

    ## Why

    Files move, but the pattern stays. The fixtures of the reference fleet moved twice (ba742389,
    2022647d), but its allowlist named `tests/fixtures/` until 3f0e3acd: for two months it had no
    effect, and it would have exempted anything added there.

    ## Example

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ['tests/fixtures/.*\\.jsonl$']
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ['tests/run/replay/fixtures/.*\\.jsonl$']
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Exempt

    Only a note if no use scans the index and one scans the history or a folder: a file of an older
    commit, or one that git ignores, may still match. Lists with so many entries that matching each
    with each file would take seconds are not checked.
    """

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            if use.pin is None and "/" in (use.path or ""):
                continue  # a template: nothing here runs it on this repository
            if not evaluation.loads:
                continue
            modes = {u.invocation.mode for u in gitleaks.uses if u.pin and u.path == use.path}
            severity: Severity | None = None if "staged" in modes or not modes else "note"
            scanned = [p for p in map(use.invocation.scanned, gitleaks.tracked) if p is not None]
            known = names(config)
            lists = [(w, list(_patterns(config, w))) for w in config.allowlists()]
            if sum(len(patterns) for _, patterns in lists) * len(scanned) > _TRIALS:
                continue
            for written, patterns in lists:
                for pattern, span in patterns:
                    if _matches(pattern, scanned, use.version) is not False:
                        continue
                    yield (
                        use,
                        Hit(
                            evaluation.config,
                            f"`{pattern[:80]}` matches none of the "
                            f"{counted(len(scanned), 'file')} that {use} scans",
                            span,
                            "write where the files are now, or remove the entry",
                            about=f"{known[written.table.start]} {pattern}",
                            severity=severity,
                        ),
                    )

    yield from merged(found())


@rule("GLK006", "gitleaks-blinds-fixtures", "error")
def blinds_fixtures(gitleaks: GitleaksUses, fleet: Fleet) -> Iterator[Hit]:
    """An allowlist exempts the fixtures by their path alone, so their content is not scanned.

    ## Why

    A recorded run contains whatever the agent saw: environment, headers, tokens. The reference
    fleet exempted its fixtures wholesale (787bd036, 3f0e3acd), because some of their fields look
    like secrets. That hid a Hugging Face token, a gateway's key, Google OAuth tokens and an
    internal host name (eba2de11).

    ## Example

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ['fixtures/.*\\.jsonl$']
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/arc-1-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [[allowlists]]
    regexTarget = "match"
    regexes = ["user_api_key_hash", "prompt_cache_key"]
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/arc-1-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Exempt

    An entry that matches one fixture of several; an allowlist of one rule, or one with
    `targetRules` that this version reads, because the other rules still scan.

    ## Configuration

    `layout.fixtures` sets where the fixtures are.
    """
    fixtures = frozenset(fleet.fixture_paths)

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            lists = by_span(config)
            known = names(config)
            for allowlist in evaluation.allowlists:
                written = lists[allowlist.span]
                blinded = fixtures.intersection(allowlist.files)
                if not allowlist.by_paths_alone or allowlist.effect in ("ignored", "never"):
                    continue
                if not _wholesale(len(blinded), len(fixtures)) or _targeted(written, use.version):
                    continue
                scanned = {use.invocation.scanned(path) or "": path for path in blinded}
                entries = list(_entries(config, written, allowlist, list(scanned), use.version))
                for span, pattern, number in entries:
                    yield (
                        use,
                        Hit(
                            evaluation.config,
                            f"{use} does not scan {number:,} of "
                            f"{counted(len(fixtures), 'fixture')}: "
                            f"`{pattern[:80]}` exempts them by path alone",
                            span,
                            "exempt what is benign: `regexes` with the names of the fields, "
                            'without `paths` or with `condition = "AND"` (8.25.0 and later)',
                            about=f"{known[written.table.start]} {pattern}",
                        ),
                    )

    yield from merged(found())


def _wholesale(blinded: int, fixtures: int) -> bool:
    return blinded > 1 or (blinded == 1 and fixtures == 1)


def _targeted(written: WrittenAllowlist, version: Version) -> bool:
    from evalpolicy.artifacts.gitleaks_config import entry_of
    from evalpolicy.scanners.gitleaks.versions import table

    if written.rule is not None:
        return True
    targets = entry_of(written.table, "targetRules")
    return targets is not None and table().reads("global.targetRules", version)


def _entries(
    config: GitleaksConfig,
    written: WrittenAllowlist,
    allowlist: AllowlistEffect,
    fixtures: list[str],
    version: Version,
) -> Iterator[tuple[Span, str, int]]:
    """The entries that exempt fixtures wholesale, with how many; `paths` if none alone does."""
    found = []
    patterns = list(_patterns(config, written))
    tried = patterns if len(patterns) * len(fixtures) <= _TRIALS else []
    for pattern, span in tried:
        number = _number(pattern, fixtures, version)
        if number > 1 or number == len(fixtures):
            found.append((span, pattern, number))
    if found:
        yield from found
        return
    paths = next((c for c in allowlist.criteria if c.key == "paths"), None)
    yield paths.span if paths else allowlist.span, "paths", len(fixtures)


def _patterns(config: GitleaksConfig, written: WrittenAllowlist) -> Iterator[tuple[str, Span]]:
    from evalpolicy.artifacts.gitleaks_config import entry_of
    from evalpolicy.artifacts.syntax.toml_spans import Array, Scalar

    entry = entry_of(written.table, "paths")
    value = entry.value if entry is not None else None
    for item in value.items if isinstance(value, Array) else [value]:
        if isinstance(item, Scalar) and isinstance(item.value, str):
            for pattern in [item.value] if isinstance(value, Array) else item.value.split(","):
                yield pattern, config.span(item)


def _matches(pattern: str, paths: list[str], version: Version) -> bool | None:
    """Whether any path matches; None if there are no paths."""
    return None if not paths else _number(pattern, paths, version, 1) != 0


def _number(pattern: str, paths: list[str], version: Version, enough: int | None = None) -> int:
    """How many paths match (counting stops at `enough`); -1 for a pattern that does not compile."""
    from evalpolicy.scanners.gitleaks.goregex import Refused, validity
    from evalpolicy.scanners.gitleaks.patterns import Patterns
    from evalpolicy.scanners.gitleaks.versions import table

    if isinstance(validity(pattern), Refused):
        return -1
    alone = Patterns((pattern,), table().effect("patterns", version) == "joined")
    number = 0
    for path in paths:
        number += alone.allow(path)
        if enough is not None and number >= enough:
            break
    return number
