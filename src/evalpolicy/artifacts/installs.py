"""Which packages a shell command installs: pip, uv, pipx, npm, npx, yarn and pnpm.

Options that take a value are those of pip 25, uv 0.8 and npm 11; an option that is not known
takes none, so that the word behind it is read as a package.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.model import ShellWord
from evalpolicy.artifacts.syntax.shell.running import basename, unwrapped

_PIP = re.compile(r"pip(?:[0-9](?:\.[0-9]+)?)?")
_PYTHON = re.compile(r"(?:python|pypy)(?:[0-9](?:\.[0-9]+)?)?")
_VARIABLE = re.compile(r"\$\{?(\w+)(?:[:#%/+-].*)?\}?")

Action = Literal["install", "uninstall", "run"]


class PipInstall(Struct, frozen=True):
    """`pip install …`: the packages' words, and the options as written.

    `editable` words follow `-e`; `options` hold the values behind a space as well, as `--name`.
    """

    tool: Literal["pip", "npm"]
    action: Action
    packages: tuple[ShellWord, ...]
    options: frozenset[str]
    verb: ShellWord


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PIP_VALUES = _words(
    """
    -r --requirement --requirements -c --constraint --constraints --build-constraint
    --build-constraints -b -e --editable -t --target -i --index-url --extra-index-url -f
    --find-links --timeout --default-timeout --retries --python --prefix --root --src
    --cache-dir --only-binary --no-binary --platform --python-version --implementation --abi
    --trusted-host --proxy --cert --client-cert --progress-bar --root-user-action
    --upgrade-strategy --log --exists-action --config-settings -C --config-setting
    --global-option --install-option --report --use-feature --use-deprecated --build-option
    --index --default-index --resolution --prerelease --exclude-newer --override --overrides
    --link-mode --config-file --directory --project --index-strategy --keyring-provider -p
    --group --extra --torch-backend -P --upgrade-package --refresh-package --reinstall-package
    --no-build-package --no-binary-package --no-build-isolation-package --python-platform
    --color --allow-insecure-host --fork-strategy --excludes --uploaded-prior-to
    """
)
_PIPX_VALUES = _words(
    """
    --suffix --python --preinstall --index-url -i --pip-args --editable -e
    """
)
_TOOL_VALUES = _PIP_VALUES | frozenset(
    ("--with", "--with-editable", "--with-requirements", "--from")
)
_NPM_VALUES = _words(
    """
    --prefix --registry --cache --tag --omit --include --install-strategy --loglevel
    --fetch-retries --fetch-timeout --fetch-retry-mintimeout --fetch-retry-maxtimeout
    --fetch-retry-factor --location --workspace -w --cpu --os --libc --userconfig -C --dir
    --global-dir --global-bin-dir --store-dir --cwd --modules-folder --cache-folder
    --network-timeout --maxsockets --before --node-options -c --call
    """
)
_NPM_INSTALL = _words(
    """
    install i add in ins inst insta instal isnt isnta isntal isntall install-test it
    """
)


def install_of(words: tuple[ShellWord, ...]) -> PipInstall | None:
    """What a simple command installs, uninstalls or runs from a registry; None if nothing."""
    words = unwrapped(words)
    if not words:
        return None
    name = _program(words[0])
    if _PIP.fullmatch(name):
        return _pip(words[1:])
    if _PYTHON.fullmatch(name):
        return _python(words[1:])
    if name == "uv":
        return _uv(words[1:])
    if name == "pipx":
        verb, rest = _verb(words[1:], frozenset())
        if verb is not None and verb.text in ("install", "run"):
            found = _arguments("pip", "install", verb, rest, _PIPX_VALUES)
            return found if verb.text == "install" else _first(found)
        return None
    if name == "uvx":
        return _first(_arguments("pip", "run", words[0], words[1:], _TOOL_VALUES))
    if name in ("npm", "pnpm", "yarn"):
        return _npm(name, words[1:])
    if name == "npx":
        return _npx(words[0], words[1:])
    return None


def _program(word: ShellWord) -> str:
    """The program's name, also that of `${PIP}` and `"$VENV/bin/pip"`."""
    variable = _VARIABLE.fullmatch(word.text)
    return variable[1].lower() if variable else basename(word.text)


