"""docs/editors.md: what it tells to paste is what the tool says and takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import tomlkit
from tests.fleets import BENCHMARK, judge, repository

from evalpolicy.__main__ import main
from evalpolicy.facts.waivers.suppressions import PLACEHOLDER
from evalpolicy.frontends.lsp.actions import FIX_ALL
from evalpolicy.frontends.lsp.diagnostics import NOT_CHECKED
from evalpolicy.frontends.lsp.session import SCOPES

GUIDE = (Path(__file__).parents[3] / "docs/editors.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S)


def test_the_task_reads_every_line_of_a_report(tmp_path, monkeypatch, capsys):
    fleet = repository(tmp_path / "fleet")
    dockerfile = fleet / "containers/benchmarks/arc/Dockerfile"
    dockerfile.write_text(BENCHMARK.replace("arc", "ark") + "# TODO: an error: FIX001 x\n")
    monkeypatch.chdir(fleet)
    [task] = json.loads(blocks("json")[1])["tasks"]
    program, *arguments = task["command"].split()
    assert program == "evalpolicy"
    main(arguments)
    pattern = task["problemMatcher"]["pattern"]
    lines = capsys.readouterr().out.splitlines()
    matches = [re.match(pattern["regexp"], line) for line in lines]
    names = ("file", "line", "column", "severity", "code")
    assert [tuple(match[pattern[name]] for name in names) for match in matches if match] == [
        (f.path, str(f.span.line), str(f.span.column), f.severity, f.rule)
        for f in judge(fleet).findings
    ]
    assert len(lines) == len(matches) > 1


def test_names_in_it():
    settings = json.loads(blocks("json")[0])
    assert settings["glspc.server.command"] == "evalpolicy"
    assert settings["glspc.server.commandArguments"] == ["lsp"]
    [helix] = blocks("toml")
    assert tomlkit.parse(helix).unwrap()["language-server"]["evalpolicy"]["args"] == ["lsp"]
    for name in (*SCOPES, FIX_ALL, NOT_CHECKED, PLACEHOLDER):
        assert f"`{name}`" in GUIDE or f'"{name}"' in GUIDE
