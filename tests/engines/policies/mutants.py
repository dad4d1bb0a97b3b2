"""Breaks one rule in a Dockerfile, seeded: what every policy on it should find.

The Dockerfile is a fleet's own (`FLEET=…`) or one of `generated`, so that CI needs no fetch.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

Break = Callable[[str, random.Random], str | None]


class Mutant(NamedTuple):
    """`rule` is the one that has to find something in `text`, which stands at `path`."""

    rule: str
    path: str
    text: str


def _appended(*lines: str) -> Break:
    def broken(text: str, chance: random.Random) -> str:
        return text.rstrip("\n") + "\n" + chance.choice(lines) + "\n"

    return broken


def _before_from(*lines: str) -> Break:
    """Puts a line in front of the last FROM, where the parsers keep comments."""

    def broken(text: str, chance: random.Random) -> str | None:
        found = list(re.finditer(r"^FROM .*$", text, re.MULTILINE))
        if not found:
            return None
        at = found[-1].start()
        return text[:at] + chance.choice(lines) + "\n" + text[at:]

    return broken


def _replaced(pattern: str, *values: str) -> Break:
    def broken(text: str, chance: random.Random) -> str | None:
        changed, count = re.subn(pattern, lambda _: chance.choice(values), text, count=1)
        return changed if count and changed != text else None

    return broken


def _without(pattern: str) -> Break:
    return _replaced(rf"(?m)^{pattern}.*\n", "")


_BASE = r"(?m)^FROM \S+(?=[^\n]*\n(?![\s\S]*^FROM ))"
_REVISION = r"(?m)^LABEL eval\.benchmark\.data_revision=.*$"

# rule → where it applies, and how it is broken.
BREAKS: tuple[tuple[str, str, Break], ...] = (
    ("PIN001", "", _replaced(_BASE, "FROM example/base:latest", "FROM quay.io/x/y:latest")),
    ("PIN001", "", _appended("COPY --from=example/tool:latest /a /a")),
    ("PIN002", "", _replaced(_BASE, "FROM ubuntu", "FROM ghcr.io/example/base")),
    ("PIN003", "", _replaced(_BASE, "FROM example/x:v${NOWHERE}", "FROM ${NO_BASE}:1.0")),
    ("PIN004", "agents", _without("ARG AGENT_VERSION")),
    ("PIN004", "agents", _replaced(r'eval\.agent\.version="[^"]*"', 'eval.agent.version="latest"')),
    ("PIN004", "models", _without("ENV EVAL_LITELLM_VERSION_DEFAULT")),
    ("PIN005", "", _appended("RUN pip install requests", "RUN pip3 install -q a==1 flask")),
    ("PIN006", "", _appended("RUN npm install -g cline", "RUN npm i -g @openai/codex")),
    ("SEC003", "", _appended("ARG HF_TOKEN", "ENV API_KEY=x", "ENV A=b DB_PASSWORD=c")),
    ("HYG001", "", _appended('CMD ["x", "$TASK_ID"]', "ENV A=${BENCHMARK}", "RUN x $TASK_ID")),
    ("HYG002", "", _before_from("# TODO: later", "# FIXME this", "# XXX")),
    ("HYG003", "", _appended('RUN echo "TODO" > /a', "RUN echo 'TODO' > /a")),
    ("HYG004", "", _appended("RUN pip install a==1 || true", "RUN pip3 install a==1 2>/dev/null")),
    ("HYG005", "", _replaced(_BASE, "FROM python:3.12", "FROM python:3")),
    ("HYG007", "", _appended("RUN pip uninstall -y a")),
    ("HYG008", "", _appended("RUN pip install a==1\nRUN apt-get update && apt-get install -y b")),
    ("HYG006", "benchmarks", lambda text, chance: _mutable(text)),
    ("LBL001", "benchmarks", _without(r"LABEL eval\.benchmark\.(?:name|env|tasks|internet)")),
    ("LBL001", "agents", _without(r"LABEL eval\.agent\.(?:name|version)")),
    ("LBL001", "", _without(r"LABEL eval\.type")),
    ("LBL001", "models", _without(r"LABEL eval\.model\.litellm_version")),
    ("LBL004", "benchmarks", _replaced(r'benchmark\.name="[^"]*"', 'benchmark.name="other"')),
    ("LBL008", "benchmarks", _replaced(_REVISION, *(
        f'LABEL eval.benchmark.data_revision="{r}"' for r in ("main", "latest", "", "HEAD")))),
    ("LBL012", "benchmarks", _appended(
        'LABEL eval.benchmark.upstream_base="ghcr.io/x/y:latest"',
        'LABEL eval.benchmark.upstream_base="ghcr.io/x/y"')),
)  # fmt: skip

_COMPOSE = "benchmarks"
COMPOSE_BREAKS: tuple[tuple[str, str, Break], ...] = (
    ("STR003", _COMPOSE, _replaced(r"compose/services\.yaml", "compose/others.yaml")),
    ("STR003", _COMPOSE, _replaced(r"(?m)^  runner:", "  walker:")),
    ("STR003", _COMPOSE, _replaced(r"(?m)^ +(?:- )?BENCHMARK[:=].*\n", "")),
    ("STR004", _COMPOSE, _replaced(r"(?m):latest$", ":${EVAL_AGENT_VERSION}")),
)  # fmt: skip


def _mutable(text: str) -> str:
    bare = re.sub(_REVISION, 'LABEL eval.benchmark.data_revision="main"', text)
    return bare.rstrip("\n") + "\nRUN curl https://raw.githubusercontent.com/o/r/main/x.json\n"


def mutants(
    files: dict[str, str],
    count: int,
    seed: int,
    breaks: tuple[tuple[str, str, Break], ...] = BREAKS,
) -> Iterator[Mutant]:
    """`count` mutants of these files, every break in turn; the same for the same seed."""
    chance = random.Random(seed)
    kinds = ("benchmarks", "agents", "models")
    placed = [p for p in sorted(files) if p.split("/")[-3:-2] and p.split("/")[-3] in kinds]
    made = turn = 0
    while made < count and turn < 50 * count:
        rule, kind, broken = breaks[turn % len(breaks)]
        turn += 1
        paths = [path for path in placed if not kind or path.split("/")[-3] == kind]
        if not paths:
            continue
        path = chance.choice(paths)
        text = broken(files[path], chance)
        if text is not None:
            made += 1
            yield Mutant(rule, path, text)


def generated() -> dict[str, str]:
    """A few Dockerfiles of ours that break nothing."""
    benchmark = """\
