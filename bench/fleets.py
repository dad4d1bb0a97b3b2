"""Generated fleets of any size, laid out as the reference fleet is."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

_DOCKERFILE = """\
# syntax=docker/dockerfile:1
# {name}: made up for measuring.
ARG REGISTRY=ghcr.io/example
ARG REGISTRY_SUFFIX=/
FROM ${{REGISTRY}}/core${{REGISTRY_SUFFIX}}entrypoint:latest AS entrypoint
FROM ${{REGISTRY}}/core${{REGISTRY_SUFFIX}}base:latest

LABEL eval.type="benchmark"
LABEL eval.benchmark.name="{name}"
LABEL eval.benchmark.description="{name} - made up for measuring"
LABEL eval.benchmark.tasks="{tasks}"
LABEL eval.benchmark.env="shared-env"
LABEL eval.benchmark.internet="false"
LABEL eval.benchmark.url="https://example.org/{name}"
LABEL eval.benchmark.data_revision="{sha}"

RUN pip install --no-cache-dir pyarrow==18.1.0
RUN python3 <<'PYEOF'
import json, os
from data import load

rows = load("{name}", revision="{sha}")
LABELS = {{"a": 1}}
with open("/tasks/all.jsonl", "w") as out:
    for row in rows:
        out.write(json.dumps(row) + "\\n")
PYEOF

RUN cat > /grade.sh <<'GRADE' && chmod +x /grade.sh
#!/bin/bash
set -euo pipefail
exec /opt/grade --task "$EVAL_TASK_ID"
GRADE
COPY --from=entrypoint /entrypoint.sh /entrypoint.sh
ENV EVAL_BENCHMARK={name} \\
    EVAL_TIMEOUT=300
ENTRYPOINT ["/entrypoint.sh"]
CMD ["/grade.sh"]
"""
_AGENT = """\
FROM alpine:3.20
ARG AGENT_VERSION=1.0.0
LABEL eval.type="agent" eval.agent.name="shell" eval.agent.description="made up"
LABEL eval.agent.version="${AGENT_VERSION}"
"""


def dockerfile(number: int) -> str:
    name = f"bench-{number:05}"
    sha = hashlib.sha1(name.encode()).hexdigest()
    return _DOCKERFILE.format(name=name, tasks=number + 1, sha=sha)


def generate(root: Path, benchmarks: int) -> Path:
    """A git repository with so many benchmarks, a README and a compose file each, every second
    one with a small fixture; one commit. Gives `root`."""
    for folder in ("containers/core/entrypoint", "containers/core/base"):
        _write(root / folder / "Dockerfile", 'FROM alpine:3.20\nLABEL eval.type="core"\n')
    _write(root / "containers/agents/shell/Dockerfile", _AGENT)
    for number in range(benchmarks):
        folder = root / "containers/benchmarks" / f"bench-{number:05}"
        _write(folder / "Dockerfile", dockerfile(number))
        _write(folder / "README.md", f"# {folder.name}\n")
        _write(folder / "compose.yaml", f"services:\n  runner:\n    image: {folder.name}\n")
        if number % 2 == 0:
            fixture = f"{folder.name}-0-shell.traces.jsonl"
            _write(root / "tests/run/replay/fixtures" / fixture, json.dumps({"n": number}) + "\n")
    for command in (
        ("init", "-q"),
        ("config", "user.name", "bench"),
        ("config", "user.email", "bench@example.org"),
        ("add", "-A"),
        ("commit", "-q", "-m", "made up"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
