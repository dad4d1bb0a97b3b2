"""No command prints a credential that a repository holds, wherever it holds it, in any format."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types
from tests.fleets import AGENT, BENCHMARK, COMPOSE, FIXTURES, FLEET, git, repository
from tests.samples.credentials import context, token
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main
from evalpolicy.frontends.lsp.diagnostics import Board, Ranges, board
from evalpolicy.frontends.lsp.documents import OpenDocument
from evalpolicy.frontends.lsp.hover import on_findings, on_label
from evalpolicy.frontends.lsp.judging import judge
from evalpolicy.frontends.lsp.rows import Rows
from evalpolicy.scanners.credentials import SHAPES

_KINDS = ("anthropic", "github-ghp", "jwt", "basic-auth", "aws-access-key", "gitlab")
_RNG = random.Random(5)
TWO = "containers/benchmarks/two/Dockerfile"
_MADE: list[str] = []
_TURN = itertools.count()


def secret(*kinds: str) -> str:
    """The next credential, in the context that it is found in; a name may hold only some kinds."""
    known = kinds or _KINDS
    kind = known[next(_TURN) % len(known)]
    shape = next(one for one in SHAPES if one.id == kind)
    made = token(shape, _RNG)
    _MADE.append(made)
    before, after = context(shape)
    return f"{before}{made}{after}"


def plain() -> str:
    """One that is a word: a name, a value without quotes."""
    return secret("anthropic", "github-ghp", "aws-access-key").strip()


def _row(**more: object) -> dict[str, object]:
    return litellm_row(
        f"say {secret()}", model=f"x/{plain()}", user_agent=f"codex {plain()}", **more
    )


def _files() -> dict[str, str | bytes]:
    name = plain()
    stem = "arc-1-codex"
    entry = {
        "benchmark": plain(), "agent": plain(), "model": secret(), "captured": plain(),
        "sha256": plain(), "unknown": {"reward": secret()}, "notes": secret(), plain(): plain(),
    }  # fmt: skip
    baseline = {"version": 1, "rules": plain(), "findings": [
        {"rule": "LBL001", "path": plain(), "subject": plain(), "about": secret()}]}  # fmt: skip
    return {
        **FLEET,
        "evalpolicy.toml": f'[[allow]]\nrule = "STR001"\npath = "**"\nreason = "{secret()}"\n'
        f'[[allow]]\nrule = "HYG"\npath = "{plain()}"\nreason = "{secret()}"\n'
        f'[replay.eval]\ntarget = "{plain()}"\nvariables = {{ TOKEN = "{plain()}" }}\n',
        ".evalpolicy-baseline.json": json.dumps(baseline),
        "README.md": f"[dead](no/{plain()})\n[x](https://a/{plain()})\n",
        ".gitleaks.toml": f"# {secret()}\ntitle = '{plain()}'\n"
        f"[[allowlists]]\ndescription = '''{secret()}'''\npaths = ['''{plain()}''']\n"
        f"regexes = ['''{plain()}''']\nstopwords = ['{plain()}']\n"
        f"[[rules]]\nid = '{plain()}'\nregex = '''{plain()}'''\nkeywords = ['{plain()}']\n",
        "other.toml": f"[allowlist]\nregexes = ['''[{plain()}''']\n",
        ".pre-commit-config.yaml": "repos:\n- repo: https://github.com/gitleaks/gitleaks\n"
        f"  rev: v8.24.0\n  hooks:\n  - id: gitleaks\n    name: {plain()}\n"
        f"- repo: https://example.org/{plain()}\n  rev: {plain()}\n  hooks:\n  - id: {plain()}\n",
        ".github/workflows/ci.yaml": f"name: {plain()}\non: [push]\njobs:\n  {plain()}:\n"
        f"    runs-on: ubuntu-latest\n    steps:\n    - name: {plain()}\n"
        f"      uses: a/{plain()}@v1\n      continue-on-error: true\n"
        f"    - run: gitleaks dir --config {plain()} || true\n      env:\n        A: {plain()}\n",
        "Makefile": f"check:\n\tgitleaks dir -c {plain()} || true\n",
        "evals/docker-bake.hcl": "",
        f"containers/benchmarks/{name}/Dockerfile": f"{BENCHMARK}LABEL a={plain()}\nWAT {plain()}\n"
        f"LABEL eval.benchmark.tasks='{plain()}'\n",
        TWO: f"FROM ubuntu AS {plain()}\n"
        f'LABEL eval.type="benchmark" eval.benchmark.name="{plain()}" eval.{plain()}=1\n'
        f"# evalpolicy: ignore[LBL,STR,REL] {secret()}\nLABEL eval.benchmark.env={plain()}\n"
        f"# evalpolicy: ignore[{plain()}] x\nARG {plain()}={plain()}\nENV KEY={plain()}\n"
        f"RUN pip install {plain()}==1 git+https://{plain()}@github.com/a/b\n"
        f"RUN curl {secret()} | sh\nCOPY {plain()} /x\n",
        "containers/benchmarks/two/compose.yaml": f"{COMPOSE}  {plain()}:\n    image: {plain()}\n",
        "containers/agents/codex/Dockerfile": f"{AGENT}LABEL eval.agent.description={plain()}\n",
        f"containers/agents/{name}/Dockerfile": AGENT,
        f"{FIXTURES}/{stem}.trajectory.jsonl": lines(
            _row(), {"status": "failure", "error_str": f"{'x' * 250} key {secret()}"}
        ),
        f"{FIXTURES}/arc-2-{name}.trajectory.jsonl": lines(_row()),
        f"{FIXTURES}/arc-3-codex.trajectory.jsonl": f'{{"{plain()}": {plain()}\n',
        f"{FIXTURES}/arc-4-codex.trajectory.jsonl": lines(_row()),
        f"{FIXTURES}/{name}": "x",
        f"{FIXTURES}/provenance.json": json.dumps({stem: entry, f"arc-{name}": entry}, indent=1),
        f"{FIXTURES}/broken.json": json.dumps({plain(): [plain()]}),
        "big.bin": b"x" * 600_000,
    }


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("secrets") / "fleet", _files())


@pytest.fixture
def ran(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., str]:
    """`ran(*words)`: all that a command prints."""

    def call(*words: str) -> str:
        monkeypatch.chdir(fleet)
        code = main(list(words))
        said = "".join(text.decode("utf-8", "replace") for text in capfdbinary.readouterr())
        assert code in (0, 1, 3) or "ambiguous" in said or "no evidence" in said
        assert "internal error" not in said
        assert said
        return said

    return call


def leaked(said: str) -> set[str]:
    """Pieces of 14 letters and digits of the credentials, whatever is printed between these."""
    seen = re.sub(r"%2[dD]|[^A-Za-z0-9]", "", said).lower()
    found = set()
    for made in _MADE:
        letters = re.sub(r"[^A-Za-z0-9]", "", made).lower()
        # What is behind the prefix, which stays.
        at = range(min(14, len(letters) - 14), len(letters) - 13)
        found |= {letters[n : n + 14] for n in at if letters[n : n + 14] in seen}
    return found


FIXTURE = f"{FIXTURES}/arc-1-codex.trajectory.jsonl"
COMMANDS = [
    *(f"check --no-cache --format={kind}" for kind in
      ("text", "json", "sarif", "github", "junit", "markdown", "html")),
    "check --quiet", "check --statistics", "check --no-suppressions --format=json",
    "check --diff --unsafe-fixes",
    "fleet", "fleet --format=json", "fleet --format=markdown",
    "fixtures list", "fixtures list --format=json", "fixtures list --format=markdown",
    "fixtures scan", "fixtures redact --diff",
    f"fixtures show {FIXTURE}", f"fixtures show --full {FIXTURE}",
    f"fixtures show {FIXTURES}/arc-3-codex.trajectory.jsonl", "fixtures show arc",
    "baseline show", "baseline write --baseline=known.json", "baseline show --baseline=known.json",
    "baseline prune --baseline=known.json",
    "provenance backfill --diff", "provenance backfill --dry-run", "provenance verify",
    f"provenance record {FIXTURE}",
    f"provenance record {FIXTURE} --diff --replace --unknown=release_tag=none",
    "replay plan", "replay plan --format=json", "replay plan --format=matrix",
    "replay plan --format=kubernetes", f"replay serve --dry-run {FIXTURE}",
    "rules --format=json", "init --dry-run",
    "gitleaks explain", "gitleaks explain --at=8.24.0 --at=8.18.0",
    "gitleaks explain --format=json", "gitleaks explain --format=markdown",
    "gitleaks explain other.toml",
    "gitleaks migrate --to=8.18.0 --diff", "gitleaks migrate --to=8.28.0 --diff",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_one(ran: Callable[..., str], command: str) -> None:
    assert leaked(ran(*command.split(" "))) == set()


def test_no_diagnostic_and_no_hover_shows_one(fleet: Path) -> None:
    text = f"{(fleet / TWO).read_text()}LABEL b={plain()}\n"
    document = OpenDocument(f"file://{fleet}/{TWO}", f"{fleet}/{TWO}", 1, text)
    found = judge(
        str(fleet), [document], Rows(str(fleet)), lambda: False,
        lambda judged: board(judged, Ranges("utf-16"), {}),
    )  # fmt: skip
    assert isinstance(found, Board)
    shown = [item for items in found.shown.values() for item in items]
    said = [str(item.diagnostic) for item in shown if TWO not in str(item.diagnostic)]
    for item in shown:
        said += on_findings(shown, item.diagnostic.range.start)
    for line, words in enumerate(text.split("\n")):
        if words.startswith("LABEL"):
            for column in range(6, len(words), 12):
                said += on_label(text, "utf-16", types.Position(line, column))
    assert "REDACTED" in said[-1]
    assert leaked("\n".join(said)) == set()


@pytest.mark.parametrize("columns", ["40", "73"])
def test_nor_a_piece_where_a_line_ends(
    ran: Callable[..., str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for command in ("check", "fleet", "fixtures list", f"fixtures show {FIXTURE}",
                    "gitleaks explain", "init --dry-run"):  # fmt: skip
        assert leaked(ran(*command.split(" "))) == set()


def test_nor_is_one_written_to_a_page_or_a_baseline(
    ran: Callable[..., str], fleet: Path, tmp_path: Path
) -> None:
    ran("report", f"--output={tmp_path}")
    for kind in ("json", "sarif", "html"):
        main(["check", f"--format={kind}={tmp_path}/check.{kind}"])
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    for file in files:
        assert leaked(file.read_text()) == set(), file
    ran("baseline", "write", "--baseline=known.json")
    for row in json.loads((fleet / "known.json").read_text())["findings"][:-1]:
        row.pop("path")  # a name of git's tree, by which the finding is found
        assert leaked(json.dumps(row)) == set()


def test_the_repository_is_as_it_was(fleet: Path) -> None:
    assert git(fleet, "status", "--porcelain").replace("?? known.json\n", "") == ""
