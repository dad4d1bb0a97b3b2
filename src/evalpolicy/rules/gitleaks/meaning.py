"""Allowlists and overrides that do more, or less, than they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.words import UseHit, by_span, merged, names

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist
    from evalpolicy.artifacts.syntax.source import Span
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
    from evalpolicy.scanners.gitleaks.effects import AllowlistEffect
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.versions import Version


@rule("GLK007", "gitleaks-broader-than-written", "error")
def broader_than_written(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """An allowlist exempts more than it seems to, or an override disables a default rule.

    Reported are: criteria of one allowlist, which combine as OR; an entry that matches everything;
    a flag such as `(?i)`, which also applies to the entries after it (8.28.0 and later join them);
    a `[[rules]]` with the id of a default rule and no regex, which replaces it (8.9.0 to 8.19.2).

    ## Why

    The reference fleet meant "these field names, in these files" and wrote `paths` and `regexes`
    into one allowlist (e3914841). They combine as OR: the path alone is enough, so every file
    that it matches passes, whatever it contains.

    ## Example

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [[allowlists]]
    paths = ['Dockerfile$']
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [[allowlists]]
    condition = "AND"
    paths = ['Dockerfile$']
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    An allowlist with an explicit `condition = "OR"`. One that is broader because the pinned version
    ignores `condition` or `targetRules` (GLK001, at that key).
    """

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            lists = by_span(config)
            known = names(config)
            unread = {key.span for key in evaluation.unread_keys}
            for allowlist in evaluation.allowlists:
                if not evaluation.loads:
                    continue
                written = lists[allowlist.span]
                spans = {config.span(entry) for entry in written.table.entries.values()}
                name = known[written.table.start]
                found = _broader(config, written, allowlist, unread & spans, use.version)
                for key, span, what, help, severity in found:
                    yield use, Hit(
                        evaluation.config, f"{use}: {what}", span, help, about=f"{name} {key}",
                        severity=severity,
                    )  # fmt: skip
            yield from _silenced(use, config, evaluation)

    yield from merged(found())


def _broader(
    config: GitleaksConfig,
    written: WrittenAllowlist,
    allowlist: AllowlistEffect,
    unread: set[Span],
    version: Version,
) -> Iterator[tuple[str, Span, str, str, Severity]]:
    """What is broader, by a word for it, and where; what it does, what to do, and how grave."""
    from evalpolicy.artifacts.gitleaks_config import entry_of
    from evalpolicy.scanners.gitleaks.versions import table

    working = {c.key for c in allowlist.criteria if c.effect not in ("ignored", "never")}
    condition = entry_of(written.table, "condition")
    for criterion in allowlist.criteria:
        if criterion.effect == "everything":
            alone = len(working) == 1 or condition is None
            what = "everything passes" if alone else f"{criterion.key} narrows nothing"
            why = f"{what}: {criterion.why}"
            yield f"{criterion.key} everything", criterion.span, why, "say what is exempt", "error"
        elif criterion.effect == "broader":
            help = "write `(?i:…)`, which ends where it closes"
            yield f"{criterion.key} broader", criterion.span, criterion.why, help, "error"
    paths = entry_of(written.table, "paths")
    others = [key for key in ("regexes", "stopwords") if entry_of(written.table, key) is not None]
    if condition is None and paths is not None and others and allowlist.effect != "never":
        once = "once it is read, " if allowlist.effect == "ignored" else ""
        key = f"{'global' if written.rule is None else 'rule'}.condition"
        since = "" if table().reads(key, version) else f" (read since {_since(key)})"
        yield (
            "condition",
            config.span(paths),
            f"{once}paths and {others[0]} in one allowlist combine as OR: every secret in these "
            f"paths is exempt, and every match of {others[0]} is exempt in all files",
            f'if both are meant, write `condition = "AND"`{since}; if either is, write '
            '`condition = "OR"`',
            "warning",
        )
    elif allowlist.outruns_condition and not unread:
        help = "exempt single findings in .gitleaksignore instead"
        yield "scan", allowlist.span, allowlist.why, help, "error"


def _since(key: str) -> str:
    from evalpolicy.scanners.gitleaks.versions import table

    return str(table().features[key].introduced())


def _silenced(use: Use, config: GitleaksConfig, evaluation: Evaluation) -> Iterator[UseHit]:
    from evalpolicy.artifacts.gitleaks_config import entry_of

    for table in config.rules() if evaluation.rules.silenced else ():
        entry = entry_of(table, "id")
        name = getattr(entry.value, "value", None) if entry is not None else None
        if name in evaluation.rules.silenced and entry is not None:
            yield (
                use,
                Hit(
                    evaluation.config,
                    f"{use}: this replaces the default rule {name}, which no longer runs",
                    config.span(entry),
                    "pin 8.19.3 or later, which merges the two, or repeat the rule's regex here",
                    about=f"rule {name}",
                ),
            )


@rule("GLK012", "gitleaks-dead-entry", "warning")
def dead_entry(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """A criterion can never match in the way gitleaks is run, or its rule never fires.

    An error if the allowlist is one of a rule that has neither a regex nor a path: that rule finds
    nothing, so there is nothing to exempt.

    ## Why

    The pre-commit hook scans the index, and staged changes have no commit yet: an allowlist of
    `commits` has no effect there, but readers assume that it does. An abbreviated commit id has
    none in any scan: gitleaks compares whole ids.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.30.1
        hooks:
          - id: gitleaks
    ```

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [[allowlists]]
    commits = ["787bd036aa20b2b4a1b4e43a4d5e07b4b8a0a4d5"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.30.1
        hooks:
          - id: gitleaks
    ```

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [[allowlists]]
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A criterion that can match in another use of the same file, such as a scan of the history.
    `paths` (GLK005).
    """
    read = [use for use, _, evaluation in gitleaks.read() if evaluation.loads]
    alive = {
        (use.path, criterion.span)
        for use in read
        for allowlist in (use.evaluation.allowlists if use.evaluation else ())
        for criterion in allowlist.criteria
        if criterion.effect != "never"
    }

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            lists = by_span(config)
            known = names(config)
            for allowlist in evaluation.allowlists if evaluation.loads else ():
                name = known[lists[allowlist.span].table.start]
                if allowlist.effect == "never" and not allowlist.criteria:
                    yield use, Hit(
                        evaluation.config, f"{use} never uses this allowlist: {allowlist.why}",
                        allowlist.span, "give the rule a regex, or remove the allowlist",
                        about=name, severity="error",
                    )  # fmt: skip
                for criterion in allowlist.criteria:
                    for text, span in criterion.dead:
                        yield (
                            use,
                            Hit(
                                evaluation.config,
                                f"{use} compares whole commit ids: {text[:80]!r} matches none",
                                span,
                                "write all of its digits, in lower case, or remove it",
                                about=f"{name} {text}",
                            ),
                        )
                    dead = criterion.effect == "never" and criterion.key != "paths"
                    if dead and (use.path, criterion.span) not in alive:
                        yield (
                            use,
                            Hit(
                                evaluation.config,
                                f"{use}: {criterion.key} never match: {criterion.why}",
                                criterion.span,
                                "remove it, or use a criterion that can match there",
                                about=f"{name} {criterion.key}",
                            ),
                        )

    yield from merged(found())
