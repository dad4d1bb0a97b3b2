"""What an image fetches that moves: each form at a branch, at a commit, and what is no fetch."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.dockerfile import parse
from evalpolicy.artifacts.moving_data import moving
from evalpolicy.artifacts.run_scripts import scripts

SHA = "210d026faf9955653af8916fad021475a3f00453"
GIT = "https://github.com/o/r.git"
HUB = "https://huggingface.co/datasets/o/n"
RAW = "https://raw.githubusercontent.com/o/r"


def fetches(below, files=None, supplied=()):
    """Line and what is fetched, below a FROM on line 1."""
    dockerfile = parse(f"FROM a:1\n{below}".encode())
    reads = {path: text.encode for path, text in (files or {}).items()}
    found = moving(dockerfile, scripts(dockerfile), reads, lambda name: name in supplied)
    return [(f"{each.path}:{each.span.line}".lstrip(":"), each.shown) for each in found]


def lines(below, **more):
    return [where for where, _ in fetches(below, **more)]


def python(*code):
    return "RUN python3 - <<'E'\n" + "\n".join(code) + "\nE\n"


@pytest.mark.parametrize(
    ("below", "line"),
    [
        ("RUN load \"FROM 'hf://datasets/o/n@~parquet/default/*.parquet'\"\n", "2"),
        ("RUN load \\\n  \"FROM 'hf://datasets/o/n/train.parquet'\"\n", "3"),
        ("RUN load 'hf://datasets/o/n@refs/convert/parquet/x'\n", "2"),
        ("RUN load 'hf://datasets/o/n@refs%2Fconvert%2Fparquet/x'\n", "2"),
        ("RUN load hf://o/model@main/config.json\n", "2"),
        (f"RUN curl -O {HUB}/resolve/main/x\n", "2"),
        (f"RUN curl -O {HUB}/resolve/refs%2Fconvert%2Fparquet/x\n", "2"),
        ("RUN curl -O https://huggingface.co/o/model/raw/main/x\n", "2"),
        ("RUN curl -O https://huggingface.co/api/datasets/o/n/parquet/default/0.parquet\n", "2"),
        ("RUN curl 'https://datasets-server.huggingface.co/rows?dataset=o/n&offset=0'\n", "2"),
        (f"RUN curl {RAW}/main/x\n", "2"),
        (f"RUN curl {RAW}/refs/heads/next/x\n", "2"),
        ("RUN curl https://github.com/o/r/archive/refs/heads/main.zip\n", "2"),
        ("RUN curl https://github.com/o/r/archive/master.tar.gz\n", "2"),
        ("RUN curl https://codeload.github.com/o/r/tar.gz/main\n", "2"),
        ("RUN curl https://api.github.com/repos/o/r/tarball/HEAD\n", "2"),
        ("RUN curl https://github.com/o/r/releases/latest/download/x\n", "2"),
        ("RUN curl https://gitlab.com/g/h/r/-/raw/main/x\n", "2"),
        ("RUN curl 'https://h/d?split=a&revision=main'\n", "2"),
        # Where it stands.
        (f"RUN A={RAW}/main/x && \\\n  curl $A\n", "2"),
        (f"RUN for u in {RAW}/main/a {RAW}/v1/b; do curl $u; done\n", "2"),
        (f"RUN sh -c 'a; curl {RAW}/main/x'\n", "2"),
        (f'RUN ["sh", "-c", "curl {RAW}/main/x"]\n', "2"),
        (f"ONBUILD RUN curl {RAW}/main/x\n", "2"),
        (f"RUN <<E\na\ncurl {RAW}/main/x\nE\n", "4"),
        (f"RUN cat > /e.sh <<'E'\n#!/bin/bash\ncurl {RAW}/main/x\nE\n", "4"),
        (f"COPY <<E /e.sh\na\ncurl {RAW}/main/x\nE\n", "4"),
        ("RUN duckdb <<'E'\n-- why\nFROM 'hf://datasets/o/n/x'\nE\n", "4"),
        # What variables hold.
        (f"ARG REF=main\nRUN curl {RAW}/${{REF}}/x\n", "3"),
        (f"ENV REF=main\nRUN curl {RAW}/$REF/x\n", "3"),
        (f"ARG BASE={RAW}/main\nRUN curl $BASE/x\n", "3"),
        (f"RUN REF=master; curl {RAW}/$REF/x\n", "2"),
        (f"RUN curl {RAW}/${{REF:-main}}/x\n", "2"),
        ("ARG REF=~parquet\nRUN load hf://datasets/o/n@${REF}/x\n", "3"),
        # Hugging Face's command line.
        ("RUN huggingface-cli download o/n --repo-type dataset\n", "2"),
        ("RUN hf download --repo-type dataset o/n --revision main\n", "2"),
        ("RUN uvx hf download o/n\n", "2"),
    ],
)  # fmt: skip
def test_a_url_or_a_download_that_moves(below, line):
    assert lines(below) == [line]


@pytest.mark.parametrize(
    "below",
    [
        f"RUN load 'hf://datasets/o/n@{SHA}/x'\n",
        "RUN load 'hf://datasets/o/n@v1.0/x'\n",
        f"RUN curl {HUB}/resolve/{SHA}/main/x\n",
        "RUN curl https://huggingface.co/api/datasets/o/n\n",
        f"RUN curl 'https://datasets-server.huggingface.co/rows?dataset=o/n&revision={SHA}'\n",
        'RUN curl "https://datasets-server.huggingface.co/rows?dataset=o/n&$MORE"\n',
        f"RUN curl {RAW}/{SHA}/main/x {RAW}/v1/main/x {RAW}/refs/tags/v1/x\n",
        "RUN curl https://github.com/o/r/archive/refs/tags/v1.zip\n",
        "RUN curl https://github.com/o/r/releases/download/v1/x\n",
        "RUN curl https://github.com/o/r/blob/main/README.md\n",
        "RUN curl 'https://h/d?revision=1.0'\n",
        f"ARG REF\nRUN curl {RAW}/$REF/x\n",
        f"ARG REF={SHA}\nRUN curl {RAW}/$REF/x\n",
        f"ARG REF=main\nENV REF=v1\nRUN curl {RAW}/$REF/x\n",
        f"RUN read REF; curl {RAW}/$REF/x\n",
        f"RUN hf download o/n --revision {SHA}\n",
        "RUN huggingface-cli download o/n --revision=$REF\n",
        "RUN huggingface-cli upload o/n x\n",
        # No fetch.
        f"# curl {RAW}/main/x\nRUN <<E\n# curl {RAW}/main/x\na\nE\n",
        f"RUN echo 'see {RAW}/main/x' && printf '%s' {RAW}/main/x\n",
        f'LABEL a="{RAW}/main/x"\nENV A={RAW}/main/x\n',
        "RUN load \"SELECT regexp_extract(f, 'n@~parquet/(.*)/test')\"\n",
        f"RUN pip install {RAW}/main/x.whl git+https://github.com/o/r@main\n",
        # A checksum stops the build when the content changes.
        f"RUN curl -o x {RAW}/main/x && echo '{SHA}  x' | sha256sum -c -\n",
        f"ADD --checksum=sha256:{SHA} {RAW}/main/x /\n",
    ],
)
def test_what_stays_or_is_no_fetch(below):
    assert lines(below) == []


def test_a_default_that_every_build_replaces_does_not_count():
    below = f"ARG REF=main\nRUN curl {RAW}/$REF/x\n"
    assert (lines(below), lines(below, supplied=("REF",))) == (["3"], [])


@pytest.mark.parametrize(
    ("below", "line"),
    [
        (f"RUN git clone {GIT}\n", "2"),
        (f"RUN git clone --depth 1 {GIT} /x\n", "2"),
        (f"RUN a && \\\n  git clone -b main {GIT}\n", "3"),
        (f"ARG B=develop\nRUN git clone --branch=$B {GIT}\n", "3"),
        ("RUN git -c http.x=y clone https://gitlab.com/g/r\n", "2"),
        (f"RUN git lfs clone {GIT}\n", "2"),
        (f"RUN git clone {GIT} && cd r && git checkout main\n", "2"),
        (f"RUN git clone {GIT} && cd r && git checkout -- x\n", "2"),
        (f"RUN git clone {GIT} && cd r && git fetch origin main; git checkout FETCH_HEAD\n", "2"),
        (f"RUN git clone {GIT} a; git clone {GIT} b; cd b && git checkout {SHA}\n", "2"),
        (f"RUN git clone {GIT} a\nRUN cat > /e.sh <<'E'\ngit checkout {SHA}\nE\n", "2"),
        (f"RUN git clone {GIT} a\nFROM b:1\nRUN git checkout {SHA}\n", "2"),
        (f"ADD {GIT} /x\n", "2"),
        (f"ADD {GIT}#main /x\n", "2"),
        (f"ADD --keep-git-dir=true {GIT}#main:sub /x\n", "2"),
        ("ADD git@github.com:o/r.git /x\n", "2"),
        (f"ADD {GIT}?branch=main /x\n", "2"),
        (f"ADD {RAW}/main/x /x\n", "2"),
        (f"ARG REF=main\nADD {GIT}#$REF /x\n", "3"),
    ],
)  # fmt: skip
def test_a_clone_that_moves(below, line):
    assert lines(below) == [line]


@pytest.mark.parametrize(
    "below",
    [
        f"RUN git clone {GIT} /x && cd /x && git checkout {SHA}\n",
        f"RUN git clone {GIT} /x\nRUN cd /x/sub && git checkout -q {SHA}\n",
        f"RUN git clone {GIT} /x\nWORKDIR /x\nRUN git checkout v1.0\n",
        f"RUN git clone {GIT} && git -C r reset --hard {SHA}\n",
        f"RUN git clone {GIT} && git -C r switch --detach {SHA}\n",
        f"RUN git clone {GIT} && cd r && git fetch origin {SHA}; git checkout FETCH_HEAD\n",
        f"ARG REF={SHA}\nRUN git clone {GIT} && cd r && git checkout ${{REF}}\n",
        f"ARG REF\nRUN git clone {GIT} && cd r && git checkout ${{REF}}\n",
        f"RUN if git clone {GIT} /x; then ok=1; fi; cd /x && git checkout {SHA}\n",
        f"RUN git clone {GIT} /a && mv /a /b && cd /b && git checkout {SHA}\n",
        f"RUN git clone {GIT} /x || git clone https://mirror/r.git /x; cd /x; git checkout {SHA}\n",
        f"RUN git clone --depth 1 --branch v1.7.0 {GIT}\n",
        f"RUN git clone --branch v$VERSION {GIT}\n",
        f"RUN git clone --revision={SHA} {GIT}\n",
        "RUN git clone /src/r /x && git clone ./r y\n",
        "RUN git init && git status\n",
        f"ADD {GIT}#{SHA} /x\n",
        f"ADD {GIT}#v1.0:sub /x\n",
        f"ADD {GIT}?commit={SHA} /x\n",
        "ADD x.git.tar /x\nADD https://example.org/x.tar /x\n",
    ],
)  # fmt: skip
def test_a_clone_that_is_settled(below):
    assert lines(below) == []


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (["a = 1", "load_dataset('o/n', 'default', split='test')"], "4"),
        (["datasets.load_dataset(path='o/n', revision='main')"], "3"),
        (["load_dataset('o/n', revision=None)"], "3"),
        (["NAME = 'o/n'", "load_dataset(NAME)"], "4"),
        (["hf_dataset('o/n', split='test')"], "3"),
        (["snapshot_download(", "  repo_id='o/n',", "  repo_type='dataset',", ")"], "3"),
        (["x = hub.hf_hub_download('o/n', 'x.json')"], "3"),
        (["ö = 'ö'; urlretrieve('https://huggingface.co/datasets/o/n/resolve/main/x')"], "3"),
        ([f"B = '{RAW}/main'", "get(f'{B}/x')"], "3"),
        (["R = 'main'", f"get(f'{RAW}/{{R}}/x')"], "4"),
        ([f"get('{HUB}/resolve/'", "    'main/x')"], "3"),
        (["R = 'main'", f"get('{RAW}/' + R + '/x')"], "4"),
        (["pd.read_parquet('hf://datasets/o/n/x.parquet')"], "3"),
        (["load('refs/convert/parquet')"], "3"),
        ([f"subprocess.run(['git', 'clone', '{GIT}'])"], "3"),
        ([f"os.system('git clone {GIT}')"], "3"),
        # What this Python cannot parse is read by its lines.
        (["def (:", f"get('{RAW}/main/x')"], "4"),
    ],
)  # fmt: skip
def test_python_that_fetches_what_moves(code, line):
    assert lines(python(*code)) == [line]


@pytest.mark.parametrize(
    "code",
    [
        [f"load_dataset('o/n', revision='{SHA}')"],
        [f"R = '{SHA}'", "load_dataset('o/n', revision=R)"],
        ["load_dataset('o/n', revision=os.environ['REF'])"],
        ["load_dataset('o/n', **options)"],
        ["load_dataset('json', data_files='x.json')", "load_dataset('/data/x')"],
        ["def load(name):", "    return load_dataset(name)"],
        ["for R in (1, 2):", f"    get(f'{RAW}/{{R}}/x')"],
        ['"""Takes it from https://github.com/o/r/raw/main/x."""'],
        [f"# get('{RAW}/main/x')"],
        [f"get('{HUB}/resolve/' + revision + '/x')"],
        [f"subprocess.run(['git', 'clone', '{GIT}'])",
         f"subprocess.run(['git', '-C', 'r', 'checkout', '{SHA}'])"],
        [f"os.system('git clone {GIT} && cd r && git checkout {SHA}')"],
    ],
)  # fmt: skip
def test_python_that_fetches_what_stays_or_nothing(code):
    assert lines(python(*code)) == []


