"""Which version of gitleaks runs, and whether it finds the configuration."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.shell.expansion import is_open
from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.facts.gitleaks_uses import GitleaksUses, Use
    from evalpolicy.scanners.gitleaks.runs.model import Pin


@rule("GLK008", "gitleaks-config-not-read", "error")
def config_not_read(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """This invocation of gitleaks does not read the configuration.

    ## Why

    By default gitleaks only reads `.gitleaks.toml` in the root of what it scans. A file in
    `.github/`, or one called `gitleaks.toml`, is read only if `--config` or `GITLEAKS_CONFIG` names
    it; otherwise the default rules run, without the file's exceptions and rules. The reference
    fleet moved its file to `.github/`, and has to name it everywhere.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.30.1
        hooks:
          - id: gitleaks
    ```

    ```toml .github/.gitleaks.toml
    [extend]
    useDefault = true
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
            args: [--config, .github/.gitleaks.toml]
    ```

    ```toml .github/.gitleaks.toml
    [extend]
    useDefault = true
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A repository without a configuration, which uses the default rules. A run over something else
    than the repository. A name that is only known at run time (`$CONFIG`) is a warning.
    """
    for use in gitleaks.uses:
        if use.pin is None or use.path in gitleaks.snapshot.entries:
            continue
        if use.path is None:
            yield from _replaced(gitleaks, use, use.pin)
            continue
        run = use.invocation
        written = run.written or run.config
        about = f"config {written or ''}"
        outside = use.path.startswith("../") or posixpath.isabs(use.path)
        if written is None:
            elsewhere = next((p for p in gitleaks.configs if p != use.path), None)
            # What is scanned is not the repository, or not known.
            if elsewhere is not None and not outside and not is_open(use.path):
                yield Hit(
                    use.pin.path,
                    f"gitleaks looks for {use.path} here, which does not exist: {elsewhere} is "
                    "not read",
                    _span(gitleaks, use.pin, None),
                    f"add `--config {elsewhere}`, or move the file to {use.path}",
                    about=about,
                )
        elif is_open(use.path):
            yield Hit(
                use.pin.path, f"{run.named} {written} is only known at run time: it was not "
                "checked",
                _span(gitleaks, use.pin, written), "name the file", about=about,
                severity="warning",
            )  # fmt: skip
        elif outside:
            yield Hit(
                use.pin.path, f"{run.named} {written} is outside the repository: it cannot be "
                "reviewed or checked",
                _span(gitleaks, use.pin, written), "keep it in the repository", about=about,
            )  # fmt: skip
        else:
            known = next(iter(gitleaks.configs), None)
            yield Hit(
                use.pin.path, f"{run.named} {written}: {use.path} does not exist, so gitleaks "
                "fails",
                _span(gitleaks, use.pin, written), f"did you mean {known}?" if known else "",
                about=about,
            )  # fmt: skip


def _replaced(gitleaks: GitleaksUses, use: Use, pin: Pin) -> Iterator[Hit]:
    """A file that is not read because GITLEAKS_CONFIG_TOML holds a configuration."""
    path = posixpath.normpath(posixpath.join(use.invocation.root, ".gitleaks.toml"))
    if use.invocation.takes_text(use.version) and path in gitleaks.snapshot.entries:
        yield Hit(
            pin.path, f"GITLEAKS_CONFIG_TOML is set here, so {path} is not read",
            pin.inline.span if pin.inline is not None else pin.span,
            f"remove the variable, or set GITLEAKS_CONFIG to {path}", about="config text",
        )  # fmt: skip


def _span(gitleaks: GitleaksUses, pin: Pin, written: str | None) -> Span:
    """The place of the argument that names the configuration, else of the hook's id or the pin."""
    for path, repository, hook in gitleaks.gates.hooks() if pin.source == "hook" else ():
        places = [hook.id, repository.url, repository.rev, hook.entry]
        if path != pin.path or not any(
            place is not None and place.span == pin.span for place in places
        ):
            continue
        if "gitleaks" not in hook.id.text and hook.entry is None:
            continue
        named = next((a for a in hook.args or () if written and written in a.text), None)
        return named.span if named is not None else hook.id.span
    return pin.span


@rule("GLK009", "gitleaks-pin-unknown", "warning")
def pin_unknown(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The version of gitleaks is unknown: no pin, a mutable one, or a hook that ignores its rev.

    ## Why

    What a configuration does depends on the version that reads it. `rev` is that version only for
    the hook id `gitleaks`: `gitleaks-docker` runs an image without a tag, `gitleaks-system`
    whatever is on PATH. Without a version, what the configuration does is judged at the latest
    version that evalpolicy knows; what another version would do differently is a warning at most,
    and nothing is fixed.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.30.1
        hooks:
          - id: gitleaks-system
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

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```
    """
    for pin in gitleaks.pins:
        if pin.kind != "exact":
            yield Hit(
                pin.path, f"the version of gitleaks that runs here is unknown: {pin.why}", pin.span,
                pin.settle,
                about=f"{pin.source} {pin.kind}",
            )  # fmt: skip
    if not gitleaks.pins and gitleaks.configs:
        yield Hit(
            gitleaks.configs[0],
            "no hook, workflow or script here runs gitleaks, so its version is unknown: run it at "
            "a fixed version, or remove this file",
            START,
            "",
            about="none",
        )


@rule("GLK010", "gitleaks-pins-differ", "warning")
def pins_differ(gitleaks: GitleaksUses) -> Iterator[Hit]:
    """The hook and a workflow, action or script run different versions of gitleaks.

    ## Why

    Two versions can read one configuration differently: what passes on a developer's machine fails
    in CI, or the other way round. The action installs 8.24.3 unless `GITLEAKS_VERSION` is set, and
    that version ignores `[[allowlists]]`, the form that gitleaks' own README documents.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/gitleaks/gitleaks
        rev: v8.30.1
        hooks:
          - id: gitleaks
    ```

    ```yaml .github/workflows/secrets.yml
    on: push
    jobs:
      gitleaks:
        runs-on: ubuntu-latest
        steps:
          - uses: gitleaks/gitleaks-action@v2
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

    ```yaml .github/workflows/secrets.yml
    on: push
    jobs:
      gitleaks:
        runs-on: ubuntu-latest
        steps:
          - uses: gitleaks/gitleaks-action@v2
            env:
              GITLEAKS_VERSION: 8.30.1
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```
    """
    known = [pin for pin in gitleaks.pins if pin.version is not None]
    first = next((pin for pin in known if pin.source == "hook"), known[0] if known else None)
    for pin in known:
        if first is not None and pin.version != first.version:
            default = pin.source == "action" and "GITLEAKS_VERSION" not in _line(gitleaks, pin)
            by = " (the action's default)" if default else ""
            yield Hit(
                pin.path,
                f"gitleaks {pin.version}{by} runs here, but {first.version} in "
                f"{first.path}:{first.span.line}: use the same version everywhere",
                pin.span,
                f"set `GITLEAKS_VERSION: {first.version}`" if default else "pin the same version",
                about=f"{pin.source} {pin.version}",
            )


def _line(gitleaks: GitleaksUses, pin: Pin) -> str:
    content = gitleaks.content(pin.path) or b""
    lines = content.decode("utf-8", "replace").split("\n")
    return lines[pin.span.line - 1] if pin.span.line <= len(lines) else ""
