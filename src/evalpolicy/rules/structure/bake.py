"""Bake files compared with the Dockerfiles that they build."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.shell.values import with_defaults
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot.model import understood

if TYPE_CHECKING:
    from evalpolicy.artifacts.bake import Bake, Target

# No bake file is larger (bytes).
_LIMIT = 4 << 20
# `COPY --from`, mounts, ARG and FROM, without the name that FROM gives its stage.
_NAMES_IMAGE = re.compile(rb"(?im)^[ \t]*(?:FROM[ \t]+(?:--\S+[ \t]+)*|ARG[ \t]+)\S+|from=[^\s,]+")
_WORD = re.compile(r"[\w.-]*\w")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_TAG = re.compile(r"(?::[\w.-]*|:\$\{[^}]*\})?(?:@\S+)?$")


@rule("STR007", "bake-contexts", "error")
def bake_contexts(fleet: Fleet) -> Iterator[Hit]:
    """A bake target's contexts are not what its Dockerfile builds on, or a variable has no use.

    Found are a context that no FROM, COPY --from or mount of the Dockerfile uses; one bound to a
    target that no bake file defines, or that builds an image of another name; an image of another
    target that the Dockerfile uses, but no context names; and a variable that no bake file uses.

    ## Why

    Where a context is missing or names the wrong target, bake pulls the published image, and the
    change that was to be tested is not in the build. A context too many builds an image for
    nothing.

    ## Example

    ```hcl docker-bake.hcl
    target "base" {
      context = "containers/core/base"
      tags = ["example/core/base:1"]
    }
    target "tool" {
      context = "containers/core/tool"
      tags = ["example/core/tool:1"]
    }
    target "arc" {
      context = "containers/benchmarks/arc"
      contexts = {
        "example/core/base" = "target:base"
        "example/core/tool" = "target:tool"
      }
    }
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM example/core/base:1
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```hcl docker-bake.hcl
    target "base" {
      context = "containers/core/base"
      tags = ["example/core/base:1"]
    }
    target "arc" {
      context = "containers/benchmarks/arc"
      contexts = {
        "example/core/base" = "target:base"
      }
    }
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM example/core/base:1
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    A target without contexts, or with `inherits`; an image that the Dockerfile takes by an argument
    which the target sets; a name with a variable that has no default; a Dockerfile that is not in
    the repository. Images are compared by the last two parts of their names, without tags. Bake
    files in JSON.
    """
    bakes = dict(_bakes(fleet))
    defaults = _defaults(fleet, bakes)
    targets = {target.name: target for bake in bakes.values() for target in bake.targets}
    built = {
        _short(with_defaults(tag, defaults)): target.name
        for target in targets.values()
        for tag in target.tags
    }
    tails = frozenset(name.rpartition("/")[2] for name in built)
    for path, bake in bakes.items():
        for variable in bake.variables:
            if not any(variable.text in other.words for other in bakes.values()):
                yield Hit(
                    path,
                    f"no bake file uses the variable {variable.text}: remove it",
                    variable.span,
                    "",
                    "",
                    f"variable {variable.text}",
                )
        for target in bake.targets:
            if target.contexts:
                yield from _bound(path, target, targets, defaults)
                used = _used(fleet, target, tails)
                if used is not None and not target.inherits:
                    yield from _compared(path, target, used, built, defaults)


def _bound(
    path: str, target: Target, targets: Mapping[str, Target], defaults: Mapping[str, str]
) -> Iterator[Hit]:
    """Contexts that are bound to a target that is not there, or to another image's."""
    for context in target.contexts:
        kind, _, name = context.value.text.partition("target:")
        if kind or "$" in name or not name:
            continue
        other = targets.get(name)
        image = with_defaults(context.name.text, defaults)
        if other is None:
            message = f"no bake file defines the target {name}: correct the name"
        elif other.tags and "$" not in _short(image) and "/" in image:
            builds = [_short(with_defaults(tag, defaults)) for tag in other.tags]
            if _short(image) in builds or any("$" in each for each in builds):
                continue
            message = f"{context.name.text} is bound to the target {name}, which builds {builds[0]}"
        else:
            continue
        yield Hit(path, message, context.value.span, "", target.name, context.name.text)


