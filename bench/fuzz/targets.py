"""What is fuzzed. The only module of the fuzzer that imports the package.

Each target makes its inputs from the samples of one language and hands them to every reader of
that language. A reader that may refuse says so by the exceptions that are `expected` of it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from pygls.io_ import run_async

from bench.fuzz.mutations import Language, mutated
from bench.fuzz.running import Target
from bench.fuzz.samples import language
from evalpolicy import errors as crashes
from evalpolicy.artifacts import (
    broken_manifest,
    build_args,
    compose,
    dockerfile,
    engine_calls,
    gate_settings,
    gitleaks_config,
    installs,
    pre_commit_config,
    provenance,
    rules_document,
    run_scripts,
    tool_runs,
    trajectory,
    workflow,
)
from evalpolicy.artifacts.dockerfile.images import images
from evalpolicy.artifacts.syntax import (
    comments,
    json_spans,
    markdown,
    toml_reader,
    toml_values,
    yaml_spans,
    yaml_stream,
)
from evalpolicy.artifacts.syntax.shell import fates, running, shells
from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell
from evalpolicy.config import reading as config
from evalpolicy.engine.check import check
from evalpolicy.engine.fixing import apply
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.facts.recordings.reading import read_content
from evalpolicy.facts.waivers import baseline
from evalpolicy.frontends.lsp.server import create
from evalpolicy.matching import json_schema as contracts
from evalpolicy.matching.globs import Globs
from evalpolicy.matching.python_re import PythonPatterns, TooSlow, WrongPattern
from evalpolicy.matching.re2 import PatternError, compiled
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.journal import Journal
from evalpolicy.replay.playback import Playback
from evalpolicy.reporters import FORMATS, render, statistics, text
from evalpolicy.scanners.credentials import Scanner, redact
from evalpolicy.scanners.gitleaks import evaluate, goregex, migrate
from evalpolicy.scanners.gitleaks.runs.files import script_pins
from evalpolicy.scanners.gitleaks.versions import Version
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.overlay import Overlay
from evalpolicy.snapshot.submission import event, message

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"
REFUSED = (UsageError, NotCheckedError)
_VERSIONS = tuple(map(Version.of, ("8.0.0", "8.18.4", "8.24.3", "8.28.0", "8.30.1")))
_SOURCES = (
    "a.sh",
    "a.yaml",
    "a.toml",
    "a.hcl",
    "a.py",
    "a.md",
    "a.js",
    "a.sql",
    "a.ini",
    "Makefile",
)
_PATHS = ("containers/benchmarks/arc/Dockerfile", "tests/a b.jsonl", "x/\udcff", "a" * 200, "é")


class InternalError(Exception):
    """A fault that the engine or a server caught, and reported as its own."""


def targets() -> dict[str, Target]:
    """All of them by name."""
    readers: Mapping[str, tuple[Callable[[bytes], object], tuple[type[BaseException], ...]]] = {
        "yaml": (_yaml, (yaml_stream.YamlError,)),
        "toml": (_toml, (toml_values.TomlError,)),
        "json": (_json, ()),
        "markdown": (_markdown, ()),
        "shell": (_shell, ()),
        "dockerfile": (_dockerfile, ()),
        "bake": (_bake, ()),
        "glob": (_glob, ()),
        "pattern": (_pattern, (PatternError,)),
        "python_pattern": (_python_pattern, (WrongPattern, TooSlow)),
        "source": (_comments, ()),
        "gitleaks": (_gitleaks, ()),
        "secrets": (_secrets, ()),
        "compose": (compose.parse, ()),
        "workflow": (_workflow, ()),
        "pre_commit": (_pre_commit, ()),
        "provenance": (_provenance, ()),
        "baseline": (_baseline, REFUSED),
        "config": (_config, REFUSED),
        "contract": (_contract, REFUSED),
        "trajectory": (_trajectory, ()),
        "event": (event.parse, ()),
        "message": (message.parse, ()),
        "request": (_request, ()),
        "protocol": (_protocol, ()),
    }
    samples = {"python_pattern": "pattern", "baseline": "json"}
    found = {
        name: Target(name, partial(_from, samples.get(name, name)), read, expected)
        for name, (read, expected) in readers.items()
    }
    return {**found, "engine": Target("engine", _fleet, _engine, REFUSED)}


_language = cache(language)


def _from(name: str, rng: random.Random) -> bytes:
    return mutated(rng, _language(name))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _yaml(content: bytes) -> None:
    yaml_spans.parse_yaml(content)
    yaml_stream.scalars(content.decode("utf-8", "replace"))


def _toml(content: bytes) -> None:
    toml_reader.parse_toml(content)
    toml_values.load(content.decode("utf-8", "replace"))


def _json(content: bytes) -> None:
    json_spans.parse(content)
    gate_settings.baseline(content)


def _markdown(content: bytes) -> None:
    for code in (True, False):
        with suppress(markdown.MarkdownError):
            markdown.links(content, code=code)
    parsed = rules_document.parse(content)
    rules_document.first_difference(parsed, rules_document.parse(content[: len(content) // 2]))


def _shell(content: bytes) -> None:
    script = parse_shell(_text(content))
    fates.judged(script)
    for command in script.commands:
        running.innermost(command)
        shells.scripts_within(script, command)
        installs.install_of(command.words)
    engine_calls.engine_calls(content)
    build_args.from_script(content)
    for name in ("a.sh", "Makefile", "justfile"):
        script_pins(script.text, name)


def _dockerfile(content: bytes) -> None:
    parsed = dockerfile.parse(content)
    for one in (parsed, dockerfile.resolve(parsed, {"A": "b/c.d", "TAG": "", "V": "\ud800"})):
        for stage in one.stages:
            one.effective_labels(stage)
        for _ in images(one):
            pass
        for _ in run_scripts.installs(run_scripts.scripts(one)):
            pass
    comments.read("Dockerfile", _text(content), dockerfile=True)


def _bake(content: bytes) -> None:
    build_args.from_bake(content)
    build_args.bake_variables(content)


def _glob(content: bytes) -> None:
    """What is not a glob is refused as Python's `re` refuses it; whoever configures it is told."""
    patterns = _text(content).split("\n")[:20]
    for pattern in patterns:
        try:
            globs = Globs([pattern])
        except re.error:
            continue
        for path in (*_PATHS, *patterns):
            _ = path in globs