def test_python_takes_what_the_dockerfile_sets():
    code = python("import os", f"get(f'{RAW}/' + os.environ['REF'] + '/x')")
    assert lines(f"ENV REF=main\n{code}") == ["5"]
    assert lines(f"ENV REF={SHA}\n{code}") == []


@pytest.mark.parametrize("quote", ["'", '"'])
def test_code_on_the_command_line_has_its_own_place(quote):
    inner = '"' if quote == "'" else "'"
    code = f"import datasets; datasets.load_dataset({inner}o/n{inner})"
    assert lines(f"RUN a && \\\n  python3 -c {quote}{code}{quote}\n") == ["3"]


def test_a_source_is_named_once_where_it_is_first_fetched():
    below = "RUN a \\\n 'hf://datasets/o/n@~parquet/1' \\\n 'hf://datasets/o/n@~parquet/2' \\\n 'hf://datasets/o/m@~parquet/2'\n"
    assert fetches(below) == [
        ("3", "hf://datasets/o/n@~parquet"),
        ("5", "hf://datasets/o/m@~parquet"),
    ]


LOADER = "import datasets\n\ndatasets.load_dataset('o/n')\n"


@pytest.mark.parametrize(
    ("below", "files", "expected"),
    [
        ("COPY load.py /\nRUN python /load.py\n", {"load.py": LOADER}, ["load.py:3"]),
        ("COPY load.py /x.py\nRUN python /x.py\n", {"load.py": LOADER}, ["load.py:3"]),
        ("COPY . /app\nCMD python /app/load.py\n", {"load.py": LOADER}, ["load.py:3"]),
        ('COPY src /app\nENTRYPOINT ["/app/run"]\n',
         {"src/run": f"#!/bin/sh\nset -e\ncurl {RAW}/main/x\n"}, ["src/run:3"]),
        ("COPY *.sh *.py /\nRUN /a.sh\n", {"a.sh": "python load.py\n", "load.py": LOADER},
         ["load.py:3"]),
        ("COPY . /app\nRUN python -m app.main\n",
         {"main.py": "from app import load\n", "load.py": LOADER}, ["load.py:3"]),
        ("COPY a.sh /\nRUN sh a.sh\n", {"a.sh": "python3 - <<E\nload_dataset('o/n')\nE\n"},
         ["a.sh:2"]),
        ("RUN python /load.py\n", {"load.py": LOADER}, []),
        ("COPY load.py /\nRUN true\n", {"load.py": LOADER}, []),
        ("COPY --from=b load.py /\nRUN python /load.py\n", {"load.py": LOADER}, []),
        ("COPY . /\nRUN cat data.txt\n", {"data.txt": "# load_dataset('o/n')\n"}, []),
    ],
)  # fmt: skip
def test_programs_that_copy_brings_along(below, files, expected):
    assert lines(below, files=files) == expected