def _python(words: tuple[ShellWord, ...]) -> PipInstall | None:
    for at, word in enumerate(words):
        if word.text in ("-m", "-mpip") and not word.expands:
            if word.text == "-mpip":
                return _pip(words[at + 1 :])
            module = words[at + 1].text if at + 1 < len(words) else ""
            if module == "pip":
                return _pip(words[at + 2 :])
            if module == "uv":
                return _uv(words[at + 2 :])
            return None
        if not word.text.startswith("-"):
            return None
    return None


def _pip(words: tuple[ShellWord, ...]) -> PipInstall | None:
    verb, rest = _verb(words, _PIP_VALUES)
    if verb is None or verb.text not in ("install", "uninstall"):
        return None
    action: Action = "install" if verb.text == "install" else "uninstall"
    return _arguments("pip", action, verb, rest, _PIP_VALUES)


def _uv(words: tuple[ShellWord, ...]) -> PipInstall | None:
    verb, rest = _verb(words, _PIP_VALUES)
    if verb is None:
        return None
    if verb.text == "pip":
        return _pip(rest)
    if verb.text == "tool":
        verb, rest = _verb(rest, _TOOL_VALUES)
        if verb is None:
            return None
        found = _arguments("pip", "install", verb, rest, _TOOL_VALUES)
        return {"install": found, "run": _first(found)}.get(verb.text)
    if verb.text == "add":
        return _arguments("pip", "install", verb, rest, _PIP_VALUES)
    return None


def _npm(name: str, words: tuple[ShellWord, ...]) -> PipInstall | None:
    verb, rest = _verb(words, _NPM_VALUES)
    options = {word.text for word in words if word.text.startswith("-")}
    if verb is not None and name == "yarn" and verb.text == "global":
        verb, rest = _verb(rest, _NPM_VALUES)
        options.add("--global")
    if verb is None:
        return None
    if verb.text in (("add",) if name == "yarn" else _NPM_INSTALL):
        found = _arguments("npm", "install", verb, rest, _NPM_VALUES)
        return replace(found, options=found.options | options)
    if verb.text in ("dlx", "exec", "x"):
        return _npx(verb, rest) if name != "yarn" or verb.text == "dlx" else None
    return None


def _npx(verb: ShellWord, words: tuple[ShellWord, ...]) -> PipInstall | None:
    """What npx fetches: the packages of `-p`, else the command itself."""
    values = _NPM_VALUES | {"-p", "--package"}
    named = [after for option, after in pairwise(words) if option.text in ("-p", "--package")]
    named += [
        replace(word, text=word.text.partition("=")[2])
        for word in words
        if word.text.startswith("--package=")
    ]
    found = _first(_arguments("npm", "run", verb, words, values))
    return replace(found, packages=tuple(named)) if named else found


def _first(found: PipInstall) -> PipInstall:
    """Of a command that runs a package, only the first word is one: the rest is its own."""
    return replace(found, action="run", packages=found.packages[:1])


def _verb(
    words: tuple[ShellWord, ...], values: frozenset[str]
) -> tuple[ShellWord | None, tuple[ShellWord, ...]]:
    at = 0
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in values else 1
    return (words[at], words[at + 1 :]) if at < len(words) else (None, ())


def _arguments(
    tool: Literal["pip", "npm"],
    action: Action,
    verb: ShellWord,
    words: tuple[ShellWord, ...],
    values: frozenset[str],
) -> PipInstall:
    packages: list[ShellWord] = []
    options: set[str] = set()
    at = 0
    while at < len(words):
        text = words[at].text
        if not text.startswith("-") or text == "-":
            packages.append(words[at])
        elif text == "--":
            packages.extend(words[at + 1 :])
            break
        else:
            options.add(text.partition("=")[0])
            if text in ("-e", "--editable", "--with") and at + 1 < len(words):
                packages.append(words[at + 1])
            if text.startswith("--location="):
                options.add(text)
            at += text in values
        at += 1
    return PipInstall(tool, action, tuple(packages), frozenset(options), verb)
