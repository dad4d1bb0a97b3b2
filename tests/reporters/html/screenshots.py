"""Takes the pictures of the web page that the documentation shows.

    python -m tests.reporters.html.screenshots docs/images

They show the fleet of `tests.reporters.html.fleet`; fonts and edges depend on the machine, so
nothing compares them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fleets import repository
from tests.reporters.html import fleet

from evalpolicy.replay.reports.json import row


def main(folder: Path) -> int:
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        page_file = _report(Path(temporary))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def picture(name: str, scheme: str, width: int, height: int, section: str, *clicks: str):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page.goto(page_file.as_uri())
            page.evaluate("id => document.getElementById(id).scrollIntoView()", section)
            for selector in clicks:
                page.click(selector)
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"report-{name}.png")
            page.close()

        picture("light", "light", 1280, 860, "main")
        picture("dark", "dark", 1280, 900, "coverage")
        picture("findings", "light", 1280, 860, "findings", "[data-rule=LBL001] > summary",
                "[data-rule=PIN005] > summary")  # fmt: skip
        picture("story", "light", 1280, 860, "coverage", "#matrix a[aria-label*='ambiguous']")
        picture("narrow", "light", 400, 860, "main")
        browser.close()
    return 0


def _report(top: Path) -> Path:
    now = fleet.files()
    replays = top / "replays.json"
    replays.write_text(json.dumps({"replays": [row(one) for one in fleet.replays()]}))
    for name, files in (("before", fleet.before(now)), ("riddles", now)):
        root = repository(top / name, files)
        more = ("--since", str(top / "before.out/report.json")) if name == "riddles" else ()
        subprocess.run(
            [sys.executable, "-m", "evalpolicy", "report", "--no-cache", "--replays", replays,
             "--output", top / f"{name}.out", *more],
            cwd=root,
            check=True,
        )  # fmt: skip
    return top / "riddles.out/index.html"


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
