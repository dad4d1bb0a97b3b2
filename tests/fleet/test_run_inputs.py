"""What could change a run: what reaches the image and what it says, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

import pytest
from tests.fleets import FIXTURES, git, judge, repository, write
from tests.submissions import judge as judge_submission

from evalpolicy.artifacts.dockerignore import parse as parse_ignore
from evalpolicy.fleet.run_inputs import changed, run_inputs
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache

ARC = "containers/benchmarks/arc"
DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG BASE=python:3.12-slim
FROM ${BASE} AS data
RUN --mount=type=bind,source=tools,target=/tools /tools/load && \\
    echo "# not a comment" && \\
    true
COPY <<EOF /prompt.txt
# a heading

the end
EOF
FROM python:3.12-slim
LABEL eval.type="benchmark" eval.benchmark.released="true"
COPY --from=data /prompt.txt /
COPY grade.sh judge.py data/*.json /eval/
ADD https://example.org/x.md /x
RUN <<EOF
set -e
pip install x==1.0
EOF
ENTRYPOINT ["/eval/grade.sh"]
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "grade.sh": "#!/bin/sh\nset -e\necho 'a\n\nb'\ncat <<X\n# in\n\nX\npython judge.py\n",
    "judge.py": 'PROMPT = """a\n\n# b\n"""\n\n\ndef main():\n    print(PROMPT)\n',
    "tools/load": "binary",
    "data/a.json": "{}\n",
    "docker-bake.hcl": 'target "arc" {\n  args = { BASE = "python:3.12" }\n}\n',
    "build.sh": "#!/bin/bash\ndocker buildx build --build-arg BASE=$1 .\n",
}
OTHERS = {
    "README.md": "# ARC\n",
    "AUDIT.md": "words\n",
    "compose.yaml": "services: {}\n",
    "solution.sh": "echo 42\n",
    "data/notes.txt": "not copied\n",
    "tasks.txt": "0\n",
}


def at(files: Mapping[str, str], folder: str = ARC) -> dict[str, str]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def inputs(root, files: Mapping[str, str]) -> dict[str, str]:
    write(root, at(files))
    with open_snapshot(root) as snapshot:
        return dict(run_inputs(snapshot, ARC))


def test_the_files_that_reach_the_image_and_build_it(tmp_path):
    assert set(inputs(tmp_path, FILES | OTHERS)) == set(FILES)


@pytest.mark.parametrize("path", FILES)
def test_every_change_of_one_is_seen(tmp_path, path):
    before = inputs(tmp_path / "a", FILES)
    more = "RUN false\n" if path == "Dockerfile" else "echo\n"
    assert changed(before, inputs(tmp_path / "b", FILES | {path: FILES[path] + more})) == [path]
    without = {p: c for p, c in FILES.items() if p != path}
    assert path in changed(before, inputs(tmp_path / "c", without))


CHANGES = [
    ("Dockerfile", "# a heading", "# another"),
    ("Dockerfile", "# a heading\n\n", "# a heading\n"),
    ("Dockerfile", "pip install x==1.0", "pip install x==1.1"),
    ("Dockerfile", "# not a comment", "# not a remark"),
    ("Dockerfile", "BASE=python:3.12-slim", "BASE=python:3.13-slim"),
    ("Dockerfile", "COPY --from=data", "COPY --chown=1 --from=data"),
    ("grade.sh", "a\n\nb", "a\nb"),
    ("grade.sh", "# in", "# out"),
    ("grade.sh", "#!/bin/sh", "#!/bin/bash"),
    ("judge.py", "a\n\n# b", "a\n\n# c"),
    ("judge.py", "a\n\n# b", "a\n# b"),
    ("judge.py", "    print", "  print"),
]


@pytest.mark.parametrize(("path", "old", "new"), CHANGES)
def test_what_looks_like_a_comment_and_is_none(tmp_path, path, old, new):
    text = FILES[path].replace(old, new, 1)
    assert text != FILES[path]
    before = inputs(tmp_path / "a", FILES)
    assert changed(before, inputs(tmp_path / "b", FILES | {path: text})) == [path]


