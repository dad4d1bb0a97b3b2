"""Packages that a build installs without an exact version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.installs import PipInstall
from evalpolicy.artifacts.revisions import BRANCHES
from evalpolicy.artifacts.run_scripts import RunScript
from evalpolicy.artifacts.syntax.shell.model import ShellWord
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule

# A requirement as in PEP 508: a name, extras, then the version constraint.
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?P<rest>.*)",
    re.DOTALL,
)
_EXACT = re.compile(r"(?:^|,)\s*\(?\s*={2,3}\s*(?P<version>[^,;)\s]+)")
_RANGE = "is a range"
_MOVING_ARCHIVE = re.compile(
    r"/(?:archive|tarball|zipball|legacy\.\w+)/(?:refs/heads/|(?:main|master|HEAD)\b)"
)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tgz|tar(?:\.\w+)?)$")
_VERSION = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+.][0-9A-Za-z.+-]*)?")


@rule("PIN005", "unpinned-pip", "error")
def unpinned_pip(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A RUN installs a Python package without an exact version.

    Covers pip, `python -m pip`, `uv pip install`, `uv tool install` and pipx, also in a
    here-document that a shell runs and in `sh -c '…'`. A range (`>=2`, `<81`, `==1.*`) is a note:
    it is not exact, but chosen; a package without a version is an error.

    ## Why

    The package index decides at build time what is installed. An image that is rebuilt next month
    from the same commit grades with different code.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install --no-cache-dir pytest==8.3.3 \\
        flask
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install --no-cache-dir pytest==8.3.3 \\
        flask==3.0.3
    ```

    ## Exempt

    Requirement files, constraints (`-c`) and `--exclude-newer`; local paths, wheels and archives;
    a repository URL with a revision that is not a branch; a version or a package that a variable
    supplies; a tool that the same file uninstalls again, so that it never ships.
    """
    yield from _unpinned(place, "pip", _pip_reason, _uninstalled(place))


