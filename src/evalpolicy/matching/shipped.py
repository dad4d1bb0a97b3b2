"""The data files that ship with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def schema(name: str) -> bytes:
    """A JSON Schema of the package by its short name, for example `benchmark-labels`."""
    return (schemas_folder() / f"{name}.schema.json").read_bytes()


@cache
def schemas_folder() -> Path:
    """Within the wheel, or at the top of a checkout that is installed in editable form."""
    here = Path(__file__).parents[1]
    shipped = here / "schemas"
    return shipped if shipped.is_dir() else here.parents[1] / "schemas"
