"""Whether the configuration loads, has any rule, and has only known keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.words import UseHit, by_span, merged
from evalpolicy.scanners.shortening import shortened

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.keys import UnknownKey


@rule("GLK002", "gitleaks-does-not-load", "error")
def does_not_load(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The pinned gitleaks rejects the configuration: mixed forms, an empty allowlist, a bad regex.

    ## Why

    A configuration that does not load ends every scan with an error and exit code 1, like a leak:
    a red check that does not concern secrets is soon ignored. Of 46 public configurations one has
    a glob where a regular expression belongs.

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

    What only evalpolicy's own limits reject is a problem, not a finding: not checked, exit code 3.
    """

    def found() -> Iterator[UseHit]:
        for use, _, evaluation in gitleaks.read():
            error = evaluation.error
            if error is not None and error.certain:
                path = error.path or evaluation.config
                yield use, Hit(
                    path, f"{use} does not load this file: {error.message}", error.span,
                    "`evalpolicy gitleaks explain` shows what loads at which version",
                    about="load",
                )  # fmt: skip

    yield from merged(found())


@rule("GLK003", "gitleaks-no-rules", "error")
def no_rules(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The configuration loads no rules, so every scan passes, or none of gitleaks' own.

    The second is a warning: the rules that the file has run, but no key of a known provider is
    found. `[extend]` with `useDefault = false` states that this is intended.

    ## Why

    A configuration replaces gitleaks' default one. Without `[extend] useDefault = true` or
    `[[rules]]` there is nothing to look for, and no version warns. 11 of 46 public configurations
    (24 %) contain only an allowlist, and no rules for it to apply to.

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

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            if not evaluation.loads or evaluation.problems:
                continue
            if not evaluation.rules.none:
                yield from _own_rules_alone(use, config, evaluation)
                continue
            entry = entry_of(config.root, "extend")
            yield (
                use,
                Hit(
                    evaluation.config,
                    f"{use} loads no rules from this file, so every scan passes",
                    config.span(entry) if entry is not None else START,
                    "add `[extend]` with `useDefault = true` at the top (8.9.0 and later)",
                    about="rules",
                ),
            )

    yield from merged(found())


def _own_rules_alone(use: Use, config: GitleaksConfig, evaluation: Evaluation) -> Iterator[UseHit]:
    """A file that says nothing of the default rules, and does not repeat most of them."""
    from evalpolicy.artifacts.gitleaks_config import entry_of
    from evalpolicy.artifacts.syntax.english import counted
    from evalpolicy.scanners.gitleaks.versions import default_rules, table

    unsaid = entry_of(config.root, "extend") is None
    if evaluation.rules.default or not unsaid or not table().reads("extend", use.version):
        return
    defaults = default_rules(use.version)
    ids = {text.text for rule in config.rules() for text in config.texts(rule, "id")}
    if len(ids & defaults) * 2 < len(defaults):
        yield (
            use,
            Hit(
                evaluation.config,
                f"{use} runs {counted(evaluation.rules.own, 'rule')} of this file, and none of its "
                f"{len(defaults)} default ones",
                START,
                "add `[extend]` with `useDefault = true`, or with `useDefault = false` if this is "
                "intended",
                about="default rules",
                severity="warning",
            ),
        )


_SWITCHES = frozenset({"extend", "useDefault", "path", "disabledRules", "rules", "allowlist",
                       "allowlists"})  # fmt: skip
_OLD_TABLES = frozenset({"whitelist", "global", "ignore", "usedefault", "path", "url"})


@rule("GLK004", "gitleaks-unknown-key", "error")
def unknown_key(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """A key is unknown to every gitleaks 8, which silently ignores it.

    An error if it is an allowlist's only criterion, or would enable or disable rules; otherwise a
    warning.

    ## Why

    gitleaks never rejects a key. A misspelt `regexs` leaves an allowlist empty, a misspelt
    `usedefaults` leaves no rules. Of 46 public configurations 4 contain such keys, some of them
    left over from version 7 (`files`, `repos`).

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

    Keys that some version knows, but not the pinned one (GLK001).
    """

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            for key in evaluation.unknown_keys:
                grave = _is_grave(config, evaluation, key)
                severity: Severity = "error" if grave else "warning"
                where = f" in {key.where}" if key.where else ""
                instead = f": {grave}" if grave else ""
                yield use, Hit(
                    evaluation.config,
                    f"no version of gitleaks 8 reads {shortened(key.key, 60)!r}{where}{instead}",
                    key.span,
                    f"did you mean {key.nearest}?" if key.nearest else "remove it",
                    about=f"{key.where} {key.key}",
                    severity=severity,
                )  # fmt: skip

    yield from merged(found())


def _is_grave(config: GitleaksConfig, evaluation: Evaluation, key: UnknownKey) -> str:
    """The effect that the key was meant to have; empty if the file works without it."""
    if key.where in ("", "[extend]"):
        lost = key.nearest in _SWITCHES or key.key.lower() in _OLD_TABLES
        return "the rules or exceptions that it should set are missing" if lost else ""
    for written in by_span(config).values():
        entries = written.table.entries.values()
        if all(config.span(entry) != key.span for entry in entries):
            continue
        filled = {"commits", "paths", "regexes", "stopwords"}
        if not any(entry.key.lower() in filled for entry in entries):
            return "the allowlist has no other criterion"
    if key.nearest in ("regex", "path") and key.where == "[[rules]]":
        return f"the rule has no {key.nearest}"
    return ""
