"""Which files may have a tag of pre-commit's `types`, by their names.

The table is that of the library `identify` 2.6.20 for languages that people name there; a tag that
is not in it may be any file's. A test compares the two.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

_SUFFIXES: Mapping[str, str] = {
    "python": "py pyw pyt gyp gypi tac wsgi", "pyi": "pyi", "ruby": "rb gemspec jbuilder rake",
    "go": "go", "rust": "rs", "javascript": "js cjs mjs", "jsx": "jsx", "ts": "ts", "tsx": "tsx",
    "java": "java", "c": "c h", "dockerfile": "", "yaml": "yaml yml eyaml yamlld",
    "json": "json ejson geojson ipynb jsonld piskel xctestplan", "toml": "toml",
    "markdown": "md markdown", "shell": "sh bash bats csh zsh", "terraform": "tf tfvars",
    "html": "html htm xhtml", "css": "css", "proto": "proto", "lua": "lua",
    "php": "php php4 php5 phtml", "swift": "swift", "kotlin": "kt kts", "scala": "scala sbt sc",
    "sql": "sql", "jupyter": "ipynb", "csv": "csv", "rst": "rst",
}  # fmt: skip
_NAMES: Mapping[str, str] = {
    "python": ".pdbrc wscript",
    "ruby": "Brewfile Fastfile Gemfile Rakefile Vagrantfile config.ru",
    "dockerfile": "Containerfile Dockerfile",
    "yaml": ".ansible-lint .clang-format .clang-tidy .salt-lint .yamllint",
    "json": ".babelrc .bowerrc .csslintrc .jshintrc .mention-bot Pipfile.lock",
    "toml": "Cargo.lock Cargo.toml Pipfile poetry.lock pyproject.toml uv.lock",
    "shell": ".bash_aliases .bash_profile .bashrc .cshrc .envrc .profile .zlogin .zlogout "
    ".zprofile .zshenv .zshrc PKGBUILD direnvrc",
}
TAGS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    tag: (frozenset(suffixes.split()), frozenset(_NAMES.get(tag, "").split()))
    for tag, suffixes in _SUFFIXES.items()
}
"""Suffixes without their dot, and names, of each tag."""
_KNOWN = frozenset(suffix for suffixes, _ in TAGS.values() for suffix in suffixes)


def may_have(path: str, is_executable: bool, tag: str) -> bool:
    """Whether a file may have a tag; its `#!` line, which is not read here, may give it any."""
    if tag not in TAGS:
        return True
    name = posixpath.basename(path)
    suffix = posixpath.splitext(name)[1][1:].lower()
    suffixes, names = TAGS[tag]
    if suffix in suffixes or not names.isdisjoint((name, *name.split("."))):
        return True
    return is_executable and suffix not in _KNOWN
