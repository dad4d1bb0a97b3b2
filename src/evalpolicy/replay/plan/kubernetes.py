"""A plan as Kubernetes manifests: an Indexed Job per eval image, one index per fixture.

A pod is one replay: the replay server as a sidecar, the runner beside it, and what both share is
loopback. A policy lets nothing in or out, and there is no name server. What differs between the
fixtures of a job stands in a ConfigMap, one file an index; fixtures and output are on volumes that
the cluster has.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import yaml

from evalpolicy.config.replay import Kubernetes, Replaying, filled
from evalpolicy.replay.plan.model import Plan, Replay
from evalpolicy.reporters.safe import shown, without_credentials

_APP = "evalpolicy-replay"
_RUN = "evalpolicy.github.io/run"
_INDEX_ANNOTATION = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
_INDEX_ENV = [
    {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": _INDEX_ANNOTATION}}}
]
_INDEX_FILES = "/replay/index"
_FIXTURES = "/replay/fixtures"
_JOURNAL = "/replay/journal"
# Pods start slowly where images have to be pulled: this comes on top of the replay's own limit (s).
_START = 600
_NOBODY = 65534
_SOURCE = f'. "{_INDEX_FILES}/$JOB_COMPLETION_INDEX.env"'
_NEEDS = """\
# Kubernetes 1.33 or later, a network plug-in that enforces NetworkPolicy, and in the namespace:
#   {fixtures}: a claim that holds the fixtures by their paths from the fleet's root
#   {output}: a claim that many pods may write to
# The images have to be where the cluster can pull them from. A limit of processes for each pod is
# the kubelet's: podPidsLimit.
"""


_COMMAND = re.compile(r"^\s*::", re.MULTILINE)


def dumps(plan: Plan, settings: Replaying) -> str:
    """The manifests as one YAML stream, with their requirements in comments."""
    stated = settings.kubernetes
    claims = (shown(stated.fixtures_claim), shown(stated.output_claim))
    head = _NEEDS.format(fixtures=claims[0], output=claims[1])
    documents: str = yaml.dump_all(
        manifests(plan, settings), Dumper=_Dumper, sort_keys=False, width=10_000,
        explicit_start=True,
    )  # fmt: skip
    return head + documents.replace("##[", "#\\x23[")


class _Dumper(yaml.SafeDumper):
    """Multi-line texts stay multi-line, and there are no YAML aliases.

    In quotes is what could be taken for a workflow command, for there YAML has escapes.
    """

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = None
    if "\n" in text:
        style, text = "|", without_credentials(text)  # of many lines none holds a whole key
    if "##[" in text or _COMMAND.search(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def manifests(plan: Plan, settings: Replaying) -> list[dict[str, Any]]:
    """The policy, then for each eval image its ConfigMap and its Job."""
    groups: dict[str, list[Replay]] = {}
    for replay in plan.replays:
        groups.setdefault(replay.image, []).append(replay)
    labels = {"app.kubernetes.io/name": _APP, _RUN: _label(plan.run)}
    found = [_policy(settings.kubernetes, plan.run, labels)]
    for image, replays in groups.items():
        name = _job_name(plan.run, image)
        shared = _shared([replay.runner.environment for replay in replays])
        found.append(_config_map(name, settings.kubernetes, labels, replays, shared))
        found.append(_job(name, settings, labels, replays, shared))
    return found


def _policy(stated: Kubernetes, run: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Denies all traffic in both directions."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(_dns_name(f"{_APP}-{run}"), stated, labels),
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress", "Egress"],
        },
    }


def _config_map(
    name: str,
    stated: Kubernetes,
    labels: Mapping[str, str],
    replays: Sequence[Replay],
    shared: Mapping[str, str],
) -> dict[str, Any]:
    files = {}
    for index, replay in enumerate(replays):
        fixture = "/dev/null" if replay.control else f"{_FIXTURES}/{replay.path}"
        own = {k: v for k, v in replay.runner.environment.items() if k not in shared}
        values = {"REPLAY_FIXTURE": fixture, **own}
        files[f"{index}.env"] = "".join(f"{k}={shlex.quote(v)}\n" for k, v in values.items())
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(name, stated, labels),
        "immutable": True,
        "data": files,
    }


def _job(
    name: str,
    settings: Replaying,
    labels: Mapping[str, str],
    replays: Sequence[Replay],
    shared: Mapping[str, str],
) -> dict[str, Any]:
    stated, first = settings.kubernetes, replays[0]
    pod = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": first.runner.limits.seconds + _START,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "hostAliases": [
            {"ip": address, "hostnames": [host]} for host, address in first.server.hosts.items()
        ],
        "securityContext": {
            "seccompProfile": {"type": "RuntimeDefault"},
            # The server is not root, but has to write its journal.
            "fsGroup": _NOBODY,
            "fsGroupChangePolicy": "OnRootMismatch",
        },
        "initContainers": [_server(name, settings, first)],
        "containers": [_runner(name, settings, first, shared)],
        "volumes": _volumes(name, stated, first),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(name, stated, labels),
        "spec": {
            "completionMode": "Indexed",
            "completions": len(replays),
            "parallelism": min(stated.parallelism, len(replays)),
            "backoffLimitPerIndex": 0,
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
        },
    }


def _server(name: str, settings: Replaying, replay: Replay) -> dict[str, Any]:
    """A sidecar that starts before the runner and ends after it."""
    port = settings.server.port
    empty = " --allow-empty" if replay.control else ""
    serve = (
        f"{_SOURCE} && exec python3 -m evalpolicy replay serve"
        f' "$REPLAY_FIXTURE" --host 127.0.0.1 --port {port}'
        f" --journal {_JOURNAL}/journal.jsonl{empty}"
    )
    ask = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/health', timeout=2)"
    values = {"registry": settings.registry, "tag": settings.tag}
    return {
        "name": "server",
        "image": filled(settings.kubernetes.server_image, values),
        "restartPolicy": "Always",
        "command": ["/bin/sh", "-c", serve],
        "env": [*_INDEX_ENV, *_environment(replay.server.environment)],
        "startupProbe": {
            "exec": {"command": ["python3", "-c", ask]},
            "periodSeconds": 1,
            "failureThreshold": 60,
            "timeoutSeconds": 5,
        },
        "resources": _resources(replay.server.limits.cpus, replay.server.limits.memory),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "index", "mountPath": _INDEX_FILES, "readOnly": True},
            {"name": "fixtures", "mountPath": _FIXTURES, "readOnly": True},
            _output(name, _JOURNAL, "journal"),
            {"name": "tmp-server", "mountPath": "/tmp"},
        ],
    }


def _runner(
    name: str, settings: Replaying, replay: Replay, shared: Mapping[str, str]
) -> dict[str, Any]:
    """Sets the task from the index's file, then runs the image's own entry point."""
    limits = replay.runner.limits
    resources = _resources(limits.cpus, limits.memory)
    resources["limits"]["ephemeral-storage"] = str(limits.disk)
    begin = f'set -a && {_SOURCE} && set +a && exec "$@"'
    return {
        "name": "runner",
        "image": replay.image,
        "command": ["/bin/sh", "-c", begin, "replay", *settings.kubernetes.entrypoint],
        "env": [*_INDEX_ENV, *_environment(shared)],
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["NET_RAW", "MKNOD", "AUDIT_WRITE"]},
        },
        "volumeMounts": [
            {"name": "index", "mountPath": _INDEX_FILES, "readOnly": True},
            _output(name, settings.output, "output"),
            *({"name": _scratch(m.target), "mountPath": m.target} for m in _tmpfs(replay)),
        ],
    }


def _volumes(name: str, stated: Kubernetes, replay: Replay) -> list[dict[str, Any]]:
    return [
        {"name": "index", "configMap": {"name": name}},
        {
            "name": "fixtures",
            "persistentVolumeClaim": {"claimName": stated.fixtures_claim, "readOnly": True},
        },
        {"name": "output", "persistentVolumeClaim": {"claimName": stated.output_claim}},
        {"name": "tmp-server", "emptyDir": {"sizeLimit": "16Mi"}},
        *(
            {"name": _scratch(mount.target), "emptyDir": {"sizeLimit": str(mount.size)}}
            for mount in _tmpfs(replay)
        ),
    ]


def _output(job: str, target: str, part: str) -> dict[str, Any]:
    """A folder of the output volume for each index."""
    return {
        "name": "output",
        "mountPath": target,
        "subPathExpr": f"{job}/$(JOB_COMPLETION_INDEX)/{part}",
    }


def _tmpfs(replay: Replay) -> list[Any]:
    return [mount for mount in replay.runner.mounts if mount.kind == "tmpfs"]


def _scratch(target: str) -> str:
    return f"scratch-{_dns_name(target)}"


def _resources(cpus: float, memory: int) -> dict[str, Any]:
    amount = {"cpu": f"{round(cpus * 1000)}m", "memory": str(memory)}
    return {"requests": dict(amount), "limits": dict(amount)}


def _environment(values: Mapping[str, str]) -> list[dict[str, str]]:
    """`$(` would be replaced by Kubernetes, `$$(` stands for it."""
    return [{"name": k, "value": v.replace("$(", "$$(")} for k, v in values.items()]


def _shared(environments: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all fixtures of a job share."""
    first, *others = environments
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in others)}


def _metadata(name: str, stated: Kubernetes, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "namespace": stated.namespace, "labels": dict(labels)}


def _job_name(run: str, image: str) -> str:
    """A readable job name, unique to this image, and short enough with an index."""
    digest = sha256(f"{run}\0{image}".encode()).hexdigest()[:8]
    readable = _dns_name(image.rpartition("/")[2].rpartition(":")[0])[:36].strip("-")
    return f"replay-{readable or 'eval'}-{digest}"


def _dns_name(text: str) -> str:
    """A name that Kubernetes accepts for anything: a DNS label."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:50].strip("-")


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:63].strip("-_.")
