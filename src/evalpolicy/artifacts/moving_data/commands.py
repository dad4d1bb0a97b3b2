"""What the commands of a shell script fetch: git, Hugging Face's command line, and URLs.

A clone is settled by what follows it: `git checkout`, `git reset --hard`, `git switch --detach` or
`git fetch` of a revision that does not move. Options that take a value are those of git 2.49
and huggingface_hub 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalpolicy.artifacts.installs import install_of
from evalpolicy.artifacts.moving_data.model import (
    Fetch,
    Lookup,
    Program,
    Values,
    WrittenWord,
    expanded,
)
from evalpolicy.artifacts.moving_data.urls import fetch_of, moving_urls
from evalpolicy.artifacts.revisions import moves
from evalpolicy.artifacts.syntax.shell.model import ShellWord, SimpleCommand, loop_words
from evalpolicy.artifacts.syntax.shell.running import basename, innermost, unwrapped
from evalpolicy.artifacts.syntax.shell.values import known_values
from evalpolicy.artifacts.syntax.source import Span


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GIT_VALUES = _words(
    """
    -b --branch -o --origin -u --upload-pack --reference --reference-if-able --depth
    --shallow-since --shallow-exclude --separate-git-dir -j --jobs -c --config --filter
    --template --server-option --bundle-uri --revision -B --orphan --refmap --negotiation-tip
    """
)
_HUB_VALUES = _words(
    """
    --repo-type --type --revision --include --exclude --cache-dir --local-dir --token
    --max-workers --local-dir-use-symlinks
    """
)
# They name a URL and fetch nothing.
_TALK = frozenset(("echo", "printf", "test", "[", "[[", ":", "grep", "sed", "cat"))
_SUMS = frozenset(
    ("sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum", "b2sum", "md5sum")
)
_PINNED_CLONE = "git clone … && git -C … checkout {revision}"


class Downloads:
    """The clones of programs that run one after another."""

    def __init__(self) -> None:
        # By the last part of the folder's name, the newest last.
        self._clones: dict[str, list[Fetch]] = {}
        self._fetched = ""  # the revision of the last `git fetch`
        self._within: tuple[str, ...] = ()  # the parts of the folder that `cd` went to

    @property
    def pending(self) -> list[Fetch]:
        """The clones that nothing settled."""
        return [fetch for fetches in self._clones.values() for fetch in fetches]

    def of_shell(self, program: Program) -> Iterator[Fetch]:
        read = program.read
        assert read is not None, "a shell script is read"
        values = Values(known_values(read), program.values)
        self._within = ()
        checked = any(_checks_sums(command.text) for command in read.commands)
        for words in loop_words(read.lists):
            yield from _urls(program, words, values)
        for command in read.commands:
            words = innermost(command).words
            text = tuple(expanded(word.text, values) for word in words)
            span = program.span(words[0].start, words[-1].end) if words else None
            if span is not None:
                yield from self.of_words(program, text, span)
            if install_of(command.words) is None and not _only_talks(command, checked):
                yield from _urls(program, (*command.assignments, *command.words), values)

    def of_words(self, program: Program, words: Sequence[str], span: Span) -> Iterator[Fetch]:
        """What one command fetches by git or Hugging Face's command line."""
        name = basename(words[0]) if words else ""
        if name in ("cd", "pushd") and len(words) > 1:
            self._within = tuple(words[-1].split("/"))
        elif name == "git":
            self._git(program, words, span)
        elif name in ("huggingface-cli", "hf") and "download" in words[1:2]:
            yield from _hub(program, words, span)

    def _git(self, program: Program, words: Sequence[str], span: Span) -> None:
        at, within = 1, self._within
        while at < len(words) and words[at].startswith("-"):
            if words[at] == "-C" and at + 1 < len(words):
                within = tuple(words[at + 1].split("/"))
            at += 2 if words[at] in ("-C", "-c", "--git-dir", "--work-tree") else 1
        verb, rest = (words[at], words[at + 1 :]) if at < len(words) else ("", ())
        operands, options = _parsed(rest, _GIT_VALUES)
        match verb:
            case "clone":
                self._clone(program, operands, options, span)
            case "lfs" if operands[:1] == ("clone",):
                self._clone(program, operands[1:], options, span)
            case "fetch":
                self._fetched = operands[1] if len(operands) > 1 else ""
                self._settle(within, self._fetched.partition(":")[0])
            case "checkout" | "switch" | "reset":
                target = operands[0] if operands else ""
                self._settle(within, self._fetched if target == "FETCH_HEAD" else target)

    def _clone(
        self, program: Program, operands: Sequence[str], options: Mapping[str, str], span: Span
    ) -> None:
        if not operands or operands[0].startswith((".", "/", "~", "file:")):
            return
        url = operands[0]
        branch = options.get("--revision") or options.get("-b") or options.get("--branch") or ""
        if not moves(branch):
            return
        shown = f"the branch {branch} of {url}" if branch else f"the newest commit of {url}"
        fetch = Fetch(program.path, span, shown, "with every push", url, _PINNED_CLONE)
        named = operands[1] if len(operands) > 1 else url.removesuffix(".git")
        folder = basename(named.rstrip("/"))
        self._clones[folder] = [*self._clones.pop(folder, ()), fetch]

    def _settle(self, within: tuple[str, ...], revision: str) -> None:
        """Takes out the clones that are at a fixed revision from here on."""
        if moves(revision) or not self._clones:
            return
        settled = [self._clones.pop(part) for part in within if part in self._clones]
        if not settled and (not within or len(self._clones) == 1):
            self._clones.popitem()


