"""docs/gitleaks.md: which gitleaks version reads which form, written from the version table.

`python -m docsite.gitleaks > docs/gitleaks.md` regenerates it; a test fails when that is
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
    ("what `regexes` match against", "regex-subject"),
)

_HEAD = """\
# gitleaks, by version

<!-- Written by `python -m docsite.gitleaks`: do not edit. -->

This page lists what each version of gitleaks, from {oldest} to {newest}, does with the parts of
its configuration. gitleaks silently ignores keys that it does not know, so the meaning of a
configuration depends on the version that reads it. evalpolicy therefore judges each use (the
pre-commit hook, the action, a workflow step) at its own pin.

<!-- setup
printf '[extend]\\nuseDefault = true\\n[allowlist]\\npaths = ["README"]\\n' > .gitleaks.toml
git add .gitleaks.toml
-->
```console
$ evalpolicy gitleaks explain                      # at the pin
$ evalpolicy gitleaks explain --at 8.18.4 --at 8.30.1   # side by side
$ evalpolicy gitleaks migrate --to 8.30.1 --diff   # rewritten for another version
```

`migrate` keeps comments, order and quoting. If the target version has no equivalent, `migrate`
names the line and the reason, changes nothing and exits with code 1.

## Which version is the pin

- In a pre-commit configuration, `rev` is the version only for the hook `gitleaks`.
  `gitleaks-docker` runs an image without a tag, and `gitleaks-system` runs whatever is on PATH.
- A comment behind a commit's hash (`rev: 1a2b…  # v8.21.2`, `@1a2b… # v2.3.9`) counts as its
  tag.
- The action runs the version that its tag installs ({action} from 2.3.8 on) unless you set
  `GITLEAKS_VERSION`.
- The hook scans the index. In CI nothing is staged, so also run `gitleaks git` or
  `gitleaks dir .` in a workflow (GAT001).

## How a run is found

evalpolicy follows what a repository runs: hooks, workflows with the composite actions and
reusable workflows of the same repository, shell scripts, Makefiles, justfiles, Taskfiles,
`package.json`, `tox.ini`, `noxfile.py`, lefthook, the tasks of mise, and Dockerfiles near the
top. A script or a target that a step calls runs with what its job has installed.

- The version comes from a download, `go install` or `go run`, a package with its version, an
  image's tag, an action's inputs, a binary's name, `mise.toml` or `.tool-versions`. Values are
  followed through `env`, shell and make variables, `${{V#v}}`, `${{V:-8.21.2}}`,
  `${{{{ env.V }}}}`, inputs and `$GITHUB_ENV`.
- The directory is followed through `cd`, `working-directory`, and the mounts and `-w` of
  `docker run`.
- The configuration is that of `--config`, `GITLEAKS_CONFIG`, `GITLEAKS_CONFIG_TOML` (from 8.24.3
  on, judged where it is written) or the target's `.gitleaks.toml`, in this order.

If the version is not known (`latest`, `brew`, a variable that a command sets), GLK009 says what
was found. What rests on the version is then a warning at most and has no fix; what each version
in use does is reported as usual.

Not followed: other CI systems, Compose files, build arguments, flakes of nixpkgs, binaries that
another tool brings (MegaLinter, Trunk), and what a script writes at run time.
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
        "\nA deprecated form still works on its own, but is an error next to the new form.\n",
        "## What changed silently\n",
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
    named = {"effective": "**read**", "ignored": "ignored",
             "only-without-extend": "only without `[extend]`",
             "outermost-file": "in the outermost file",
             "each-non-empty": "each on its own, without empty matches",
             "each-unless-experimental": "each on its own, unless joined by an experimental key",
             "joined": "joined into one expression", "none": "not applicable",
             "replaces": "replaces the default rule", "merges-fields": "merges the rules' fields",
             "match": "the whole match", "secret": "the secret"}  # fmt: skip
    return named.get(effect, effect.replace("-", " "))


def _span(first: Version, last: Version | None) -> str:
    if last is None:
        return f"from {first} on"
    if first == last:
        return f"in {first}"
    return f"up to {last}" if first == table().oldest else f"from {first} to {last}"


if __name__ == "__main__":
    sys.stdout.write(page())
