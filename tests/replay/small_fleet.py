"""A fleet whose images are made of one static program: to plan, and to build without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

REGISTRY = "registry.example/small"
FIXTURES = "tests/run/replay/fixtures"

CONFIG = f"""\
[replay]
registry = "{REGISTRY}"
build_network = "none"
"""
BASE = """\
FROM scratch
LABEL eval.type="core"
COPY busybox /bin/busybox
COPY run.sh /run.sh
ENV PATH=/bin
RUN ["/bin/busybox", "--install", "-s", "/bin"]
"""
SUMS = """\
ARG REGISTRY=ghcr.io/somebody
FROM ${REGISTRY}/core/base:latest
LABEL eval.type="benchmark" eval.benchmark.env="shared-env"
COPY grade.sh /grade.sh
"""
WORDS = """\
ARG REGISTRY=ghcr.io/somebody
FROM ${REGISTRY}/core/base:latest
ARG EVAL_TASK_ID
LABEL eval.type="benchmark" eval.benchmark.env="per-task"
RUN echo "${EVAL_TASK_ID}" > /task
COPY grade.sh /grade.sh
"""
SCRIPTED = WORDS.replace("${REGISTRY}", REGISTRY)
BUILD = """\
#!/bin/sh
set -eu
{engine} build --network none --build-arg "EVAL_TASK_ID=$2" --tag "$1" "$(dirname "$0")"
"""
AGENT = """\
FROM scratch
LABEL eval.type="agent" eval.agent.version="1.0"
COPY agent.sh /agent/agent.sh
"""
COMBINATION = """\
ARG BENCHMARK_IMAGE
ARG AGENT_IMAGE
FROM ${AGENT_IMAGE} AS agent
FROM ${BENCHMARK_IMAGE}
COPY --from=agent /agent /agent
COPY launcher/ /launcher/
"""
BAKE = """\
variable "REGISTRY" { default = "ghcr.io/somebody" }
variable "TAG" { default = "latest" }
"""
COMBINE = """\
variable "EVAL_BENCHMARK" {}
variable "EVAL_AGENT" {}
variable "BENCHMARK_IMAGE" {}
variable "AGENT_IMAGE" {}
target "eval" {
  context = "containers/core"
  dockerfile = "combination.Dockerfile"
  args = {
    BENCHMARK_IMAGE = BENCHMARK_IMAGE
    AGENT_IMAGE = AGENT_IMAGE
  }
  tags = ["${REGISTRY}/evals/${EVAL_BENCHMARK}--${EVAL_AGENT}:${TAG}"]
}
"""


def turn(text: str, model: str = "gpt-5") -> str:
    """One line of a recording, with one usable turn."""
    reply = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    request = [{"role": "user", "content": "go"}]
    row = {
        "id": text, "call_type": "acompletion", "status": "success", "model": model,
        "startTime": 1.0, "endTime": 2.0, "messages": request, "response": reply,
    }  # fmt: skip
    return json.dumps(row) + "\n"


FILES: Mapping[str, str] = {
    "evalpolicy.toml": CONFIG,
    "containers/docker-bake.hcl": BAKE,
    "containers/core/combination.docker-bake.hcl": COMBINE,
    "containers/core/combination.Dockerfile": COMBINATION,
    "containers/core/launcher/run": "#!/bin/sh\n",
    "containers/core/base/Dockerfile": BASE,
    "containers/core/base/run.sh": "#!/bin/sh\nexec /grade.sh\n",
    "containers/core/other/Dockerfile": "FROM scratch\nLABEL eval.type=core\n",
    "containers/benchmarks/sums/Dockerfile": SUMS,
    "containers/benchmarks/sums/grade.sh": "#!/bin/sh\n",
    "containers/benchmarks/words/Dockerfile": WORDS,
    "containers/benchmarks/words/grade.sh": "#!/bin/sh\n",
    "containers/benchmarks/scripted/Dockerfile": SCRIPTED,
    "containers/benchmarks/scripted/grade.sh": "#!/bin/sh\n",
    "containers/benchmarks/scripted/build.sh": BUILD.format(engine="docker"),
    "containers/agents/shell/Dockerfile": AGENT,
    "containers/agents/shell/agent.sh": "#!/bin/sh\n",
    f"{FIXTURES}/sums-0-shell.trajectory.jsonl": turn("one") + turn("two"),
    f"{FIXTURES}/sums-1-shell.trajectory.jsonl": turn("three"),
    f"{FIXTURES}/words-Fox-shell.trajectory.jsonl": turn("four"),
    f"{FIXTURES}/scripted-Owl-shell.trajectory.jsonl": turn("five"),
}


def lay(root: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Lays the fleet below `root`, with files changed, added, or (None) left out."""
    for path, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return root


def with_busybox(root: Path) -> Path:
    """Adds the program; Debian has it in busybox-static."""
    shutil.copy("/bin/busybox", root / "containers/core/base/busybox")
    return root
