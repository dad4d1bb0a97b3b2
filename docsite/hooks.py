"""What mkdocs calls while it builds the site (see `hooks` in mkdocs.yml)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# mkdocs imports this file by its path.
sys.path.insert(0, str(Path(__file__).parents[1]))

from docsite import generated, navigation


def on_config(config: Any) -> Any:
    config.nav = navigation.filled(config.nav)
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    return generated.outward(markdown, page.file.src_uri)


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for path, text in generated.pages().items():
        files.append(File.generated(config, path, content=text))
    return files