def _pattern(content: bytes) -> None:
    pattern = _text(content)
    found = goregex.compile_go(pattern)
    goregex.validity(pattern)
    if isinstance(found, goregex.GoRegex):
        for path in (*_PATHS, pattern):
            found.search(path)
            found.find_all(path)
    compiled(pattern)


def _python_pattern(content: bytes) -> None:
    PythonPatterns(_PATHS, left=0.1).matching(_text(content))


def _comments(content: bytes) -> None:
    for path in _SOURCES:
        comments.read(path, _text(content))


def _gitleaks(content: bytes) -> None:
    parsed = gitleaks_config.parse(content)
    for version in _VERSIONS:
        evaluate.evaluate(parsed, version, tracked_paths=_PATHS)
    migrate.migrate(_text(content), _VERSIONS[-1], _VERSIONS[2])
    gate_settings.gitleaks(content)
    gate_settings.ignore_file(content)


def _secrets(content: bytes) -> None:
    """Linear, but slow on beginnings of keys, and redacting takes up to 16 rounds: short texts."""
    content = content[: 16 << 10]
    scanner = _scanner()
    scanner.scan(content)
    redact(content[: 8 << 10], scanner)
    read_content(content, ("llm.corp.example",))


@cache
def _scanner() -> Scanner:
    return Scanner((r"[a-z]+\.corp\.example",))


