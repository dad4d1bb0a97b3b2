"""What a pinned version reads past, or will no longer be told in this form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.gitleaks.fixing import migration
from evalpolicy.rules.gitleaks.words import Said, by_span, merged, migrate_help, names

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.keys import UnreadKey

_INSTEAD = {
    "condition": "any one criterion is enough",
    "targetRules": "the allowlist holds for every rule",
    "regexTarget": "the regexes see what they saw before it",
    "stopwords": "none of these words counts",
    "extend": "no default rule is loaded",
    "useDefault": "no default rule is loaded",
    "disabledRules": "these rules stay active",
    "keywords": "the rule runs on every file",
    "secretGroup": "the whole match is the secret",
    "required": "the rule fires without the other one",
    "skipReport": "the rule is reported",
    "url": "nothing is fetched",
}
_HARMLESS = ("minversion", "enableexperimentalallowlistoptimizations", "tags")


@rule("GLK001", "gitleaks-form-ignored", "error")
def form_ignored(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The pinned gitleaks reads past an allowlist form or a key, without a word.

    Each pin is judged: the hook, the action with its default version, a `run:` step. What works
    from which version on is in docs/gitleaks.md.

    ## Why

    gitleaks refuses no key that it does not know. The reference fleet wrote `[[allowlists]]` in
    April and pinned 8.18.4, which knows only `[allowlist]`, in June (62e15583): there was no
    allowlist at all, and nothing said so.

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

    Keys that change nothing when they are not read: `title`, a `description`. A note only for
    `minVersion` and `enableExperimentalAllowlistOptimizations`.

    ## Configuration

    `evalpolicy gitleaks migrate --to VERSION` rewrites the forms for the version that is pinned,
    and is the rule's fix where it changes nothing else.
    """

    def said() -> Iterator[Said]:
        for use, config, evaluation in gitleaks.read():
            known = names(config)
            lists = by_span(config)
            lost: set[Span] = set()
            for allowlist in evaluation.allowlists:
                written = lists[allowlist.span]
                if allowlist.effect != "ignored" or not _is_form(allowlist.why):
                    continue
                lost |= {config.span(entry) for entry in written.table.entries.values()}
                about = known[written.table.start]
                why = allowlist.why.removeprefix(f"gitleaks {use.version} ")
                text = f"{use} {why}: nothing that this allowlist says is in force"
                yield use, Hit(
                    evaluation.config, text, allowlist.span,
                    f"{migrate_help(evaluation.config, use.version)}, or pin a version that "
                    "reads it",
                    about=about, fix=migration(config, use.version, safe=False),
                )  # fmt: skip
            yield from _unread(use, config, evaluation, lost)

    yield from merged(said())


def _is_form(why: str) -> bool:
    return "reads past" in why or why.startswith("targetRules")


def _unread(
    use: Use, config: GitleaksConfig, evaluation: Evaluation, lost: set[Span]
) -> Iterator[Said]:
    without_extend = any(not k.where and k.key == "extend" for k in evaluation.unread_keys)
    for key in evaluation.unread_keys:
        if key.where == "[extend]" and without_extend:
            continue
        if key.span in lost or key.key.lower() in ("allowlist", "allowlists"):
            continue
        text = f"{use} reads past {key.key} in {key.where or 'the file'}: {_instead(key)}"
        severity: Severity | None = "note" if key.key.lower() in _HARMLESS else None
        yield use, Hit(
            evaluation.config, text, key.span, _since(key), about=f"{key.where} {key.key}",
            severity=severity,
        )  # fmt: skip


def _instead(key: UnreadKey) -> str:
    folded = {name.lower(): text for name, text in _INSTEAD.items()}
    return folded.get(key.key.lower(), "it changes nothing")


def _since(key: UnreadKey) -> str:
    if key.since is not None:
        return f"gitleaks reads it from {key.since} on: pin that, or take the key out"
    if key.until is not None:
        return f"gitleaks read it up to {key.until}: take the key out"
    return "no version of gitleaks reads it: take the key out"


@rule("GLK011", "gitleaks-deprecated-form", "note")
def deprecated_form(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """An allowlist is written in the form that gitleaks calls deprecated.

    ## Why

    `[allowlist]` still works at 8.30.1, and without a warning. Beside the new form it is an
    error: who adds one `[[allowlists]]` stops every scan.

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

    A file that any use reads at a version which does not know the new form: there the old one is
    the only one.
    """
    from evalpolicy.scanners.gitleaks.versions import table

    def said() -> Iterator[Said]:
        for use, config, evaluation in gitleaks.read():
            known = names(config)
            readers = [u.version for u in gitleaks.uses if u.path == use.path]
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
                        f"{use} calls {written.form} deprecated since {since}: write [[{new}]]",
                        config.span(written.table),
                        migrate_help(evaluation.config, use.version),
                        about=known[written.table.start],
                        fix=migration(config, use.version, safe=True),
                    ),
                )

    yield from merged(said())