WORDS = [
    ("Dockerfile", "FROM python", "\n# why\nFROM python"),
    ("Dockerfile", "    true", "    # why\n\n    true"),
    ("Dockerfile", "set -e", "# why\n\nset -e"),
    ("Dockerfile", ' eval.benchmark.released="true"', ""),
    ("Dockerfile", "COPY grade.sh", "LABEL eval.benchmark.tasks=4\nCOPY grade.sh"),
    ("Dockerfile", "COPY grade.sh", "ONBUILD LABEL eval.benchmark.tasks=4\nCOPY grade.sh"),
    ("Dockerfile", "# syntax=docker/dockerfile:1\n", "# why\n"),
    ("grade.sh", "set -e", "# why\nset -e  # at once\n"),
    ("judge.py", "def main():", "# why\ndef main():  # starts\n"),
    ("docker-bake.hcl", "  args", "// why\n/* and\nhow */\n  args"),
    ("build.sh", "docker", "\n# why\ndocker"),
]


@pytest.mark.parametrize(("path", "old", "new"), WORDS)
def test_words_that_nothing_runs(tmp_path, path, old, new):
    text = FILES[path].replace(old, new, 1)
    assert text != FILES[path]
    assert inputs(tmp_path / "a", FILES) == inputs(tmp_path / "b", FILES | {path: text})


IGNORED = [
    ("a.py\n", "COPY . /", {"b.py", "deep/a.py"}),
    ("**/a.py\n", "COPY . /", {"b.py"}),
    ("*\n!b.py\n", "COPY . /", {"b.py"}),
    ("deep\n!deep/a.py\n", "COPY . /", {"a.py", "b.py", "deep/a.py"}),
    ("/deep/\n# b.py\n", "COPY . /", {"a.py", "b.py"}),
    ("?.py", "COPY a.py b.py deep /", {"deep/a.py"}),
    ("[a]*", "COPY ./ /", {"b.py", "deep/a.py"}),
    ("[", "COPY ./ /", {"a.py", "b.py", "deep/a.py"}),
    ("", "COPY *.py /", {"a.py", "b.py"}),
    ("", "COPY deep /", {"deep/a.py"}),
    ("", "COPY ../deep/ /", {"deep/a.py"}),
    ("", 'ADD ["a.py", "/"]', {"a.py"}),
    ("", "COPY ${WHAT} /", {"a.py", "b.py", "deep/a.py"}),
    ("", "ONBUILD COPY a.py /", {"a.py"}),
    ("", "COPY README.md /", {"README.md"}),
    ("", "COPY --from=x a.py /", set()),
    ("", "ADD https://example.org/a.py git@example.org:x/b.py /", set()),
]


def test_many_patterns_in_a_row():
    text = "".join(f"x{n}\n" for n in range(250)) + "!x7\n!x249\nx24?\n"
    ignore = parse_ignore(text.encode())
    assert len(ignore.patterns) == 5
    assert [n for n in range(251) if not ignore.excludes(f"x{n}")] == [7, 250]


@pytest.mark.parametrize(("ignore", "copy", "expected"), IGNORED)
def test_what_the_build_sees(tmp_path, ignore, copy, expected):
    names = ("a.py", "b.py", "deep/a.py", "README.md", "compose.yaml")
    files = {"Dockerfile": f"FROM x\n{copy}\n", ".dockerignore": ignore, **dict.fromkeys(names, "")}
    assert set(inputs(tmp_path, files)) == {"Dockerfile", *expected}
    assert set(inputs(tmp_path, {"Dockerfile.dockerignore": "*\n"})) == {"Dockerfile"}