FROM ghcr.io/exgentic/core/base:latest AS data
RUN prepare
FROM ghcr.io/exgentic/core/base:latest
LABEL eval.type="benchmark"
LABEL eval.benchmark.name="{name}"
LABEL eval.benchmark.description="A benchmark"
LABEL eval.benchmark.tasks="4"
LABEL eval.benchmark.env="shared-env"
LABEL eval.benchmark.internet="false"
LABEL eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
RUN pip install numpy==2.0.2 && fetch 210d026faf9955653af8916fad021475a3f00453
"""
    agent = """\
FROM node:22-slim
ARG AGENT_VERSION=1.2.3
LABEL eval.type="agent"
LABEL eval.agent.name="{name}"
LABEL eval.agent.description="An agent"
LABEL eval.agent.version="${{AGENT_VERSION}}"
RUN npm install -g {name}@${{AGENT_VERSION}}
"""
    model = """\
FROM alpine:3.20
LABEL eval.type="model"
LABEL eval.model.name="m"
LABEL eval.model.provider="p"
LABEL eval.model.litellm_version="1.2.3"
ENV EVAL_LITELLM_VERSION_DEFAULT=1.2.3
"""
    core = 'FROM alpine:3.20\nLABEL eval.type="core"\n'
    files = {"containers/models/m/Dockerfile": model, "containers/core/base/Dockerfile": core}
    for name in ("arc", "gaia", "aime"):
        files[f"containers/benchmarks/{name}/Dockerfile"] = benchmark.format(name=name)
    for name in ("codex", "cline"):
        files[f"containers/agents/{name}/Dockerfile"] = agent.format(name=name)
    return files
