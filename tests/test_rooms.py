"""The rooms of the package: each imports those below it, and none in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import evalpolicy

PACKAGE = Path(evalpolicy.__file__).parent

# From below: each room imports from those before it, and from itself. See CONTRIBUTING.md.
ROOMS = (
    "artifacts",
    "matching",
    "scanners",
    "snapshot",
    "policy",
    "config",
    "fleet",
    "facts",
    "rules",
    "engine",
    "reporters",
    "provenance",
    "replay",
    "frontends",
    "testing",
)
# Modules that stand in no room; of these any room imports `errors` and the package itself.
LOOSE = {"__init__", "__main__", "errors"}


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {
        ".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in PACKAGE.rglob("*.py")
    }


def imports(name: str, source: str, known: set[str], *, is_package: bool) -> Iterator[str]:
    """The package's modules that a module imports, wherever the import stands."""
    parts = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                if inner in known or base in known:
                    yield inner if inner in known else base


def room(name: str) -> str:
    return (*name.split("."), "__init__")[1]


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    """Module → the modules that it imports."""
    there = modules()
    return {
        name: {
            one
            for one in imports(
                name, path.read_text("utf-8"), set(there), is_package=path.stem == "__init__"
            )
            if one not in (name, PACKAGE.name)
        }
        for name, path in there.items()
    }


def upward(arrows: dict[str, set[str]]) -> list[str]:
    """The imports that run to a room that stands above."""
    floor = {name: number for number, name in enumerate(ROOMS)} | {"errors": -1, "__main__": 99}
    return sorted(
        f"{name} imports {other}"
        for name, others in arrows.items()
        for other in others
        if name != PACKAGE.name and floor[room(other)] > floor[room(name)]
    )


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports; none of them counts as its own package's."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


def test_no_module_stands_loose() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == LOOSE


def test_every_folder_is_a_room() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(ROOMS)


def test_no_import_runs_up(arrows: dict[str, set[str]]) -> None:
    assert upward(arrows) == []


def test_no_imports_run_in_a_circle(arrows: dict[str, set[str]]) -> None:
    assert circle(arrows) == []


def test_an_import_that_runs_up_is_found(arrows: dict[str, set[str]]) -> None:
    name = "evalpolicy.snapshot.git"
    added = set(
        imports(name, "from evalpolicy.engine.check import check", set(arrows), is_package=False)
    )
    assert upward({**arrows, name: arrows[name] | added}) == [
        "evalpolicy.snapshot.git imports evalpolicy.engine.check"
    ]


def test_a_circle_is_found_in_relative_imports_within_functions_too(
    arrows: dict[str, set[str]],
) -> None:
    name = "evalpolicy.artifacts.dockerfile.model"
    source = "def f():\n    from .stages import with_stages\n"
    added = set(imports(name, source, set(arrows), is_package=False))
    assert added == {"evalpolicy.artifacts.dockerfile.stages"}
    assert set(circle({**arrows, name: arrows[name] | added})) > {name}
