"""Whether the configuration is taken at all, with any rule, and with every key it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.words import Said, by_span, merged

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.facts.gitleaks_uses import GitleaksUses
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.keys import UnknownKey


@rule("GLK002", "gitleaks-does-not-load", "error")
def does_not_load(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The pinned gitleaks refuses the configuration: mixed forms, an empty allowlist, a bad regex.

    ## Why

    A configuration that does not load ends every scan with an error, which exits 1 as a leak does:
    a red check that says nothing about secrets is soon ignored. Of 46 public configurations one
    holds a glob where a regular expression belongs.

    ## Example

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ["*.lock"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ['\\.lock$']
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    What only evalpolicy's own limits refuse is no finding but a problem: not checked, exit 3.
    """

    def said() -> Iterator[Said]:
        for use, _, evaluation in gitleaks.read():
            error = evaluation.error
            if error is not None and error.certain:
                path = error.path or evaluation.config
                yield use, Hit(
                    path, f"{use} does not load it: {error.message}", error.span,
                    "a scan that cannot start finds nothing; `evalpolicy gitleaks explain` shows "
                    "what loads at which version",
                    about="load",
                )  # fmt: skip

    yield from merged(said())


@rule("GLK003", "gitleaks-no-rules", "error")
def no_rules(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The configuration loads no rule: every scan passes, whatever it reads.

    ## Why

    A configuration takes the place of gitleaks' own one. Without `[extend] useDefault = true` or
    `[[rules]]` there is nothing left to look for, and no version warns. 11 of 46 public
    configurations (24 %) are so: an allowlist, and nothing that it is an exception from.

    ## Example

    ```toml .gitleaks.toml
    [allowlist]
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```
    """
    from evalpolicy.artifacts.gitleaks_config import entry_of

    def said() -> Iterator[Said]:
        for use, config, evaluation in gitleaks.read():
            if not evaluation.loads or not evaluation.rules.none or evaluation.problems:
                continue
            entry = entry_of(config.root, "extend")
            yield (
                use,
                Hit(
                    evaluation.config,
                    f"{use} loads no rule from this file: every scan passes",
                    config.span(entry) if entry is not None else START,
                    "put `[extend]` with `useDefault = true` at its beginning (8.9.0 and later)",
                    about="rules",
                ),
            )

    yield from merged(said())


_SWITCHES = frozenset({"extend", "useDefault", "path", "disabledRules", "rules", "allowlist",
                       "allowlists"})  # fmt: skip
_OLD_TABLES = frozenset({"whitelist", "global", "ignore", "usedefault", "path", "url"})


@rule("GLK004", "gitleaks-unknown-key", "error")
def unknown_key(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """A key that no gitleaks 8 knows: it is read past without a word.

    An error where it was an allowlist's only criterion, or switches rules on or off; else a
    warning.

    ## Why

    gitleaks never refuses a key. A misspelt `regexs` leaves an allowlist empty, a misspelt
    `usedefaults` leaves no rule. Of 46 public configurations 4 hold such keys, some of them left
    over from version 7 (`files`, `repos`).

    ## Example

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ["Dockerfile"]
    regexs = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    paths = ["Dockerfile"]
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    Keys that some version knows and the pinned one does not: those are GLK001.
    """

    def said() -> Iterator[Said]:
        for use, config, evaluation in gitleaks.read():
            for key in evaluation.unknown_keys:
                grave = _is_grave(config, evaluation, key)
                severity: Severity = "error" if grave else "warning"
                where = f" in {key.where}" if key.where else ""
                instead = f": {grave}" if grave else ""
                yield use, Hit(
                    evaluation.config, f"no gitleaks reads {key.key[:60]!r}{where}{instead}",
                    key.span,
                    f"write {key.nearest}" if key.nearest else "take it out",
                    about=f"{key.where} {key.key}",
                    severity=severity,
                )  # fmt: skip

    yield from merged(said())


def _is_grave(config: GitleaksConfig, evaluation: Evaluation, key: UnknownKey) -> str:
    """What is lost with the key, or nothing."""
    if key.where in ("", "[extend]"):
        lost = key.nearest in _SWITCHES or key.key.lower() in _OLD_TABLES
        return "it was to say which rules or exceptions there are, and says nothing" if lost else ""
    for written in by_span(config).values():
        entries = written.table.entries.values()
        if all(config.span(entry) != key.span for entry in entries):
            continue
        filled = {"commits", "paths", "regexes", "stopwords"}
        if not any(entry.key.lower() in filled for entry in entries):
            return "the allowlist has no other criterion"
    if key.nearest in ("regex", "path") and key.where == "[[rules]]":
        return "the rule is without it"
    return ""
