"""The images that replays need: their names, their bases, how each is built."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import NamedTuple

from msgspec.structs import replace

from evalpolicy.artifacts.build_args import bake_variables, from_bake
from evalpolicy.artifacts.dockerfile import Dockerfile, parse, resolve
from evalpolicy.artifacts.dockerfile.images import images as images_of
from evalpolicy.config.replay import Replaying, filled
from evalpolicy.fleet.build_inputs import build_inputs_id
from evalpolicy.fleet.fleet import DOCKERFILE_LIMIT, Fleet
from evalpolicy.fleet.units import Role, Unit
from evalpolicy.replay.plan.builds import bake_build, engine_build, script_build
from evalpolicy.replay.plan.model import Build, EngineName, ImageRole, PlannedImage
from evalpolicy.replay.plan.naming import ImageNames, is_image_name
from evalpolicy.replay.plan.sources import Sources, asked_secrets, copied_paths
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot.model import understood

_BUILT: tuple[Role, ...] = ("core", "model", "gateway", "benchmark", "agent")
_SCRIPT = "build.sh"
_TASK_ARG = "EVAL_TASK_ID"
# A larger bake file is not read (bytes).
_BAKE_LIMIT = 4 << 20


class _Combination(NamedTuple):
    """What all eval images have in common: the Dockerfile (its variables open), the id of what it
    copies, the bake files' ids, and the names of their variables and of the build arguments that
    they set."""

    dockerfile: Dockerfile
    inputs: str
    bake: Mapping[str, str]
    args: frozenset[str]
    variables: frozenset[str]


class ImagePlanner:
    """Plans each image once; `images` lists them, bases before what is built on them."""

    def __init__(self, fleet: Fleet, settings: Replaying, engine: EngineName) -> None:
        self._fleet = fleet
        self._settings = settings
        self._engine = engine
        self.names = ImageNames(settings)
        self._own = {
            self.names.unit(role, unit.name): unit for role in _BUILT for unit in fleet.of(role)
        }
        self._found: dict[str, PlannedImage] = {}
        self._open: list[str] = []

    @property
    def images(self) -> tuple[PlannedImage, ...]:
        return tuple(self._found.values())

    def eval(self, benchmark: Unit, task: str | None, agent: Unit) -> PlannedImage:
        """The image that a replay runs: of a benchmark (or one of its tasks) and an agent."""
        name = self.names.eval(benchmark.name, task, agent.name)
        if name in self._found:
            return self._found[name]
        below = (self.benchmark(benchmark, task), self._unit(agent))
        values = {
            "registry": self._settings.registry,
            "tag": self._settings.tag,
            "name": benchmark.name,
            "benchmark": benchmark.name,
            "task": (task or "").lower(),
            "agent": agent.name,
            "benchmark_image": below[0].name,
            "agent_image": below[1].name,
        }
        how = self._settings.eval
        args = {key: filled(text, values) for key, text in how.args.items()}
        variables = {key: filled(text, values) for key, text in how.variables.items()}
        try:
            sources = understood(partial(self._eval_sources, args, variables), below)
            unknown = tuple(sorted(self._combination.args - set(args)))
        except Unreadable as reason:
            return self._keep(_impossible(name, "eval", str(reason)))
        labels = sources.labels
        others = sorted(self._combination.variables - {*variables, *self._settings.secrets})
        network = self._settings.build_network
        build = bake_build(how, name, args, variables, labels, network, others)
        build = replace(build, unknown=unknown)
        return self._keep(_image(name, "eval", sources, build))

    def benchmark(self, unit: Unit, task: str | None) -> PlannedImage:
        """A benchmark's image, or the image of one task if each has its own."""
        if task is None:
            return self._unit(unit)
        script = f"{unit.folder}/{_SCRIPT}"
        return self._unit(
            unit,
            self.names.benchmark(unit.name, task),
            task,
            script if script in self._fleet.snapshot.entries else None,
        )

    def _eval_sources(
        self, args: Mapping[str, str], variables: Mapping[str, str], below: tuple[PlannedImage, ...]
    ) -> Sources:
        combination = self._combination
        own = self._bases(resolve(combination.dockerfile, args))
        bases = {image.name: image for image in (*below, *own)}
        how = self._settings.eval
        return Sources(
            how.dockerfile,
            combination.inputs,
            args,
            tuple(bases.values()),
            {
                "target": how.target,
                **{f"variable {key}": value for key, value in variables.items()},
                **{f"bake {file}": id for file, id in combination.bake.items()},
            },
        )

    @cached_property
    def _combination(self) -> _Combination:
        """Raises `Unreadable` for what is missing or cannot be read."""
        how, snapshot = self._settings.eval, self._fleet.snapshot
        path = f"{how.context}/{how.dockerfile}"
        for needed in (path, *how.bake):
            if needed not in snapshot.entries:
                raise Unreadable(
                    f"{needed} is not there: say in [replay.eval] of evalpolicy.toml how eval "
                    "images are built"
                )
        dockerfile = parse(snapshot.read(path, DOCKERFILE_LIMIT))
        within = copied_paths(dockerfile)
        if within is not None:
            ignoring = (".dockerignore", f"{how.dockerfile}.dockerignore")
            within = within | {how.dockerfile, *ignoring}
        bake = {file: snapshot.read(file, _BAKE_LIMIT) for file in how.bake}
        return _Combination(
            dockerfile,
            build_inputs_id(snapshot, how.context, within),
            {file: snapshot.object_id(file) for file in how.bake},
            frozenset(name for content in bake.values() for name in from_bake(content)),
            frozenset(name for content in bake.values() for name in bake_variables(content)),
        )

    def _unit(
        self,
        unit: Unit,
        name: str | None = None,
        task: str | None = None,
        script: str | None = None,
    ) -> PlannedImage:
        name = name or self.names.unit(unit.role, unit.name)
        if name in self._found:
            return self._found[name]
        if name in self._open:
            return _impossible(name, unit.role, f"it is built on itself: {', '.join(self._open)}")
        self._open.append(name)
        try:
            return self._keep(understood(partial(self._built, unit, name, task), script))
        except Unreadable as reason:
            return self._keep(_impossible(name, unit.role, f"{unit.path}: {reason}"))
        finally:
            self._open.pop()

    def _built(self, unit: Unit, name: str, task: str | None, script: str | None) -> PlannedImage:
        settings = self._settings
        dockerfile = unit.dockerfile
        args = {} if task is None else {_TASK_ARG: task}
        if settings.build_arg in {arg.key for arg in dockerfile.global_args}:
            args[settings.build_arg] = settings.registry
        sources = Sources(
            unit.path.rpartition("/")[2],
            build_inputs_id(self._fleet.snapshot, unit.folder),
            args,
            self._bases(resolve(dockerfile, args)),
            {} if script is None else {"script": _SCRIPT},
        )
        if script is not None and task is not None:
            build = script_build(self._engine, name, script, task, sources.labels)
        else:
            build = engine_build(
                self._engine,
                name,
                unit.folder,
                sources.dockerfile,
                args,
                sources.labels,
                settings.build_network,
                asked_secrets(dockerfile, settings.secrets),
            )
        return _image(name, unit.role, sources, build)

    def _bases(self, dockerfile: Dockerfile) -> tuple[PlannedImage, ...]:
        """The images of this fleet that a Dockerfile is built on or copies from."""
        tag = f":{self._settings.tag}"
        found = {}
        for image in images_of(dockerfile):
            name = image.resolved if ":" in image.resolved.rpartition("/")[2] else None
            unit = self._own.get(name or f"{image.resolved}{tag}")
            if unit is not None and image.known:
                base = self._unit(unit)
                found[base.name] = base
        return tuple(found.values())

    def _keep(self, image: PlannedImage) -> PlannedImage:
        self._found[image.name] = image
        return image


def _image(name: str, role: ImageRole, sources: Sources, build: Build) -> PlannedImage:
    if not is_image_name(name):
        return _impossible(name, role, "no engine takes this for the name of an image")
    broken = [base for base in sources.bases if base.problem]
    return PlannedImage(
        name,
        role,
        sources.inputs,
        sources.recipe,
        tuple(base.name for base in sources.bases),
        build,
        f"its base {broken[0].name}: {broken[0].problem}" if broken else None,
    )


def _impossible(name: str, role: ImageRole, problem: str) -> PlannedImage:
    return PlannedImage(name, role, "", "", problem=problem)
