"""The command that is really run: behind `sudo`, `timeout 5`, `uv run`, `docker run image`.

Options that take a value are those of sudo 1.9, GNU coreutils 9 and findutils 4.9, uv 0.8,
conda 25 and docker 28; an option that is not known takes none.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.expansion import Scope, resolved
from evalpolicy.artifacts.syntax.shell.model import ShellWord, SimpleCommand
from evalpolicy.artifacts.syntax.shell.words import ASSIGNMENT

NOTHING = Scope()
Words = tuple[ShellWord, ...]


class Runner(Struct, frozen=True):
    """How a command names the one that it runs: behind `verb`, options, `operands` words.

    `values` are its options that take a value, `asks` those with which it runs nothing.
    """

    values: frozenset[str] = frozenset()
    operands: int = 0
    verb: str = ""
    asks: frozenset[str] = frozenset()


def _runner(values: str = "", operands: int = 0, verb: str = "", asks: str = "") -> Runner:
    return Runner(frozenset(values.split()), operands, verb, frozenset(asks.split()))


_WRAPPERS: Mapping[str, Runner] = {
    "sudo": _runner("-u -g -h -p -C -r -t --user --group"),
    "doas": _runner("-u -C"),
    "env": _runner("-u -C --unset --chdir"),
    "time": _runner("-f -o"),
    "nice": _runner("-n"),
    "ionice": _runner("-c -n"),
    "timeout": _runner("-k -s --kill-after --signal", 1),
    "xargs": _runner("-I -n -P -L -d -a -E -s"),
    "gosu": _runner("", 1),
    "exec": _runner("-a"),
    "command": _runner(asks="-v -V"),
    "builtin": _runner(),
    "nohup": _runner(),
    "setsid": _runner(),
    "stdbuf": _runner("-i -o -e"),
    "xvfb-run": _runner("-n -s -e -f -w --server-num --server-args"),
}
"""They add nothing but circumstances."""

_PYTHON_VALUES = "-p --python --with --with-requirements --with-editable --from --extra --group"
_RUNNERS: Mapping[str, Runner] = {
    "uv": _runner(f"{_PYTHON_VALUES} --project --directory --env-file", verb="run"),
    "uvx": _runner(_PYTHON_VALUES),
    "pipx": _runner("--spec --python --pip-args", verb="run"),
    **{name: _runner(verb="run") for name in ("poetry", "pipenv", "rye", "pdm")},
    "hatch": _runner("-e --env", verb="run"),
    "npx": _runner("-p --package"),
    "bunx": _runner("-p --package"),
    **{
        name: _runner("-n --name -p --prefix --cwd", verb="run")
        for name in ("conda", "mamba", "micromamba")
    },
}
"""They choose what the name of the command stands for."""
_ALL = {**_WRAPPERS, **_RUNNERS}

ENGINES = ("docker", "podman", "nerdctl")
_ENGINE_GROUPS = frozenset(("buildx", "image", "container", "builder", "compose"))
_ENGINE_VALUES = frozenset(
    ("-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "-f")
)
# Options of `docker run` that take none; every other takes a value, if not behind `=`.
_ENGINE_FLAGS = frozenset(
    (
        "-d", "--detach", "-i", "--interactive", "-t", "--tty", "-it", "-ti", "--rm", "--init",
        "--privileged", "--read-only", "-P", "--publish-all", "-q", "--quiet",
        "--no-healthcheck", "--oom-kill-disable", "--disable-content-trust", "--sig-proxy",
        "--no-hosts", "-dit", "-itd", "-D", "--debug", "--tls",
    )
)  # fmt: skip


class ContainerCommand(Struct, frozen=True):
    """Where `docker run` starts a command: the image's word as written, and what it can see.

    `mounts` are pairs of a path in the container and what is mounted there; `directory` is what
    `-w` says. `passed` are variables that it takes over from outside (`-e NAME`).
    """

    image: ShellWord
    mounts: tuple[tuple[str, str], ...] = ()
    directory: str | None = None
    passed: tuple[str, ...] = ()


class Innermost(Struct, frozen=True):
    """What a command comes to: its words, what is set for it, and the container it runs in.

    In a container the first word is what the image is called, its entry point as far as a text
    tells, or that of `--entrypoint`. `directory` is what `env -C` or `uv --directory` says.
    """

    words: Words
    environment: tuple[tuple[str, str], ...] = ()
    container: ContainerCommand | None = None
    directory: str | None = None

    @property
    def image(self) -> ShellWord | None:
        return None if self.container is None else self.container.image


def basename(text: str) -> str:
    return text.rpartition("/")[2]


def unwrapped(words: Words) -> Words:
    """The words behind `sudo -E`, `env A=b`, `timeout 5` and such."""
    return _behind(words, _WRAPPERS, [], [])


def innermost(command: SimpleCommand, scope: Scope = NOTHING) -> Innermost:
    """The command behind all that runs another one, containers too, with what `scope` knows."""
    set_: list[ShellWord] = list(command.assignments)
    there: list[str] = []
    words = _behind(resolved(command.words, scope), _ALL, set_, there)
    if words and basename(words[0].text) in ENGINES:
        inside = _contained(words)
        if inside is not None:
            return inside
    environment = tuple(_pair(scope.expanded(word.text)) for word in set_)
    return Innermost(words, environment, directory=there[-1] if there else None)


def _behind(
    words: Words, runners: Mapping[str, Runner], set_: list[ShellWord], there: list[str]
) -> Words:
    for _ in range(10):
        runner = runners.get(basename(words[0].text)) if words else None
        if runner is None:
            break
        at = _options(words, 1, runner)
        if runner.verb:
            if at >= len(words) or words[at].text != runner.verb:
                break
            at = _options(words, at + 1, runner)
        if runner.asks and any(word.text in runner.asks for word in words[1:at]):
            break
        there += _directories(words[1:at])
        at += runner.operands
        while at < len(words) and ASSIGNMENT.match(words[at].text):
            set_.append(words[at])
            at += 1
        words = words[at:]
    return words


def _options(words: Words, at: int, runner: Runner) -> int:
    while at < len(words) and (text := words[at].text).startswith("-"):
        at += 2 if text in runner.values else 1
        if text == "--":
            break
    return at


_CHANGES = ("-C", "--chdir", "--directory")


def _directories(words: Words) -> list[str]:
    """What the options of a runner say about the directory."""
    after = [word.text for at, word in enumerate(words[1:]) if words[at].text in _CHANGES]
    joined = [word.text.partition("=") for word in words]
    return after + [value for name, _, value in joined if value and name in _CHANGES]


def _contained(words: Words) -> Innermost | None:
    """`docker run -e A=b -v c:d -w d image words`."""
    at = engine_verb(words)
    verb = words[at].text if at < len(words) else ""
    if verb not in ("run", "create", "exec"):
        return None
    at += 1
    entry: ShellWord | None = None
    options: list[tuple[str, str]] = []
    while at < len(words) and (text := words[at].text).startswith("-"):
        option, joined, value = text.partition("=")
        if option in _ENGINE_FLAGS:
            at += 1
            continue
        if not joined and option[1:2] in "vwe" and len(option) > 2 and option[1] != "-":
            option, value = option[:2], text[2:]  # `-v.:/repo`
        elif not joined and at + 1 < len(words):
            at += 1
            value = words[at].text
        options.append((option, value))
        if option == "--entrypoint":
            entry = replace(words[at], text=value)
        at += 1
    if at >= len(words):
        return None
    image, arguments = words[at], words[at + 1 :]
    set_ = [value for option, value in options if option in ("-e", "--env")]
    container = ContainerCommand(
        image=image,
        mounts=tuple(filter(None, (_mount(*each) for each in options))),
        directory=next((v for o, v in reversed(options) if o in ("-w", "--workdir")), None),
        passed=tuple(value for value in set_ if "=" not in value),
    )
    environment = tuple(_pair(value) for value in set_ if "=" in value)
    if verb == "exec":
        return Innermost(arguments, environment, container)
    name = basename(image.text.partition("@")[0]).partition(":")[0]
    entry = entry or replace(image, text=name)
    return Innermost((entry, *arguments), environment, container)


def _mount(option: str, value: str) -> tuple[str, str] | None:
    """Where something is mounted, and what, of `-v a:b:ro` and `--mount type=bind,src=a,dst=b`."""
    if option in ("-v", "--volume"):
        source, _, rest = value.partition(":")
        target = rest.partition(":")[0]
        return (target, source) if target else None
    if option == "--mount":
        pairs = dict(_pair(part) for part in value.split(","))
        source = pairs.get("source") or pairs.get("src") or ""
        target = pairs.get("target") or pairs.get("dst") or pairs.get("destination") or ""
        return (target, source) if source and target else None
    return None


def engine_verb(words: Words) -> int:
    """Where `build`, `run` … stands behind docker's own options and groups."""
    at = 1
    while at < len(words):
        text = words[at].text
        if text in _ENGINE_VALUES:
            at += 2
        elif text.startswith("-") or text in _ENGINE_GROUPS:
            at += 1
        else:
            break
    return at


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.removesuffix("+"), value