@rule("PIN006", "unpinned-npm", "error")
def unpinned_npm(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A RUN installs or runs an npm package without an exact version.

    Covers npm, npx, yarn and pnpm, global or not, also in a here-document that a shell runs. A
    range (`@^2`, `@18`) and a tag (`@latest`) are not exact.

    ## Why

    Agents are npm packages that are published several times a week: without a version an image
    contains whatever was newest at build time, and no recorded run can be repeated with it.

    ## Example

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    RUN npm install -g @openai/codex
    ```

    ## Fixed

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    ARG AGENT_VERSION=0.120.0
    RUN npm install -g @openai/codex@${AGENT_VERSION}
    ```

    ## Exempt

    `npm ci` and `npm install` without a package (the lock file pins them), local paths and
    archives, a repository URL with a revision, a version that a variable supplies, and `npx`
    with a package that the same file installs, or with `--no-install` or `--offline`.
    """
    yield from _unpinned(place, "npm", _npm_reason, _installed_by_npm(place))


def _unpinned(
    place: Place,
    tool: str,
    reason: Callable[[str], str | None],
    exempt: frozenset[tuple[str, str]],
) -> Iterator[Hit]:
    seen: set[tuple[object, str]] = set()
    for found in place.installs:
        script, install = found.script, found.install
        if install.tool != tool or install.action == "uninstall" or _bound(install):
            continue
        for word in install.packages:
            why = None if _supplied(script, word) else reason(word.text)
            if why is None or (install.action, _name(tool, word.text)) in exempt:
                continue
            span = script.span(word.start, word.end)
            if (span, word.text) in seen:
                continue
            seen.add((span, word.text))
            yield Hit(
                place.path,
                f"{word.text} {why}: use an exact version",
                span,
                f"write `{_name(tool, word.text)}{'==' if tool == 'pip' else '@'}…`"
                if "/" not in word.text
                else "",
                place.name,
                word.text,
                "note" if tool == "pip" and why == _RANGE else None,
                cause=word.text,
            )


def _bound(install: PipInstall) -> bool:
    """Whether an option pins all versions or forbids downloads."""
    return bool(
        install.options
        & {
            "-c", "--constraint", "--constraints", "--exclude-newer", "--uploaded-prior-to",
            "--no-index", "--no-install", "--no", "--offline", "--before",
        }
    )  # fmt: skip


def _supplied(script: RunScript, word: ShellWord) -> bool:
    """Whether a variable supplies the package or its version."""
    if not word.expands or word.text.startswith(("$", "`")):
        return word.expands
    before = re.split(r"[$`]", word.text, maxsplit=1)[0]
    return before.endswith(("=", "@")) or not re.search(r"[<>~!]", before)


def _pip_reason(text: str) -> str | None:
    """Why a requirement is not exact; None if it is."""
    found = _REQUIREMENT.fullmatch(text)
    rest = found["rest"].partition(";")[0].strip() if found else ""
    if "://" in text or text.startswith("git+"):
        return _url_reason(rest[1:].strip() if rest.startswith("@") else text)
    if _local(text) or _ARCHIVE.search(text) or not found:
        return None
    if not rest:
        return "has no version"
    exact = _EXACT.search(rest)
    if exact is not None:
        return _RANGE if "*" in exact["version"] else None
    if rest.startswith("@"):
        return None  # a local path after the name
    return _RANGE if re.match(r"\(?[<>~!=]", rest) else None


def _npm_reason(text: str) -> str | None:
    """Why a package argument is not exact; None if it is."""
    if "://" in text or text.startswith(("git+", "github:", "gitlab:", "git@")):
        return _url_reason(text, "#")
    if _local(text) or _ARCHIVE.search(text):
        return None
    name, at, version = text[1:].partition("@")
    if version.startswith("npm:"):
        version = version.rpartition("@")[2]
    if not at:
        if text[0] != "@" and "/" in name:  # owner/repository, on GitHub
            return _url_reason(text, "#")
        return "has no version"
    if _VERSION.fullmatch(version):
        return None
    return "is a movable tag" if re.fullmatch(r"[A-Za-z][\w.-]*", version) else _RANGE


def _url_reason(text: str, mark: str = "@") -> str | None:
    """Why a URL can come to mean something else; None for a fixed revision or file."""
    url, _, fragment = text.partition("#")
    if mark == "#" and (text.startswith(("git", "ssh")) or "://" not in text or ".git" in url):
        return "is the tip of a branch" if fragment.lower() in BRANCHES else None
    if _MOVING_ARCHIVE.search(url):
        return "is the tip of a branch"
    if text.startswith(("git+", "hg+", "svn+", "bzr+")):
        revision = url.partition("://")[2].partition("/")[2].rpartition("@")[2]
        if "@" not in url.partition("://")[2].partition("/")[2] or revision.lower() in BRANCHES:
            return "is the tip of a branch"
    return None


def _local(text: str) -> bool:
    return (
        text in (".", "-")
        or text.startswith((".", "/", "~", "file:", "link:", "["))
        or ("/" in text and not text.startswith("@") and "@" not in text and text.count("/") > 1)
        or text.endswith("/")
    )


def _name(tool: str, text: str) -> str:
    """The package's name without its version, as pip and npm compare names."""
    if tool == "npm":
        return text[0] + text[1:].partition("@")[0]
    found = _REQUIREMENT.match(text)
    return re.sub(r"[-_.]+", "-", found["name"]).lower() if found else text


def _uninstalled(place: Place) -> frozenset[tuple[str, str]]:
    """The packages that the file uninstalls again, as (action, name)."""
    return frozenset(
        ("install", _name("pip", word.text))
        for found in place.installs
        if found.install.tool == "pip" and found.install.action == "uninstall"
        for word in found.install.packages
    )


def _installed_by_npm(place: Place) -> frozenset[tuple[str, str]]:
    """The packages that npx finds because the file installs them, as (action, name)."""
    return frozenset(
        ("run", _name("npm", word.text))
        for found in place.installs
        if found.install.tool == "npm" and found.install.action == "install"
        for word in found.install.packages
    )
