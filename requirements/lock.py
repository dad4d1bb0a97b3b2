"""Writes the locks beside this file anew: the newest versions that pyproject.toml allows.

One lock a purpose, named after its extra (`runtime`: no extra), for every platform and Python that
evalpolicy runs on, with the hash of every file and with what builds the package itself. No package
has two versions: all of them follow one resolution of everything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
LOCKS = ("runtime", "replay", "dev", "docs", "engines")


def compile_lock(uv: str, output: Path, *arguments: str) -> None:
    """What pyproject.toml and its build system resolve to, as `output`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    subprocess.run(
        [
            *(uv, "pip", "compile", "--quiet", "--universal", "--upgrade"),
            *("--python-version", project["project"]["requires-python"].removeprefix(">=")),
            *("--generate-hashes", "--no-header", "--no-annotate"),
            *(*arguments, "--output-file", str(output), "pyproject.toml", "-"),
        ],
        cwd=ROOT, input="\n".join(project["build-system"]["requires"]), text=True, check=True,
    )  # fmt: skip


def main(uv: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder, "everything.txt")
        compile_lock(uv, everything, "--all-extras")
        for name in LOCKS:
            extra = () if name == "runtime" else ("--extra", name)
            output = ROOT / "requirements" / f"{name}.txt"
            compile_lock(uv, output, "--constraint", str(everything), *extra)


if __name__ == "__main__":
    main(sys.argv[1])
