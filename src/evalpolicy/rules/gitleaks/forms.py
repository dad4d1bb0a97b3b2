"""Forms and keys that the pinned version ignores, and forms that are deprecated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.fixing import migration
from evalpolicy.rules.gitleaks.words import UseHit, by_span, merged, migrate_help, names

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.keys import UnreadKey

_INSTEAD = {
    "condition": "any one criterion is enough",
    "targetRules": "the allowlist applies to every rule",
    "regexTarget": "the regexes keep their default target",
    "stopwords": "none of these words has an effect",
    "extend": "no default rule is loaded",
    "useDefault": "no default rule is loaded",
    "disabledRules": "these rules stay active",
    "keywords": "the rule runs on every file",
    "secretGroup": "the whole match is the secret",
    "required": "the rule reports without the other one",
    "skipReport": "the rule is reported",
    "url": "nothing is fetched",
}
_HARMLESS = ("minversion", "enableexperimentalallowlistoptimizations", "tags")


@rule("GLK001", "gitleaks-form-ignored", "error")
def form_ignored(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The pinned gitleaks silently ignores an allowlist form, a key or a rule.

    Every pin is checked: the hook, the action with its default version, a `run:` step.
    docs/gitleaks.md lists which version reads what.

    ## Why

    gitleaks does not reject unknown keys. The reference fleet wrote `[[allowlists]]` in April and
    pinned 8.18.4, which only knows `[allowlist]`, in June (62e15583): it had no allowlist at all,
    and nothing reported it.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.18.4
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

    ## Fixed

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.18.4
        hooks:
          - id: gitleaks
    ```

    ```toml .gitleaks.toml
    [extend]
    useDefault = true

    [allowlist]
    regexes = ["user_api_key_hash"]
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    Keys without an effect: `title`, a `description`, a `condition` that names the default
    (`"OR"`). `minVersion` and
    `enableExperimentalAllowlistOptimizations` are only a note.

    ## Configuration

    `evalpolicy gitleaks migrate --to VERSION` rewrites the forms for the pinned version, and is
    the rule's fix if it changes nothing else.
    """

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            known = names(config)
            lists = by_span(config)
            lost: set[Span] = set()
            for allowlist in evaluation.allowlists:
                written = lists[allowlist.span]
                if not allowlist.is_unread:
                    continue
                lost |= {config.span(entry) for entry in written.table.entries.values()}
                about = known[written.table.start]
                why = allowlist.why.removeprefix(f"gitleaks {use.version} ")
                text = f"{use} {why}: this allowlist has no effect"
                yield use, Hit(
                    evaluation.config, text, allowlist.span,
                    f"{migrate_help(evaluation.config, use.version)}, or pin a version that "
                    "reads it",
                    about=about, fix=migration(config, use.version, safe=False),
                )  # fmt: skip
            yield from _unread(use, config, evaluation, lost)
            yield from _repeated(use, config, evaluation)

    yield from merged(found())


def _unread(
    use: Use, config: GitleaksConfig, evaluation: Evaluation, lost: set[Span]
) -> Iterator[UseHit]:
    from evalpolicy.artifacts.gitleaks_config import entry_of
    from evalpolicy.scanners.gitleaks.obstacles import is_and

    default = {
        config.span(condition)
        for written in config.allowlists()
        if (condition := entry_of(written.table, "condition")) is not None and not is_and(condition)
    }
    without_extend = any(not k.where and k.key == "extend" for k in evaluation.unread_keys)
    for key in evaluation.unread_keys:
        if key.where == "[extend]" and without_extend:
            continue
        if key.span in lost or key.key.lower() in ("allowlist", "allowlists"):
            continue
        if key.span in default:
            continue
        text = f"{use} ignores {key.key} in {key.where or 'the file'}: {_instead(key)}"
        severity: Severity | None = "note" if key.key.lower() in _HARMLESS else None
        yield use, Hit(
            evaluation.config, text, key.span, _since(key), about=f"{key.where} {key.key}",
            severity=severity,
        )  # fmt: skip


def _repeated(use: Use, config: GitleaksConfig, evaluation: Evaluation) -> Iterator[UseHit]:
    """Rules of which gitleaks, which keeps them by id, only knows the last."""
    from evalpolicy.scanners.gitleaks.effects import repeated
    from evalpolicy.scanners.gitleaks.versions import table

    if not evaluation.loads or not table().reads("extend", use.version):
        return
    for number, entry in repeated(config):
        identity = getattr(entry.value, "value", "")
        yield (
            use,
            Hit(
                evaluation.config,
                f"{use} ignores this rule: a later [[rules]] has the same id, {identity}",
                config.span(entry),
                "join the two, or give each an id of its own",
                about=f"rule {number + 1} {identity}",
            ),
        )


def _instead(key: UnreadKey) -> str:
    folded = {name.lower(): text for name, text in _INSTEAD.items()}
    return folded.get(key.key.lower(), "it changes nothing")


def _since(key: UnreadKey) -> str:
    if key.since is not None:
        return f"gitleaks reads it since {key.since}: pin that version, or remove the key"
    if key.until is not None:
        return f"gitleaks read it up to {key.until}: remove the key"
    return "no version of gitleaks reads it: remove the key"


@rule("GLK011", "gitleaks-deprecated-form", "note")
def deprecated_form(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """An allowlist uses a form that gitleaks has deprecated.

    ## Why

    `[allowlist]` still works at 8.30.1, without a warning. Next to the new form it is an error:
    adding one `[[allowlists]]` stops every scan.

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

    [allowlist]
    regexes = ["user_api_key_hash"]
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

    A file that some use reads at a version without the new form, or at an unknown one.
    """
    from evalpolicy.scanners.gitleaks.versions import table

    def found() -> Iterator[UseHit]:
        for use, config, evaluation in gitleaks.read():
            known = names(config)
            uses = [other for other in gitleaks.uses if other.path == use.path]
            if any(other.assumed for other in uses):
                continue
            readers = [other.version for other in uses]
            for written in config.allowlists():
                form = written.form.strip("[]")
                since = table().features[form].deprecated if form in table().features else None
                new = f"{form}s"
                if since is None or not evaluation.loads:
                    continue
                if any(version < since or not table().reads(new, version) for version in readers):
                    continue
                yield (
                    use,
                    Hit(
                        evaluation.config,
                        f"{written.form} is deprecated since {since}, and {use} reads it: write "
                        f"[[{new}]]",
                        config.span(written.table),
                        migrate_help(evaluation.config, use.version),
                        about=known[written.table.start],
                        fix=migration(config, use.version, safe=True),
                    ),
                )

    yield from merged(found())
