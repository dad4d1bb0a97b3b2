"""Paths of an allowlist that exempt nothing, or every fixture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.words import UseHit, by_span, merged, names
from evalpolicy.scanners.shortening import shortened

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist
    from evalpolicy.artifacts.syntax.source import Span
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
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
            lists = [(w, list(_patterns(config, w, use.version))) for w in config.allowlists()]
            if sum(len(patterns) for _, patterns in lists) * len(scanned) > _TRIALS:
                continue
            for written, patterns in lists:
                for pattern, read, span in patterns:
                    if not scanned or _number(read, scanned, use, config, written, 1) != 0:
                        continue
                    yield (
                        use,
                        Hit(
                            evaluation.config,
                            f"`{shortened(pattern, 80)}` matches none of the "
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
    from evalpolicy.scanners.gitleaks.criteria import is_targeted

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
                one_rule = written.rule is not None or is_targeted(config, written, use.version)
                if not _wholesale(len(blinded), len(fixtures)) or one_rule:
                    continue
                scanned = {use.invocation.scanned(path) or "": path for path in blinded}
                entries = list(_entries(use, config, written, allowlist, list(scanned)))
                for span, pattern, number in entries:
                    yield (
                        use,
                        Hit(
                            evaluation.config,
                            f"{use} does not scan {number:,} of "
                            f"{counted(len(fixtures), 'fixture')}: "
                            f"`{shortened(pattern, 80)}` exempts them by path alone",
                            span,
                            "exempt what is benign: `regexes` with the names of the fields, "
                            'without `paths` or with `condition = "AND"` (8.25.0 and later)',
                            about=f"{known[written.table.start]} {pattern}",
                        ),
                    )

    yield from merged(found())


def _wholesale(blinded: int, fixtures: int) -> bool:
    return blinded > 1 or (blinded == 1 and fixtures == 1)


def _entries(
    use: Use,
    config: GitleaksConfig,
    written: WrittenAllowlist,
    allowlist: AllowlistEffect,
    fixtures: list[str],
) -> Iterator[tuple[Span, str, int]]:
    """The entries that exempt fixtures wholesale, with how many; `paths` if none alone does."""
    found = []
    patterns = list(_patterns(config, written, use.version))
    tried = patterns if len(patterns) * len(fixtures) <= _TRIALS else []
    for pattern, read, span in tried:
        number = _number(read, fixtures, use, config, written)
        if number > 1 or number == len(fixtures):
            found.append((span, pattern, number))
    if found:
        yield from found
        return
    paths = next((c for c in allowlist.criteria if c.key == "paths"), None)
    yield paths.span if paths else allowlist.span, "paths", len(fixtures)


def _patterns(
    config: GitleaksConfig, written: WrittenAllowlist, version: Version
) -> Iterator[tuple[str, str, Span]]:
    from evalpolicy.scanners.gitleaks.criteria import path_patterns

    return path_patterns(config, written, _are_joined(version))


def _number(
    pattern: str,
    paths: list[str],
    use: Use,
    config: GitleaksConfig,
    written: WrittenAllowlist,
    enough: int | None = None,
) -> int:
    """How many paths it exempts (counting stops at `enough`); -1 if it does not compile."""
    from evalpolicy.scanners.gitleaks.criteria import exempted_by, is_targeted
    from evalpolicy.scanners.gitleaks.goregex import RefusedPattern, validity
    from evalpolicy.scanners.gitleaks.patterns import Patterns

    if isinstance(validity(pattern), RefusedPattern):
        return -1
    globally = written.rule is None and not is_targeted(config, written, use.version)
    exempts = exempted_by(use.invocation, use.version, globally)
    alone = Patterns((pattern,), _are_joined(use.version))
    found = (path for path in paths if exempts(path, alone))
    return sum(1 for _ in islice(found, enough))


def _are_joined(version: Version) -> bool:
    from evalpolicy.scanners.gitleaks.versions import table

    return table().effect("patterns", version) == "joined"