def test_a_folder_that_moves_keeps_them_and_a_mode_counts(tmp_path):
    before = inputs(tmp_path, FILES)
    write(tmp_path, at(FILES, "benchmarks/arc"))
    (tmp_path / "benchmarks/arc/grade.sh").chmod(0o755)
    with open_snapshot(tmp_path) as snapshot:
        assert changed(before, run_inputs(snapshot, "benchmarks/arc")) == ["grade.sh"]


def test_many_files_are_folded(tmp_path):
    many = {f"data/{n}/x.json": str(n) for n in range(40)}
    files = {"Dockerfile": "FROM x\nCOPY . /\n", "a.py": ""} | many
    before = inputs(tmp_path / "a", files)
    assert set(before) == {"Dockerfile", "a.py", "data/"}
    after = inputs(tmp_path / "b", files | {"data/7/x.json": "8"})
    assert changed(before, after) == ["data/"]
    moved = {path.replace("data/7/", "data/77/"): content for path, content in files.items()}
    assert changed(before, inputs(tmp_path / "c", moved)) == ["data/"]


def test_what_is_kept_is_what_is_read(tmp_path):
    cache = Cache(str(tmp_path / "cache.sqlite"))

    def kept() -> tuple[dict[str, str], dict[str, str]]:
        with open_snapshot(tmp_path) as snapshot:
            return dict(run_inputs(snapshot, ARC, cache)), dict(run_inputs(snapshot, ARC))

    write(tmp_path, at(FILES))
    first, fresh = kept()
    assert first == fresh
    cache.save()
    for path, text in (("grade.sh", "exit 1\n"), ("README.md", "x"), (".dockerignore", "*.py\n")):
        write(tmp_path, at({path: text}))
        again, fresh = kept()
        assert again == fresh
        cache.save()
    assert "judge.py" not in again


VERBATIM = {"Dockerfile": range(7, 11), "grade.sh": range(3, 9), "judge.py": range(4)}
"""The lines (from 0) of heredocs and strings, in which a note would be content."""


def annotated(path: str, text: str, chance: random.Random) -> str:
    """The text with comments, blank lines and labels at some of the places where they may stand."""
    found = []
    for number, line in enumerate(text.splitlines()):
        between = number > 0 and number not in VERBATIM.get(path, ())
        if between and chance.random() < 0.5:
            found += chance.choice([["# a note"], ["", "# evalpolicy: ignore[PIN001] why"], [""]])
        if path == "Dockerfile" and line.startswith(("COPY", "ADD")) and chance.random() < 0.5:
            found.append(f'LABEL eval.benchmark.tasks="{number}"')
        found.append(line)
    return "\n".join([*found, *chance.choice([[], ["", "# the end"]])]) + "\n"


@pytest.mark.parametrize("seed", range(5))
def test_notes_change_no_finding_of_prv_and_sub007(tmp_path, seed):
    chance = random.Random(seed)
    agent = {"containers/agents/codex/Dockerfile": 'FROM x\nLABEL eval.type="agent"\n'}
    fixture = {f"{FIXTURES}/arc-0-codex.traces.jsonl": "{}\n"}
    tree = inputs(tmp_path, FILES | OTHERS)
    entry = {f"{FIXTURES}/provenance.json": json.dumps({"arc-0-codex": {"benchmark_tree": tree}})}
    root = repository(tmp_path, agent | fixture | entry)
    before = judge(root, "PRV").findings
    git(root, "checkout", "-qb", "work")
    files = ("Dockerfile", "grade.sh", "judge.py", "docker-bake.hcl", "build.sh")
    write(root, at({path: annotated(path, FILES[path], chance) for path in files}))
    git(root, "commit", "-qam", "notes")
    assert judge(root, "PRV").findings == before
    assert "PRV006" not in {finding.rule for finding in before}
    assert judge_submission(root, "SUB007").findings == []
    write(root, at({"judge.py": FILES["judge.py"] + "main()\n"}))
    git(root, "commit", "-qam", "code")
    assert [f.rule for f in judge(root, "PRV006").findings] == ["PRV006"]
    assert [f.rule for f in judge_submission(root, "SUB007").findings] == ["SUB007"]