def _parsed(
    words: Sequence[str], values: frozenset[str]
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Operands up to `--`, and the options that take a value."""
    operands: list[str] = []
    options: dict[str, str] = {}
    at = 0
    while at < len(words) and words[at] != "--":
        word = words[at]
        name, joined, value = word.partition("=")
        if not word.startswith("-"):
            operands.append(word)
        elif joined:
            options[name] = value
        elif word in values and at + 1 < len(words):
            options[word] = words[at + 1]
            at += 1
        at += 1
    return tuple(operands), options


def _hub(program: Program, words: Sequence[str], span: Span) -> Iterator[Fetch]:
    """`hf download owner/name --revision …`."""
    operands, options = _parsed(words[2:], _HUB_VALUES)
    revision = options.get("--revision", "")
    if operands and moves(revision):
        yield hub_fetch(
            program, span, operands[0], revision, f"{words[0]} download … --revision {{revision}}"
        )


def hub_fetch(program: Program, span: Span, name: str, revision: str, pinned: str) -> Fetch:
    """A fetch from Hugging Face that names a repository, and a branch or nothing."""
    shown = f"the branch {revision} of {name}" if revision else f"{name} without a revision"
    return Fetch(program.path, span, shown, "with every upload", name, pinned)


def _urls(program: Program, words: Sequence[ShellWord], values: Lookup) -> Iterator[Fetch]:
    for word in words:
        found = list(moving_urls(word.text, values))
        written = WrittenWord(program.text, word) if found else None
        for url in found:
            assert written is not None
            place = written.range(url.start, url.start + len(url.shown))
            yield fetch_of(program, url, *place)
        if not found and word.expands:
            for url in moving_urls(expanded(word.text, values), values):
                yield fetch_of(program, url, word.start, word.end)


def _only_talks(command: SimpleCommand, checked: bool) -> bool:
    """Whether a command fetches nothing by its words, or nothing that is not checked."""
    words = unwrapped(command.words)
    name = basename(words[0].text) if words else ""
    return name in _TALK or (checked and name in ("curl", "wget"))


def _checks_sums(words: tuple[str, ...]) -> bool:
    """`sha256sum -c`: a download that has changed stops the build."""
    return (
        bool(words)
        and basename(words[0]) in _SUMS
        and any(
            word in ("-c", "--check") or (word[:1] == "-" and word[:2] != "--" and "c" in word)
            for word in words[1:]
        )
    )
