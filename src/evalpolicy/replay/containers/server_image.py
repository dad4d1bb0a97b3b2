"""The image of the replay server, made of exactly the files that this evalpolicy runs from.

Its context holds the package and the distributions that it needs, copied from the running
environment: a build needs no network, and the server in a container is the one that was tested.
The tag names the content, so that an image of another evalpolicy is never taken for this one's.
"""

from __future__ import annotations

import json
import platform
import py_compile
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

import evalpolicy
from evalpolicy.errors import NotCheckedError
from evalpolicy.matching.shipped import schemas_folder
from evalpolicy.replay.containers.engines import CallFailedError, Engine
from evalpolicy.replay.plan.model import LABEL_INPUTS, Command

REPOSITORY = "localhost/evalpolicy-replay"
LABEL_SERVER = "org.evalpolicy.server"
"""On every server image: the version of the evalpolicy that made it."""

NOBODY = "65534:65534"
"""The server's user in its container."""

_PACKAGE = "evalpolicy"
_EXTRAS = ("replay", "replay-fast")
_FOLDER = "/opt/evalpolicy"
_BUILD = 900
"""Seconds a build may take, including pulling its base."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_TRY = (
    "import evalpolicy.replay.app, evalpolicy.replay.server, evalpolicy.frontends.cli.replay, re2"
)


def base_image(text: str) -> str:
    """The base's name; `{python}` is the version that evalpolicy runs on."""
    return text.replace("{python}", _python())


def name(base: str) -> str:
    """The name of the image that is built on `base`."""
    return f"{REPOSITORY}:{evalpolicy.__version__}-{content_id(base)[:16]}"


@cache
def content_id(base: str) -> str:
    """A digest of what goes into the image (SHA-256, hexadecimal)."""
    whole = sha256()
    for path, file in sorted(_files().items()):
        whole.update(f"{path}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
    whole.update(_dockerfile(base, "").encode())
    return whole.hexdigest()


def provide(
    engine: Engine,
    base: str,
    *,
    build: bool = True,
    tell: Callable[[str], None] = lambda line: None,
) -> str:
    """Makes sure that the image exists and returns its name; calls `tell` if it is built.

    Raises `NotCheckedError` if it does not exist and cannot or must not be built.
    """
    id, wanted = content_id(base), name(base)
    if _label(engine, wanted) == id:
        return wanted
    if not build:
        raise NotCheckedError(
            f"{engine.name} has no image {wanted} (the replay server): run without --no-build once"
        )
    tell(f"{wanted}: absent: building it on {base}")
    with tempfile.TemporaryDirectory(prefix="evalpolicy-server-") as folder:
        _lay_out(Path(folder), _dockerfile(base, id))
        try:
            engine.run(build_command(engine, wanted, folder), _BUILD)
        except CallFailedError as error:
            raise NotCheckedError(
                f"cannot build the replay server's image on {base}: {error}; [replay.server] base "
                "names another base"
            ) from error
    _try(engine, wanted, base)
    return wanted


def build_command(engine: Engine, image: str, context: str) -> Command:
    """The build of a context that `provide` prepared."""
    form = ("--format", "docker") if engine.name == "podman" else ()
    return Command((engine.name, "build", *form, "--tag", image, context))


def _label(engine: Engine, image: str) -> str | None:
    asked = ("image", "inspect", "--format", "{{json .Config.Labels}}", image)
    try:
        labels = json.loads(engine.run(Command((engine.name, *asked))))
    except (CallFailedError, ValueError):
        return None
    return labels.get(LABEL_INPUTS) if isinstance(labels, dict) else None


def _try(engine: Engine, image: str, base: str) -> None:
    """Whether the base fits: the same Python, and a C library no older than the host's."""
    run = (engine.name, "run", "--rm", "--network", "none", "--user", NOBODY)
    try:
        engine.run(Command((*run, image, "python3", "-c", _TRY)))
    except CallFailedError as error:
        engine.run(Command((engine.name, "rmi", "--force", image)))
        raise NotCheckedError(
            f"the replay server does not run on {base}: {error}; a base has Python {_python()} on "
            f"{platform.machine()}, [replay.server] base names another"
        ) from error


def _dockerfile(base: str, id: str) -> str:
    return (
        f"FROM {base}\n"
        f"COPY site {_FOLDER}\n"
        f"ENV PYTHONPATH={_FOLDER} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1\n"
        "ENTRYPOINT []\n"
        'CMD ["python3", "-m", "evalpolicy", "replay", "serve", "--help"]\n'
        f"LABEL {LABEL_INPUTS}={id} {LABEL_SERVER}={evalpolicy.__version__}\n"
    )


def _lay_out(folder: Path, dockerfile: str) -> None:
    """Files, each with its byte code: a container that cannot write would compile every time."""
    (folder / "Dockerfile").write_text(dockerfile, "utf-8")
    for path, file in _files().items():
        place = folder / "site" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        if place.suffix == ".py":
            py_compile.compile(
                str(place),
                dfile=f"{_FOLDER}/{path}",
                quiet=2,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
    # Whatever the umask says: the server runs as nobody.
    for place in (folder / "site").rglob("*"):
        place.chmod(0o755 if place.is_dir() else 0o644)
    (folder / "site").chmod(0o755)


@cache
def _files() -> Mapping[str, Path]:
    """The files of the image: path in the image → file."""
    own = Path(evalpolicy.__file__).parent
    found = {
        f"{_PACKAGE}/{file.relative_to(own).as_posix()}": file
        for file in own.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    for file in schemas_folder().iterdir():
        found[f"{_PACKAGE}/schemas/{file.name}"] = file
    for needed in _closure():
        found.update(_files_of(needed))
    return found


def _files_of(needed: Distribution) -> Iterator[tuple[str, Path]]:
    if needed.files is None:
        raise NotCheckedError(
            f"cannot make the replay server's image: {needed.metadata['Name']} does not say which "
            "files it has; install it with pip"
        )
    for file in needed.files:
        path = PurePosixPath(file)
        if ".." not in path.parts and not path.is_absolute() and path.suffix != ".pyc":
            place = Path(str(needed.locate_file(file)))
            if place.is_file():
                yield path.as_posix(), place


def _closure() -> list[Distribution]:
    """All dependencies of `evalpolicy[replay]`, without evalpolicy itself."""
    found: dict[str, Distribution] = {}
    waiting = list(_required(_PACKAGE, _EXTRAS))
    while waiting:
        wanted, conditional = waiting.pop()
        key = re.sub(r"[-_.]+", "-", wanted).lower()
        if key in found or key == _PACKAGE:
            continue
        try:
            found[key] = distribution(wanted)
        except PackageNotFoundError:
            if conditional:
                continue  # for another platform, or an extra that is not installed
            raise NotCheckedError(
                f"replay needs {wanted}: run pip install 'evalpolicy[replay]'"
            ) from None
        waiting.extend(_required(wanted, ()))
    return [found[key] for key in sorted(found)]


def _required(package: str, extras: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Names that a distribution requires, and whether each is conditional."""
    for line in distribution(package).requires or ():
        requirement, _, marker = line.partition(";")
        match = _NAME.match(requirement.strip())
        extra = _EXTRA.search(marker)
        if match is not None and (extra is None or extra[1] in extras):
            yield match[0], bool(marker.strip()) and not (extra and extra[1] == _EXTRAS[0])


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
