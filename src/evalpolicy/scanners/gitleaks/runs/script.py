"""The runs of gitleaks in one shell script, with what it installs on the way."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.expansion import Scope, resolved
from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import (
    ContainerCommand,
    Innermost,
    basename,
    innermost,
)
from evalpolicy.artifacts.syntax.shell.shells import MAX_SHELLS, quoted_range, shell_call
from evalpolicy.artifacts.syntax.shell.walking import Placed, placed
from evalpolicy.artifacts.syntax.source import Located, Span
from evalpolicy.scanners.gitleaks.invocation import from_words
from evalpolicy.scanners.gitleaks.runs.model import (
    UNSEEN,
    Pin,
    RunPlace,
    Seen,
    Source,
    pinned,
    tagged,
)
from evalpolicy.scanners.gitleaks.runs.program import GitleaksProgram, image_seen, program
from evalpolicy.scanners.gitleaks.runs.seen import installed_by

_NOTHING: Mapping[str, str] = {}
NAMES = ("GITLEAKS_CONFIG", "GITLEAKS_CONFIG_TOML")
_UNQUOTED = str.maketrans("", "", "'\"\\")
_EXPORTED = re.compile(r"(\w+)=(.*)", re.DOTALL)
_INNER = re.compile(r"(?:--run|--command|-c)")


def names_it(text: str) -> bool:
    """Whether a word of the text can be gitleaks, whatever quotes and escapes are in it."""
    return "gitleaks" in text.translate(_UNQUOTED).lower()


RUNNERS = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "gmake": ("Makefile", "makefile", "GNUmakefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml"),
    "tox": ("tox.ini",),
    "nox": ("noxfile.py",),
    "mise": ("mise.toml", ".mise.toml"),
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), ("package.json",)),
}
"""Programs that run the targets of a file, and how such a file is called."""


class ScriptPiece(Struct, frozen=True):
    """One script of a file: a recipe's line, a task, a RUN, or the file itself.

    `name` is what it is called by, `needs` what runs before it. `known` are the variables that
    the file sets, `weak` those that the environment can set instead. `directory` and `mounts` are
    those of what runs in an image.
    """

    text: str
    span: Callable[[int, int], Span]
    name: str = ""
    needs: tuple[str, ...] = ()
    known: Mapping[str, str | None] = {}
    weak: frozenset[str] = frozenset()
    directory: str | None = None
    mounts: tuple[tuple[str, str], ...] | None = None
    seen: Seen | None = None


class CallableFiles(Struct, frozen=True):
    """The files whose scripts can be called: those that name gitleaks, by `paths`.

    `pieces` gives the scripts of one, none of another file.
    """

    paths: frozenset[str] = frozenset()
    pieces: Callable[[str], Iterable[ScriptPiece]] = lambda path: ()

    def concern(self, text: str) -> bool:
        """Whether a script can run gitleaks, itself or by a file that it calls."""
        return names_it(text) or any(word in text for word in self._words)

    @property
    def _words(self) -> set[str]:
        """What a call of one of the files has in it."""
        names = {posixpath.basename(path) for path in self.paths}
        return names | {runner for runner, files in RUNNERS.items() if names.intersection(files)}


NO_FILES = CallableFiles()


class Runs:
    """Collects the `pins` of scripts; `seen` and `exported` pass from one to the next.

    `files` are those whose scripts can be called. A run without a version of its own has the one
    that was installed before it, else what `tools` says, once something has `launched` these.
    `exported` goes to later steps of a job by $GITHUB_ENV, `outputs` by $GITHUB_OUTPUT.
    """

    def __init__(
        self,
        source: Source,
        files: CallableFiles = NO_FILES,
        seen: Seen | None = None,
        tools: Seen | None = None,
        launched: bool = True,
    ) -> None:
        self.source = source
        self.files = files
        self.seen = seen
        self.tools = tools
        self.launched = launched
        self.exported: dict[str, str | None] = {}
        self.outputs: dict[str, str | None] = {}
        self.pins: list[Pin] = []
        self.inline: Located | None = None
        self._calling: list[str] = []

    def read(
        self,
        path: str,
        text: str,
        scope: Scope,
        span: Callable[[int, int], Span],
        mounts: tuple[tuple[str, str], ...] | None = None,
    ) -> None:
        """The runs of a script that stands in `path`."""
        script = parse(text)
        found: list[Seen] = []
        for each in placed(script, scope):
            self._command(path, script, each, span, mounts, found, 0)

    def piece(
        self, path: str, piece: ScriptPiece, scope: Scope, given: Mapping[str, str] = _NOTHING
    ) -> None:
        """The runs of one script of a file, with the values of `scope`, `given` ones above all."""
        known = {
            **piece.known,
            **{n: v for n, v in scope.values.items() if n not in piece.known or n in piece.weak},
            **given,
        }
        inner = replace(scope, values=known, script=f"{scope.top}/{path}")
        if piece.directory is not None:
            inner = replace(inner, directory=piece.directory)
        self.seen = piece.seen or self.seen
        self.read(path, piece.text, inner, piece.span, piece.mounts)

    def _command(
        self,
        path: str,
        script: Script,
        each: Placed,
        span: Callable[[int, int], Span],
        mounts: tuple[tuple[str, str], ...] | None,
        found: list[Seen],
        depth: int,
    ) -> None:
        run = innermost(each.command, each.scope)
        words = [word.text for word in run.words]
        if not words:
            return
        self.launched = self.launched or basename(words[0]) in ("mise", "rtx", "asdf")
        if (installs := installed_by(words)) is not None:
            found.append(installs)
            self.seen = installs if all(one == installs for one in found) else _several(found)
        if words[0] in ("echo", "printf"):
            self._export(each, words)
        outer = resolved(each.command.words, each.scope)
        gitleaks = program(outer, run)
        if gitleaks is not None:
            where = span(*_range(script.text, gitleaks.word))
            self._run(path, where, each.scope, run, gitleaks, mounts)
        elif depth < MAX_SHELLS:
            scope = _entered(each.scope, run)
            inside = _mounted(run, each.scope, mounts)
            held = self.seen
            self.seen = held if run.image is None else image_seen(run.image.text)
            for inner, word in _within(script, outer, run, each):
                place = span if word is None else _at(span(word.start, word.end))
                for one in placed(inner, scope):
                    self._command(path, inner, one, place, inside, found, depth + 1)
            self.seen = held if run.image is not None else self.seen
        self._called(words, each.scope)

    def _export(self, each: Placed, words: list[str]) -> None:
        """`echo "A=b" >> "$GITHUB_ENV"`: later steps have it."""
        targets = [r.target.text for r in each.command.redirects if r.target is not None]
        pair = _EXPORTED.fullmatch(words[-1])
        for name, held in (("GITHUB_ENV", self.exported), ("GITHUB_OUTPUT", self.outputs)):
            if pair is not None and any(name in target for target in targets):
                held[pair[1]] = Scope().known(pair[2])

    def _run(
        self,
        path: str,
        where: Span,
        scope: Scope,
        run: Innermost,
        gitleaks: GitleaksProgram,
        mounts: tuple[tuple[str, str], ...] | None,
    ) -> None:
        container = run.container
        names = NAMES if container is None else container.passed
        environment = {
            name: f"${name}" if scope.values[name] is None else scope.values[name] or ""
            for name in names
            if name in scope.values
        }
        invocation = from_words(gitleaks.arguments, {**environment, **dict(run.environment)})
        if invocation is None:
            return
        entered = _entered(scope, run)
        place = RunPlace(
            entered.directory, _mounted(run, scope, mounts), scope.top or RunPlace().top
        )
        seen = gitleaks.seen or (self.seen if container is None else None)
        named = scope.values.get("GITLEAKS_VERSION")
        if seen is None and named is not None:
            seen = tagged(named)
        if seen is None:
            seen = (self.tools if self.launched else None) or UNSEEN
        pin = pinned(seen, self.source, path, where, invocation.located(place.within))
        if invocation.inline and self.inline is not None:
            pin = replace(pin, inline=self.inline)
        self.pins.append(pin)

    def _called(self, words: list[str], scope: Scope) -> None:
        """The runs of a script or a target that a command calls, in what the caller has set."""
        name = basename(words[0])
        directory = scope.directory or ""
        pairs = (_EXPORTED.fullmatch(word) for word in words[1:])
        given = {pair[1]: pair[2] for pair in pairs if pair} if name in RUNNERS else _NOTHING
        for path, targets in _callees(name, words):
            at = posixpath.normpath(posixpath.join(directory, path))
            inside = at.removeprefix(f"{scope.top}/")
            if inside == at or inside in self._calling:
                continue
            self._calling.append(inside)
            there = scope
            if targets is not None:
                there = replace(scope, directory=posixpath.dirname(at))
            pieces = list(self.files.pieces(inside))
            self.seen = self.seen or installed(inside, pieces, there)
            for piece in _wanted(pieces, targets):
                self.piece(inside, piece, there, given)
            self._calling.remove(inside)


def installed(path: str, pieces: Iterable[ScriptPiece], scope: Scope) -> Seen | None:
    """What the scripts of a file install, in whatever order they run."""
    found: list[Seen] = []
    for piece in pieces:
        runs = Runs("script")
        runs.piece(path, piece, scope)
        found += [runs.seen] if runs.seen is not None and runs.seen not in found else []
    return _several(found) if len(found) > 1 else found[0] if found else None


def _several(found: list[Seen]) -> Seen:
    versions = dict.fromkeys(str(one.version or one.why) for one in found)
    return Seen(
        why=f"{' and '.join(versions)} are installed here", settle="install one version everywhere"
    )


def _entered(scope: Scope, run: Innermost) -> Scope:
    """The scope in which the innermost command runs: in its container or its directory."""
    if run.container is not None:
        directory = run.container.directory or "/"
        return replace(scope, directory=directory, values=dict(run.environment), script=None)
    if run.directory is not None and scope.directory is not None:
        return replace(scope, directory=posixpath.join(scope.directory, run.directory))
    return scope


def _mounted(
    run: Innermost, scope: Scope, outer: tuple[tuple[str, str], ...] | None
) -> tuple[tuple[str, str], ...] | None:
    container: ContainerCommand | None = run.container
    if container is None:
        return outer
    base = scope.directory or "$PWD"
    return tuple(
        (target, posixpath.normpath(posixpath.join(base, source)))
        for target, source in container.mounts
        if source[:1] in "./~$" and source
    )


def _at(span: Span) -> Callable[[int, int], Span]:
    return lambda start, end: span


def _within(
    script: Script, outer: tuple[ShellWord, ...], run: Innermost, each: Placed
) -> Iterator[tuple[Script, ShellWord | None]]:
    """The scripts that a command hands to a shell, and the word of one whose places are lost."""
    text = script.text
    words = run.words
    if run.container is not None and shell_call(words[1:]) is not None and not shell_call(words):
        words = words[1:]  # an image without an entry point runs what it is given
    call = shell_call(words)
    scripts = [] if call is None or call.script is None else [call.script]
    if basename(words[0].text) in ("nix-shell", "nix", "flox", "devbox", "su", "mise"):
        texts = [word.text for word in outer]
        scripts += [
            word
            for option, word in zip(texts, outer[1:], strict=False)
            if _INNER.fullmatch(option) and " " in word.text
        ]
    for word in scripts:
        inside = quoted_range(text, word)
        if inside is not None:
            yield parse(text, *inside), None
        elif names_it(word.text):
            yield parse(word.text), word
    if call is not None and call.reads:
        for redirect in each.command.redirects:
            if redirect.number >= 0:
                start, end = script.heres[redirect.number]
                if end > start:
                    yield parse(text, start, end), None


def _range(text: str, word: ShellWord) -> tuple[int, int]:
    """Where the name stands within the word."""
    at = text.find("gitleaks", word.start, word.end)
    return (word.start, word.end) if at < 0 else (at, at + len("gitleaks"))


def _callees(name: str, words: list[str]) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """The paths that a command can call, each with the targets it names; None is the file."""
    if name in RUNNERS:
        directory, targets, files = "", [], RUNNERS[name]
        rest = iter(words[1:])
        for word in rest:
            if word in ("-C", "--directory", "--prefix", "-d", "--dir"):
                directory = next(rest, "")
            elif word in ("-s", "-e", "--session"):
                targets.append(next(rest, ""))
            elif word in ("-f", "--file", "--makefile", "--justfile"):
                files = (next(rest, ""),)
            elif not word.startswith("-") and "=" not in word and word not in ("run", "run-script"):
                targets.append(word)
        for file in files:
            yield posixpath.join(directory, file), tuple(targets)
    elif name in ("bash", "sh", "zsh", "dash", ".", "source"):
        yield from ((word, None) for word in words[1:] if not word.startswith("-"))
    elif "/" in words[0]:
        yield words[0], None


def _wanted(pieces: list[ScriptPiece], targets: tuple[str, ...] | None) -> list[ScriptPiece]:
    """The pieces that the targets name, and those that these need; the first without a target."""
    if targets is None:
        return pieces
    wanted = list(targets) or [piece.name for piece in pieces[:1]]
    for name in wanted:
        wanted += [need for p in pieces if p.name == name for need in p.needs if need not in wanted]
    return [piece for piece in pieces if piece.name in wanted]
