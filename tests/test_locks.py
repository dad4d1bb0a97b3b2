"""requirements/*.txt fit pyproject.toml: `make lock` has been run since it changed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
LOCKS = sorted(path.stem for path in (ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
FOR_USERS_ALONE = {"replay-fast"}
"""Extras that nothing of this repository installs."""

_PLATFORMS = [
    ("linux", "posix", "Linux"),
    ("darwin", "posix", "Darwin"),
    ("win32", "nt", "Windows"),
]
MACHINES = [
    {
        "python_version": version,
        "python_full_version": f"{version}.7",
        "sys_platform": platform,
        "os_name": os_name,
        "platform_system": system,
    }
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
    for platform, os_name, system in _PLATFORMS
]
_ROW = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[a-z0-9.]+)(?: ; (?P<marker>[^\\\n]+?))?"
    r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)


def pins(text: str, machine: dict[str, str]) -> dict[str, str]:
    """What a lock installs on a machine, version by name; anything but hashed pins fails."""
    assert not _ROW.sub("", text), "only name==version, a marker and hashes"
    found: dict[str, str] = {}
    for row in _ROW.finditer(text):
        if row["marker"] is None or Marker(row["marker"]).evaluate(dict(machine)):
            assert row["name"] not in found, f"{row['name']} has two versions"
            found[row["name"]] = row["version"]
    return found


def wanted(lines: list[str], machine: dict[str, str]) -> Iterator[Requirement]:
    """What requirements come to on a machine, extras of evalpolicy itself written out."""
    for requirement in map(Requirement, lines):
        if requirement.marker is not None and not requirement.marker.evaluate(dict(machine)):
            continue
        if requirement.name == "evalpolicy":
            for extra in requirement.extras:
                yield from wanted(EXTRAS[extra], machine)
        else:
            yield requirement


def misfits(requirements: list[str], text: str, machine: dict[str, str]) -> list[str]:
    """Each requirement that a lock does not meet on a machine."""
    locked = pins(text, machine)
    return [
        f"{requirement}: locked is {locked.get(canonicalize_name(requirement.name))}"
        for requirement in wanted(requirements, machine)
        if not requirement.specifier.contains(
            locked.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
        or canonicalize_name(requirement.name) not in locked
    ]


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_fits_its_extra(name):
    requirements = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *([] if name == "runtime" else EXTRAS[name]),
    ]
    for machine in MACHINES:
        assert misfits(requirements, lock(name), machine) == [], "run make lock"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m['python_version']}-{m['os_name']}")
def test_no_package_has_two_versions(machine):
    everything: dict[str, str] = {}
    for name in LOCKS:
        for package, version in pins(lock(name), machine).items():
            assert everything.setdefault(package, version) == version, f"{package} in {name}"


def test_every_extra_is_locked():
    def reached(extra: str) -> set[str]:
        inner = [Requirement(line) for line in EXTRAS[extra]]
        own = {e for one in inner if one.name == "evalpolicy" for e in one.extras}
        return {extra}.union(*map(reached, own))

    locked = set().union(*(reached(name) for name in LOCKS if name != "runtime"))
    assert set(EXTRAS) - locked == FOR_USERS_ALONE


def test_every_requirement_ends_before_the_next_major_version():
    lines = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *(line for extra in EXTRAS.values() for line in extra),
    ]
    for requirement in map(Requirement, lines):
        if requirement.name != "evalpolicy":
            assert not requirement.specifier.contains("9999"), str(requirement)


@pytest.mark.parametrize(
    ("requirement", "row"),
    [
        ("a>=1", ""),
        ("a>=2", "a==1.5"),
        ("a>=1,<2", "a==2.0"),
        ("a==1.5.1", "a==1.5"),
        ("A_b>=1", "a==1"),
        ("a>=1", "a==1 ; python_full_version < '3.11'"),
        ("a>=1", "a==1 ; sys_platform != 'win32'"),
        ("evalpolicy[hooks]", "a==1"),
    ],
)
def test_a_lock_that_does_not_fit_is_found(requirement, row):
    text = f"{row} \\\n    --hash=sha256:{'0' * 64}\n" if row else ""
    assert any(misfits([requirement], text, machine) for machine in MACHINES)


@pytest.mark.parametrize(
    "text",
    [
        "a==1\n",
        "--index-url https://packages.example.org/simple\n",
        f"a>=1 \\\n    --hash=sha256:{'0' * 64}\n",
        f"a==1 \\\n    --hash=md5:{'0' * 32}\n",
        f"a @ https://example.org/a.whl \\\n    --hash=sha256:{'0' * 64}\n",
        f"-e .\na==1 \\\n    --hash=sha256:{'0' * 64}\n",
    ],
)
def test_anything_but_hashed_pins_is_found(text):
    with pytest.raises(AssertionError):
        pins(text, MACHINES[0])
