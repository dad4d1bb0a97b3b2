"""docs/gitleaks.md: which gitleaks version reads which form, written from the version table.

`python -m docsite.gitleaks > docs/gitleaks.md` rewrites it; a test fails when that is
due.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from evalpolicy.scanners.gitleaks.versions import Feature, Version, table

_FORMS = (
    ("[allowlist]", "allowlist"),
    ("[[allowlists]]", "allowlists"),
    ("[rules.allowlist]", "rules.allowlist"),
    ("[[rules.allowlists]]", "rules.allowlists"),
    ("condition in a global allowlist", "global.condition"),
    ("condition in a rule's allowlist", "rule.condition"),
    ("targetRules", "global.targetRules"),
    ("regexTarget", "global.regexTarget"),
    ("stopwords", "global.stopwords"),
    ("[extend]", "extend"),
    ("disabledRules", "extend.disabledRules"),
    ("[[rules.required]]", "rules.required"),
    ("GITLEAKS_CONFIG", "GITLEAKS_CONFIG"),
    ("GITLEAKS_CONFIG_TOML", "GITLEAKS_CONFIG_TOML"),
)
_BEHAVIOUR = (
    ("an empty allowlist (global)", "empty-allowlist.global"),
    ("an empty allowlist (rule)", "empty-allowlist.rule"),
    ("the patterns of one list", "patterns"),
    ("a rule with the id of a default one", "override"),
    ("what `regexes` see", "regex-subject"),
)

_HEAD = """\
# gitleaks, by version

<!-- Written by `python -m docsite.gitleaks`: do not edit. -->

gitleaks refuses no key that it does not know. What a configuration means depends on the version
that reads it, so evalpolicy judges each use (the pre-commit hook, the action, a workflow's step) at
its own pin. This page covers {oldest} to {newest}.

<!-- setup
printf '[extend]\\nuseDefault = true\\n[allowlist]\\npaths = ["README"]\\n' > .gitleaks.toml
git add .gitleaks.toml
-->
```console
$ evalpolicy gitleaks explain                      # at the pin
$ evalpolicy gitleaks explain --at 8.18.4 --at 8.30.1   # side by side
$ evalpolicy gitleaks migrate --to 8.30.1 --diff   # rewritten for another version
```

`migrate` keeps comments, order and quoting. What a version has no words for it refuses: it names
the line and the reason, changes nothing and exits 1.

## Which version the pin is

- As a pre-commit hook, `rev` is the version only for the id `gitleaks`. `gitleaks-docker` runs an
  image without a tag, `gitleaks-system` whatever is on PATH.
- The action runs {action} unless `GITLEAKS_VERSION` is set.
- The hook scans the index. In CI nothing is staged: run `gitleaks git` or `gitleaks dir .` in a
  workflow as well (GAT001).
"""


def page() -> str:
    """The whole page."""
    known = table()
    parts = [
        _HEAD.format(
            oldest=known.oldest, newest=known.newest, action=known.effect("action", known.newest)
        ),
        "## Which version reads which form\n",
        *_rows("form or key", _FORMS, forms=True),
        "\nDeprecated forms still work, alone: beside the new form they are an error.\n",
        "## What changed without a word\n",
        *_rows("", _BEHAVIOUR, forms=False),
        "",
    ]
    return "\n".join(parts)


def _rows(head: str, rows: Sequence[tuple[str, str]], forms: bool) -> list[str]:
    known = table().features
    lines = [f"| {head} | by version | deprecated |", "| --- | --- | --- |"]
    if not forms:
        lines = [f"| {head} | by version |", "| --- | --- |"]
    for name, key in rows:
        feature = known[key]
        shown = f"`{name}`" if forms and " " not in name else name
        deprecated = f" {feature.deprecated or ''} |" if forms else ""
        lines.append(f"| {shown} | {_ranges(feature)} |{deprecated}")
    return lines


def _ranges(feature: Feature) -> str:
    return "; ".join(
        f"{_effect(part.effect)} {_span(part.first, part.last)}" for part in feature.ranges
    )


def _effect(effect: str) -> str:
    named = {"effective": "**read**", "ignored": "read past",
             "only-without-extend": "only without `[extend]`",
             "outermost-file": "in the outermost file"}  # fmt: skip
    return named.get(effect, effect.replace("-", " "))


def _span(first: Version, last: Version | None) -> str:
    if last is None:
        return f"from {first} on"
    if first == last:
        return f"in {first}"
    return f"to {last}" if first == table().oldest else f"{first} to {last}"


if __name__ == "__main__":
    sys.stdout.write(page())