def _compared(
    path: str,
    target: Target,
    used: Mapping[str, tuple[str, frozenset[str]]],
    built: Mapping[str, str],
    defaults: Mapping[str, str],
) -> Iterator[Hit]:
    """Contexts that the Dockerfile does not use, and images that no context names."""
    names = {_short(with_defaults(each.name.text, defaults)): each for each in target.contexts}
    for name, context in names.items():
        if name not in used and "$" not in name:
            yield Hit(
                path,
                f"the Dockerfile of {target.context} does not use {context.name.text}: remove the "
                "context",
                context.name.span,
                "",
                target.name,
                context.name.text,
            )
    for name, (shown, given) in used.items():
        other = None if given & target.args else built.get(name)
        if other is not None and other != target.name and name not in names:
            yield Hit(
                path,
                f"the Dockerfile of {target.context} uses {shown}, which the target {other} "
                "builds, but no context names it: the build pulls the published image",
                target.span,
                f'add `"{shown}" = "target:{other}"` to contexts',
                target.name,
                name,
            )


def _used(
    fleet: Fleet, target: Target, tails: frozenset[str]
) -> Mapping[str, tuple[str, frozenset[str]]] | None:
    """The images of a target's Dockerfile: short name → name, and the variables that it is from.

    None if they are not known, or if a look at the lines shows them to be those of the contexts.
    """
    if target.context is None or "$" in target.context or ":" in target.context:
        return None
    path = posixpath.normpath(posixpath.join(target.context, (target.dockerfile or "Dockerfile")))
    if path not in fleet.snapshot.entries:
        return None
    from evalpolicy.artifacts.dockerfile.images import images

    try:
        if _look_alike(fleet.snapshot.read(path, _LIMIT), target, tails):
            return None
        dockerfile = fleet.dockerfile(path)
    except Unreadable as reason:
        fleet.unreadable(path, reason)
        return None
    found = {
        _short(image.resolved): (
            _TAG.sub("", image.resolved), frozenset(_VARIABLE.findall(image.raw)),
        )
        for image in images(dockerfile)
    }  # fmt: skip
    return None if any("$" in name or not name for name in found) else found


def _look_alike(content: bytes, target: Target, tails: frozenset[str]) -> bool:
    """Whether the lines that may name images have the names of the contexts, and no others.

    To parse every Dockerfile once more would take ten times as long.
    """
    lines = b"\n".join(_NAMES_IMAGE.findall(content)).decode("utf-8", "replace")
    words = set(_WORD.findall(lines))
    bound = {_TAG.sub("", each.name.text).rpartition("/")[2] for each in target.contexts}
    return bound <= words and (tails & words) <= bound


def _bakes(fleet: Fleet) -> Iterator[tuple[str, Bake]]:
    from evalpolicy.artifacts.bake import parse

    globs, snapshot = Globs(fleet.layout.bake), fleet.snapshot
    for path, entry in snapshot.entries.items():
        if entry.is_file and path.endswith(".hcl") and (path in globs or _is_bake(path)):
            try:
                yield path, understood(parse, snapshot.read(path, _LIMIT))
            except Unreadable as reason:
                fleet.unreadable(path, reason)


def _is_bake(path: str) -> bool:
    """A further file of a bake, `combination.docker-bake.hcl`: it may define targets, too."""
    return path.endswith("docker-bake.hcl")


def _defaults(fleet: Fleet, bakes: Mapping[str, Bake]) -> Mapping[str, str]:
    from evalpolicy.artifacts.build_args import bake_defaults

    found: dict[str, str] = {}
    for path in bakes:
        found |= bake_defaults(fleet.snapshot.read(path, _LIMIT))
    return found


def _short(name: str) -> str:
    """`core/entrypoint`: the last two parts, without a tag."""
    return "/".join(_TAG.sub("", name).split("/")[-2:])
