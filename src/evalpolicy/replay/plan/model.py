"""The parts of a plan. A plan describes everything that a run does, without doing it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct, field

EngineName = Literal["docker", "podman"]
ImageRole = Literal["core", "model", "gateway", "benchmark", "agent", "eval", "server"]
MountKind = Literal["bind", "tmpfs", "volume"]

LABEL_RUN = "org.evalpolicy.run"
"""On every container: the run that made it."""
LABEL_REPLAY = "org.evalpolicy.replay"
"""On every container: the fixture's stem."""
LABEL_OWNER = "org.evalpolicy.owner"
"""On every container and volume: the process that made it, as `containers.owner` names it."""
LABEL_INPUTS = "org.evalpolicy.inputs"
"""On every image built here: the tree id of its build inputs (`evalpolicy.fleet.build_inputs`)."""
LABEL_RECIPE = "org.evalpolicy.recipe"
"""On every image built here: a digest of its inputs, its build arguments and its bases'."""


class Command(Struct, frozen=True):
    """One call of a program: run without a shell, from the fleet's root.

    `environment` is set beside what the process that calls has, but for the variables in
    `without`; `stdin` is all that the program reads. `str()` is the same call as a line for a
    POSIX shell.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    without: tuple[str, ...] = ()

    def variables(self, callers: Mapping[str, str]) -> dict[str, str]:
        """The program's environment variables."""
        kept = {name: value for name, value in callers.items() if name not in self.without}
        return {**kept, **self.environment}

    def __str__(self) -> str:
        words = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        if self.without:
            words = ["env", *(f"-u {shlex.quote(name)}" for name in self.without), *words]
        line = " ".join([*words, shlex.join(self.argv)])
        return line if self.stdin is None else f"{_printed(self.stdin)} | {line}"


def _printed(text: str) -> str:
    """The call that prints a text on one line, whatever it contains."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        return shlex.join(["printf", "%s\\n", *lines[:-1]])
    return shlex.join(["printf", "\\n".join(["%s"] * len(lines)), *lines])


class Build(Struct, frozen=True):
    """How an image is built: `steps`, one after the other, each only if the last went well.

    `kind` is `script` (the benchmark's build.sh, then the labels), `engine` (`docker build`),
    `bake`, or `package` (the replay server, made of this evalpolicy). For `bake`, `resolved` is
    the call that prints what bake would build, and `fallback` the build by podman of that, as far
    as it is known without asking: for a builder that cannot see the local base, and none else.
    `unknown` are the build arguments that the bake files set and the configuration does not,
    `network` is what the configuration says.
    """

    kind: Literal["script", "engine", "bake", "package"]
    steps: tuple[Command, ...]
    context: str = ""
    dockerfile: str = ""
    resolved: Command | None = None
    fallback: Command | None = None
    unknown: tuple[str, ...] = ()
    network: str | None = None


class PlannedImage(Struct, frozen=True):
    """An image by its full name, with what it has to carry to count as built from this fleet.

    `inputs` is the tree id of its build inputs, `recipe` the digest of all that goes into it from
    this fleet, its bases included. `bases` are names of images of the same plan that have to be
    there before. `build` is None for one that cannot be built, and `problem` says why.
    """

    name: str
    role: ImageRole
    inputs: str
    recipe: str
    bases: tuple[str, ...] = ()
    build: Build | None = None
    problem: str | None = None

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels to set and compare."""
        return {LABEL_INPUTS: self.inputs, LABEL_RECIPE: self.recipe}


class Mount(Struct, frozen=True):
    """What a container sees at `target`.

    `source` is an absolute path of the host's for `bind`, a name for `volume`, empty for `tmpfs`;
    `size` is the most that a tmpfs or a volume holds, in bytes.
    """

    kind: MountKind
    target: str
    source: str = ""
    read_only: bool = False
    size: int | None = None


class ContainerLimits(Struct, frozen=True):
    """A container's limits. `memory` and `file_size` are in bytes, `seconds` is wall time.

    No swap is allowed; `open_files` is per process, `processes` for all of them.
    `disk` is what it may write (bytes) where no mount is: it is measured while the container runs.
    """

    cpus: float
    memory: int
    processes: int
    open_files: int
    file_size: int
    seconds: int
    disk: int = 4 << 30


class Container(Struct, frozen=True):
    """One container, and the call that creates it; `create` holds everything above it.

    `network` is `none`, or `container:NAME` for the network namespace of another. `user` is
    `uid:gid`, None for the image's own; `command` is empty where the image's own runs. `before`
    are the calls that make its volumes. What an `attached` container prints is read while it
    runs, and kept by no engine.
    """

    name: str
    image: str
    network: str
    limits: ContainerLimits
    create: Command = Command(())
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    read_only: bool = False
    attached: bool = False
    before: tuple[Command, ...] = ()


class Paths(Struct, frozen=True):
    """Where one replay writes its output on the host.

    `folder` holds all of it, `journal` is the server's, `output` what the runner sees as its
    output folder; `result` and `agent_result` lie in there, `logs` are the containers'.
    """

    folder: str
    journal: str
    output: str
    result: str
    agent_result: str
    logs: str


class Replay(Struct, frozen=True):
    """One fixture to replay. `path` is from the fleet's root, `fixture` absolute.

    `reward` is the recorded one, None where the provenance entry has none. `control` asks for a
    replay of an empty fixture, whose reward has to be 0.
    """

    name: str
    path: str
    fixture: str
    sha256: str
    benchmark: str
    task: str
    agent: str
    model: str
    turns: int
    reward: float | None
    image: str
    paths: Paths
    server: Container
    runner: Container
    control: bool = False


class Skipped(Struct, frozen=True):
    """A chosen fixture that cannot be replayed or is known to be broken: not run."""

    path: str
    reason: str
    broken: bool = False


class Plan(Struct, frozen=True):
    """All replays of one run. `images` come bases first, each once; `root` is the fleet's.

    `run` is on every container as a label, and in its name.
    """

    run: str
    engine: EngineName
    root: str
    images: tuple[PlannedImage, ...]
    replays: tuple[Replay, ...]
    skipped: tuple[Skipped, ...] = ()
    server_image: str = ""
    notes: tuple[str, ...] = field(default=())

    def image(self, name: str) -> PlannedImage:
        """The image of this name. Raises `KeyError`."""
        return next(_named(self.images, name))


def _named(images: tuple[PlannedImage, ...], name: str) -> Iterator[PlannedImage]:
    for image in images:
        if image.name == name:
            yield image
            return
    raise KeyError(name)
