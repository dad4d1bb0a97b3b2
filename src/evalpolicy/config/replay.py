"""`[replay]`: how the fleet names its images, builds them and runs them.

The defaults are the reference fleet's. Texts may name `{registry}`, `{tag}`, `{benchmark}`,
`{task}`, `{agent}`, `{model}`, `{name}` and `{timeout}` where that means something; everything
else in braces is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert, field

_PLACE = re.compile(r"\{([^{}]*)\}")
_IN_IMAGE = frozenset({"registry", "tag", "benchmark", "task", "agent", "name"})
_IN_BUILD = frozenset({*_IN_IMAGE, "benchmark_image", "agent_image"})
_IN_RUN = frozenset({"registry", "tag", "benchmark", "task", "agent", "model", "timeout"})


class Names(Struct, frozen=True):
    """What images are called. `{task}` is in lower case here, as a registry demands it."""

    benchmark: str = "{registry}/benchmarks/{benchmark}:{tag}"
    benchmark_task: str = "{registry}/benchmarks/{benchmark}-{task}:{tag}"
    agent: str = "{registry}/agents/{agent}:{tag}"
    eval: str = "{registry}/evals/{benchmark}--{agent}:{tag}"
    eval_task: str = "{registry}/evals/{benchmark}-{task}--{agent}:{tag}"
    core: str = "{registry}/core/{name}:{tag}"
    model: str = "{registry}/models/{name}:{tag}"
    gateway: str = "{registry}/gateways/{name}:{tag}"


class EvalBuild(Struct, frozen=True):
    """How benchmark and agent become an eval image: a target of the bake files.

    `context` and `dockerfile` (within it) are what the target builds; they are read for its bases
    and its inputs. `args` are all its build arguments.
    """

    bake: tuple[str, ...] = (
        "containers/docker-bake.hcl",
        "containers/core/combination.docker-bake.hcl",
    )
    target: str = "eval"
    context: str = "containers/core"
    dockerfile: str = "combination.Dockerfile"
    args: Mapping[str, str] = field(
        default_factory=lambda: {
            "BENCHMARK_IMAGE": "{benchmark_image}",
            "AGENT_IMAGE": "{agent_image}",
        }
    )
    variables: Mapping[str, str] = field(
        default_factory=lambda: {
            "REGISTRY": "{registry}",
            "TAG": "{tag}",
            "EVAL_BENCHMARK": "{benchmark}",
            "EVAL_AGENT": "{agent}",
            "EVAL_AGENT_VERSION": "",
            "BENCHMARK_IMAGE": "{benchmark_image}",
            "AGENT_IMAGE": "{agent_image}",
        }
    )


class RunLimits(Struct, frozen=True):
    """What the runner may use; all but CPUs, processes and open files is in MiB.

    `disk` is what it may write beside its mounts, `file_size` is for each file.
    """

    cpus: float = 2.0
    memory: int = 2048
    processes: int = 512
    open_files: int = 4096
    file_size: int = 1024
    disk: int = 4096
    output: int = 256
    tmp: int = 1024
    logs: int = 100


class ServerSettings(Struct, frozen=True):
    """The replay server's container: what the runner calls it, and what it is made from.

    `base` is an image with Python; `{python}` in it is the version that evalpolicy runs on.
    `memory` is in MiB.
    """

    host: str = "gateway"
    port: int = 4000
    base: str = "docker.io/library/python:{python}-slim-bookworm"
    memory: int = 512


class Kubernetes(Struct, frozen=True):
    """Settings of the manifests. The claims are volumes that the cluster has to hold already.

    `entrypoint` is what an eval image runs by itself: a pod of many fixtures has to set the task
    before. `server_image` is where the replay server's image was pushed.
    """

    namespace: str = "default"
    server_image: str = "{registry}/evalpolicy-replay:{tag}"
    fixtures_claim: str = "evalpolicy-fixtures"
    output_claim: str = "evalpolicy-output"
    entrypoint: tuple[str, ...] = ("/entrypoint.sh", "/usr/local/bin/run")
    parallelism: int = 4


def _environment() -> Mapping[str, str]:
    return {
        "EVAL_AGENT": "{agent}",
        "EVAL_MODEL": "{model}",
        "EVAL_TASK_ID": "{task}",
        "EVAL_TIMEOUT": "{timeout}",
        "EVAL_REGISTRY": "{registry}",
        "BENCHMARK": "{benchmark}",
        "AGENT": "{agent}",
        "MODEL": "{model}",
        "TASK_ID": "{task}",
        "TIMEOUT": "{timeout}",
        "OPENAI_BASE_URL": "http://{host}:{port}/openai/v1",
        "ANTHROPIC_BASE_URL": "http://{host}:{port}/anthropic",
        "GOOGLE_GEMINI_BASE_URL": "http://{host}:{port}/genai",
        "OPENAI_API_KEY": "sk-proxy",
        "ANTHROPIC_API_KEY": "sk-proxy",
        "GEMINI_API_KEY": "sk-proxy",
    }


class Replaying(Struct, frozen=True):
    """`[replay]`. `timeout` is in seconds: the agent's limit, and the value of
    `{timeout}`; `grace` is what benchmark, agent and grader may take beyond it, together.

    `output` is the runner's folder for what it makes, `result` and `agent_result` lie in there.
    `environment` is all that the runner gets; a fleet's own entries are added to the defaults,
    and an empty text takes one out. `build_arg` names the argument by which Dockerfiles learn the
    registry, `build_network` is the network that builds have (`none`, `host`). `secrets` are
    those that a Dockerfile may ask for, taken from variables of the same name where images are
    built, and nowhere else.
    """

    registry: str = "ghcr.io/exgentic"
    tag: str = "latest"
    timeout: int = 300
    grace: int = 120
    output: str = "/output"
    result: str = "{benchmark}/{task}/task/result.json"
    agent_result: str = "{benchmark}/{task}/agent/result.json"
    build_arg: str = "REGISTRY"
    build_network: str | None = None
    secrets: tuple[str, ...] = ("HF_TOKEN",)
    environment: Mapping[str, str] = field(default_factory=_environment)
    names: Names = field(default_factory=Names)
    eval: EvalBuild = field(default_factory=EvalBuild)
    limits: RunLimits = field(default_factory=RunLimits)
    server: ServerSettings = field(default_factory=ServerSettings)
    kubernetes: Kubernetes = field(default_factory=Kubernetes)


def from_table(table: Mapping[str, Any]) -> Replaying:
    """The settings of a table that its schema accepts."""
    environment = {**_environment(), **table.get("environment", {})}
    given = {name: text for name, text in environment.items() if text}
    return convert({**table, "environment": given}, Replaying, strict=False)


def wrong_replay(document: Mapping[str, Any]) -> tuple[tuple[str, ...], str] | None:
    """The first key of `[replay]` whose text names something unknown or unsafe, and why."""
    table = document["replay"]
    for keys, text, known in _texts(table):
        for name in _PLACE.findall(text):
            if name not in known:
                listed = ", ".join(f"{{{one}}}" for one in sorted(known))
                return ("replay", *keys), f"{{{name}}} is unknown here; use one of {listed}"
    for keys, text in _operands(table):
        if text.startswith("-"):
            return ("replay", *keys), f"{text!r} begins with a dash and would be read as an option"
    for keys, text in _paths(table):
        if text.startswith("/") or ".." in text.split("/"):
            return ("replay", *keys), f"{text!r} is not a path from the fleet's root"
    return None


def _texts(table: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str, frozenset[str]]]:
    found: list[tuple[tuple[str, ...], str, frozenset[str]]] = []
    in_environment = _IN_RUN | {"host", "port"}
    for key, known in (("result", _IN_RUN), ("agent_result", _IN_RUN)):
        if key in table:
            found.append(((key,), table[key], known))
    for name, text in table.get("environment", {}).items():
        found.append((("environment", name), text, in_environment))
    for name, text in table.get("names", {}).items():
        found.append((("names", name), text, _IN_IMAGE))
    for inner in ("args", "variables"):
        for name, text in table.get("eval", {}).get(inner, {}).items():
            found.append((("eval", inner, name), text, _IN_BUILD))
    if "base" in table.get("server", {}):
        found.append((("server", "base"), table["server"]["base"], frozenset({"python"})))
    if "server_image" in table.get("kubernetes", {}):
        text = table["kubernetes"]["server_image"]
        found.append((("kubernetes", "server_image"), text, frozenset({"registry", "tag"})))
    return found


def _operands(table: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """The texts that an engine is given as words of their own: images, targets, folders, files."""
    found: list[tuple[tuple[str, ...], str]] = []
    if "registry" in table:
        found.append((("registry",), table["registry"]))
    found += [(("names", name), text) for name, text in table.get("names", {}).items()]
    for key, inner in (("eval", "target"), ("server", "base"), ("kubernetes", "server_image")):
        if inner in table.get(key, {}):
            found.append(((key, inner), table[key][inner]))
    return [*found, *_paths(table)]


def _paths(table: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    build = table.get("eval", {})
    paths = [(("eval", key), build[key]) for key in ("context", "dockerfile") if key in build]
    paths += [(("eval", "bake"), path) for path in build.get("bake", ())]
    return paths + [((key,), table[key]) for key in ("result", "agent_result") if key in table]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in their places; what the configuration allows is known."""
    return _PLACE.sub(lambda match: values[match[1]], text)