def _workflow(content: bytes) -> None:
    workflow.parse(content)
    gate_settings.workflow(content)
    runs = tool_runs.runs(content)
    list(tool_runs.weaker(runs, tool_runs.runs(content[: len(content) // 2])))


def _pre_commit(content: bytes) -> None:
    pre_commit_config.parse(content)
    gate_settings.pre_commit(content)


def _provenance(content: bytes) -> None:
    provenance.parse(content)
    broken_manifest.parse(content)


def _baseline(content: bytes) -> None:
    baseline.parse(content, "baseline.json")


def _config(content: bytes) -> None:
    config.parse(content, "pyproject.toml" if b"[tool" in content else "evalpolicy.toml")


def _contract(content: bytes) -> None:
    contracts.violations(content, {"a": "b", "x-é": "1", "\ud800": ""}, "contract.json")
    contracts._validator.cache_clear()


def _trajectory(content: bytes) -> None:
    parsed = trajectory.parse(content)
    trajectory.verdicts(parsed.summary, "a-0-b.traces.jsonl")
    trajectory.parse_stream(content[at : at + 7] for at in range(0, len(content), 7))
    trajectory.read_lfs_pointer(content)
    list(trajectory.iter_turns((content,)))
    if parsed.turns:
        playback = Playback(parsed)
        playback.draw(())


@cache
def _app() -> tuple[ReplayApp, asyncio.AbstractEventLoop]:
    recorded = _language("trajectory").samples
    playback = Playback(trajectory.parse(b"\n".join(recorded[:3])), on_exhausted="repeat")
    return ReplayApp(playback, Journal(None)), asyncio.new_event_loop()


def _request(content: bytes) -> None:
    """`METHOD path`, headers, an empty line, the body: as a server hands it to an application."""
    head, _, body = content.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = [
        (name.lower(), value.strip()) for name, _, value in (li.partition(b":") for li in lines)
    ]
    scope = {
        "type": "http", "method": method.decode("latin-1"), "path": path.decode("utf-8", "replace"),
        "query_string": query, "headers": headers,
    }  # fmt: skip
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(sent: Any) -> None:
        statuses.append(sent.get("status", 0))

    app, loop = _app()
    loop.run_until_complete(app(scope, receive, send))
    if not statuses or statuses[0] >= 500:
        raise InternalError(f"answered {statuses[:1]}")


def _protocol(content: bytes) -> None:
    """One message a line, each framed; a line that begins with `Content-` is sent as a header.

    Of every fourth input the first half is judged before the second is read.
    """
    with _copy() as root:
        framed = [
            line + b"\r\n\r\n" if line.startswith(b"Content-")
            else b"Content-Length: %d\r\n\r\n%s" % (len(line), line)
            for line in content.replace(b"{root}", str(root).encode()).split(b"\n")
        ]  # fmt: skip
        half = len(framed) // 2 if len(content) % 4 == 0 else 0
        said = bytearray()
        with suppress(SystemExit):  # the message `exit`
            asyncio.run(_serve(b"".join(framed[:half]), b"".join(framed[half:]), said))
    for mark in (b"Traceback (most recent call last)", b"internal error"):
        if mark in said:
            raise InternalError(said[max(0, said.index(mark) - 200) :][:1500].decode())


async def _serve(first: bytes, second: bytes, said: bytearray) -> None:
    class Writer:
        def write(self, sent: bytes) -> None:
            said.extend(sent)

        def close(self) -> None:
            return

    logging.disable()  # pygls shows each broken message with its traceback
    server = create()
    server.protocol.set_writer(Writer())
    reader = asyncio.StreamReader(limit=1 << 20)
    reader.feed_data(first)
    reading = asyncio.create_task(
        run_async(threading.Event(), reader, server.protocol, None, server.report_server_error)
    )
    try:
        if first:
            await asyncio.wait([reading], timeout=0.01)
            for root in server.session._roots.values():
                await root.all_checked()
        reader.feed_data(second)
        reader.feed_eof()
        await reading
        await asyncio.sleep(0)
    except asyncio.IncompleteReadError:
        pass
    finally:
        server.session.end()
        server.shutdown()


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="evalpolicy-fuzz-") as folder:
        root = Path(folder).resolve() / "fleet"
        shutil.copytree(EXAMPLE, root)
        yield root


# Which language a file of the example fleet is in.
_FILES = {
    "Dockerfile": "dockerfile", ".yaml": "compose", ".sh": "shell", ".md": "markdown",
    ".hcl": "bake", ".jsonl": "trajectory", "provenance.json": "provenance",
    "evalpolicy.toml": "config",
}  # fmt: skip
_ADDED = {
    ".pre-commit-config.yaml": "pre_commit", ".gitleaks.toml": "gitleaks",
    ".github/workflows/ci.yml": "workflow", ".gitleaksignore": "message",
    "tests/run/replay/fixtures/broken.json": "provenance", "pyproject.toml": "config",
    ".evalpolicy-baseline.json": "json", "containers/compose.yaml": "compose",
    "tests/run/replay/fixtures/arithmetic-3-shell.traces.jsonl": "secrets",
}  # fmt: skip


@cache
def _originals() -> dict[str, tuple[str, bytes]]:
    """The fleet's files that are changed: path to language and content."""
    found = {}
    for file in sorted(EXAMPLE.rglob("*")):
        kind = next((kind for end, kind in _FILES.items() if file.name.endswith(end)), None)
        if kind is not None and file.is_file():
            found[file.relative_to(EXAMPLE).as_posix()] = kind, file.read_bytes()[:8000]
    return found


def _fleet(rng: random.Random) -> bytes:
    """One to three files of the example fleet, changed or added: path, 0x1f, content."""
    files = {}
    for _ in range(rng.choice((1, 1, 2, 3))):
        if rng.random() < 0.6:
            path = rng.choice(list(_originals()))
            kind, content = _originals()[path]
            content = mutated(rng, Language((content,), _language(kind).words))
        else:
            path = rng.choice(list(_ADDED))
            content = mutated(rng, _language(_ADDED[path]))
        files[path] = content.translate(None, b"\x1e\x1f")
    return b"\x1e".join(path.encode() + b"\x1f" + content for path, content in files.items())


def _engine(content: bytes) -> None:
    """All rules, reporters and fixes on the example fleet with these files."""
    files = {}
    for part in content.split(b"\x1e"):
        path, _, inside = part.partition(b"\x1f")
        if (name := path.decode("ascii", "replace")) in {*_originals(), *_ADDED}:
            files[name] = inside
    before = crashes.mark()
    with open_snapshot(_example()) as disk:
        snapshot = Overlay(disk, files)
        settings = config.load(snapshot)
        judge = partial(check, config=settings, jobs=1)
        report = judge(snapshot)
        for name in FORMATS:
            render(name, report)
        text.render(report, colour=True)
        statistics.render(report)
        apply.apply_fixes(snapshot, judge, report, unsafe=len(content) % 2 == 0)
    if crashes.any_since(before):
        raise InternalError(crashes.block() or "caught before")


@cache
def _example() -> Path:
    """The example outside of this repository, so that it is a fleet of its own."""
    folder = Path(tempfile.mkdtemp(prefix="evalpolicy-fuzz-")).resolve() / "fleet"
    shutil.copytree(EXAMPLE, folder)
    return folder
