"""Neovim, set up as docs/editors.md says, with a real `evalpolicy lsp`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fleets import BENCHMARK, repository

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs/editors.md"
ARC = "containers/benchmarks/arc/Dockerfile"
LINE = '      eval.benchmark.name="arc" \\'


@pytest.mark.engine("nvim")
def test_neovim(need_tool, tmp_path):
    nvim = need_tool("nvim")
    fleet = repository(tmp_path / "fleet")
    [snippet] = re.findall(r"```lua\n(.*?)```", GUIDE.read_text(), re.S)
    (tmp_path / "init.lua").write_text(snippet)
    result = tmp_path / "result.json"
    done = subprocess.run(
        [nvim, "--headless", "-u", tmp_path / "init.lua", ARC, "-S", HERE / "editors/drive.lua"],
        cwd=fleet,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "RESULT": str(result),
            **{f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "DATA", "STATE")},
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=1800,
        check=False,
    )
    assert result.is_file(), done.stderr.decode()
    told = json.loads(result.read_text())
    assert "error" not in told, told["error"]
    assert told["shown"]
    at = LINE.index("eval")
    assert told["positions"] == [[2, at, 2, len(LINE) - 2, 1, "evalpolicy"]]
    assert "LBL004 label-name-mismatch" in told["hover"]
    assert "Fix LBL004 label-name-mismatch" in told["offered"]
    assert told["line"] == LINE
    assert told["gone"]
    assert (fleet / ARC).read_text() == BENCHMARK
    assert done.returncode == 0
