"""Repositories that an enemy prepared: each would have git run a program, or lie.

A set-up changes the repository that `prepared` made and says how plain git is taken in by it
(`control`), so that a test shows that the trap works. The program leaves a marker and nothing else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fleets import FIXTURES, FLEET, git, write
from tests.samples.trajectories import lines, litellm_row
from tests.submissions import MESSAGE, commit, start

ARC = "containers/benchmarks/arc"
CODEX = "containers/agents/codex/Dockerfile"
README = f"{ARC}/README.md"
FIXTURE = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
GITLEAKS = "[extend]\nuseDefault = true\n"
HOOKS = """\
repos:
  - repo: https://github.com/gitleaks/gitleaks
    rev: v8.24.3
    hooks: [{id: gitleaks}]
"""
_CORE = "[core]\n\trepositoryformatversion = 0\n"
_WITH_WORKTREE = f"{_CORE}\tbare = false\n\tworktree = ..\n\tfsmonitor = {{payload}}\n"
_WITH_DRIVER = f'{_CORE}\tbare = true\n[merge "x"]\n\tdriver = {{payload}}\n'
_TEXT = "".join(f"line {number}\n" for number in range(20))


@dataclass
class Trap:
    """Where everything is: the repository, and the program that must never run.

    `first` is the commit at which the branches part.
    """

    root: Path
    place: Path
    first: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> str:
        return str(self.place / "payload")

    @property
    def marker(self) -> Path:
        return self.place / "ran"

    def config(self, name: str, value: str) -> None:
        git(self.root, "config", name, value)

    def fsmonitor(self, file: Path) -> None:
        """A configuration file that names the payload for the first `git status`."""
        file.write_text(f"[core]\n\tfsmonitor = {self.payload}\n")

    def lose(self, revision: str) -> None:
        """Takes an object out of the store, as a partial clone would lack it."""
        oid = git(self.root, "rev-parse", revision).strip()
        file = self.root / ".git/objects" / oid[:2] / oid[2:]
        file.chmod(0o600)
        file.unlink()

    def promisor(self, url: str) -> None:
        """A partial clone of `url`, without the fixture of its last commit."""
        self.config("remote.origin.url", url)
        self.config("remote.origin.promisor", "true")
        self.config("remote.origin.partialclonefilter", "blob:none")
        self.config("core.repositoryformatversion", "1")
        self.config("extensions.partialclone", "origin")
        self.lose(f"HEAD:{FIXTURE}")


def prepared(place: Path) -> Trap:
    """A fleet on the branch `work`, to be merged into `main`; both changed one file.

    An empty file is in the index, and a tracked file was touched without a change: git has to
    look into it, through its filters.
    """
    trap = Trap(place / "fleet", place)
    program = place / "payload"
    program.write_text(f"#!/bin/sh\n: > {trap.marker}\nexit 1\n")
    program.chmod(0o755)
    common = {
        **FLEET,
        ".gitleaks.toml": GITLEAKS,
        ".pre-commit-config.yaml": HOOKS,
        "tests/__init__.py": "",
        FIXTURE: lines(litellm_row()),
    }
    start(trap.root)
    trap.first = commit(trap.root, {**common, README: _TEXT}, "first\n")
    git(trap.root, "branch", "work")
    commit(trap.root, {**common, README: f"above\n{_TEXT}"}, "meanwhile\n")
    git(trap.root, "checkout", "-q", "work")
    commit(trap.root, {**common, README: f"{_TEXT}below\n"}, MESSAGE)
    return trap


def touched(trap: Trap) -> None:
    """Times that the index does not know, as after unpacking an archive."""
    for file in trap.root.rglob("*"):
        if ".git" not in file.relative_to(trap.root).parts and file.is_file():
            os.utime(file, (1, 1))


@dataclass(frozen=True)
class SetUp:
    """`control` is a shell line that springs the trap with plain git, None where git runs nothing.
    Where git only lies, it starts `$PAYLOAD` if it does.

    `outcome`: `same` as without the trap, `refused` by every command, or `absent`: the content of
    one fixture is not in the store. `inside` is the folder in which the commands start.
    """

    name: str
    make: Callable[[Trap], None]
    control: str | None
    outcome: str = "same"
    inside: str = "."


def _config(*rows: tuple[str, str]) -> Callable[[Trap], None]:
    """Sets configuration; `{payload}` stands for the program."""

    def make(trap: Trap) -> None:
        for name, value in rows:
            trap.config(name, value.format(payload=trap.payload))

    return make


def _environment(
    values: Mapping[str, str], then: Callable[[Trap], None] | None = None
) -> Callable[[Trap], None]:
    def make(trap: Trap) -> None:
        if then:
            then(trap)
        for name, value in values.items():
            trap.environment[name] = value.format(payload=trap.payload, marker=trap.marker)

    return make


def _attributes(
    text: str, *rows: tuple[str, str], file: str = ".gitattributes"
) -> Callable[[Trap], None]:
    def make(trap: Trap) -> None:
        write(trap.root, {file: text})
        _config(*rows)(trap)

    return make


def _include(trap: Trap) -> None:
    trap.fsmonitor(trap.root / "containers/gitconfig")
    trap.config("include.path", "../containers/gitconfig")


def _include_if(trap: Trap) -> None:
    trap.fsmonitor(trap.root / "containers/gitconfig")
    trap.config("includeIf.gitdir:**.path", "../containers/gitconfig")


def _worktree_config(trap: Trap) -> None:
    trap.config("extensions.worktreeConfig", "true")
    trap.fsmonitor(trap.root / ".git/config.worktree")


def _linked_worktree(trap: Trap) -> None:
    """The fleet is a linked worktree; configuration and hooks are in the main one."""
    main = trap.place / "main"
    os.rename(trap.root, main)
    git(main, "checkout", "-q", "--detach")
    git(main, "worktree", "add", "-q", trap.root, "work")
    git(main, "config", "core.fsmonitor", trap.payload)


def _elsewhere(trap: Trap) -> None:
    os.rename(trap.root / ".git", trap.place / "elsewhere")
    (trap.root / ".git").write_text(f"gitdir: {trap.place / 'elsewhere'}\n")
    trap.config("core.fsmonitor", trap.payload)


def _linked_git_dir(trap: Trap) -> None:
    os.rename(trap.root / ".git", trap.place / "elsewhere")
    os.symlink(trap.place / "elsewhere", trap.root / ".git")
    trap.config("core.fsmonitor", trap.payload)


def _split_index(trap: Trap) -> None:
    git(trap.root, "update-index", "--split-index")
    trap.config("core.fsmonitor", trap.payload)


def _index_with_fsmonitor(trap: Trap) -> None:
    quiet = trap.place / "quiet"
    quiet.write_text("#!/bin/sh\nprintf 'token\\0'\n")
    quiet.chmod(0o755)
    trap.config("core.fsmonitor", str(quiet))
    git(trap.root, "update-index", "--fsmonitor")
    git(trap.root, "status")
    trap.config("core.fsmonitor", trap.payload)


def _untracked_cache(trap: Trap) -> None:
    git(trap.root, "update-index", "--force-untracked-cache")
    git(trap.root, "status")
    trap.config("core.fsmonitor", trap.payload)


def _hook(trap: Trap) -> None:
    hooks = trap.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        shutil.copy(trap.payload, hooks / name)


def _signed(trap: Trap) -> None:
    """The last commit carries a signature, which the log is to show."""
    text = git(trap.root, "cat-file", "commit", "HEAD")
    head, _, body = text.partition("\n\n")
    lines_ = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    signed = git(
        trap.root,
        "hash-object",
        "-w",
        "-t",
        "commit",
        "--stdin",
        input=f"{lines_}\n{body}".encode(),
    ).strip()
    git(trap.root, "update-ref", "HEAD", signed)
    for name in ("gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.x509.program"):
        trap.config(name, trap.payload)
    trap.config("log.showSignature", "true")


def _alternates(trap: Trap) -> None:
    git(trap.place, "clone", "-q", "--bare", trap.root, "other.git")
    (trap.root / ".git/objects/info/alternates").write_text(f"{trap.place}/other.git/objects\n")
    trap.config("core.alternateRefsCommand", trap.payload)


def _submodule(trap: Trap) -> None:
    """A submodule in the index alone, as it was before, so that findings stay what they are."""
    git(trap.place, "clone", "-q", trap.root, trap.root / "vendored")
    oid = git(trap.root, "rev-parse", "HEAD").strip()
    git(trap.root, "update-index", "--add", "--cacheinfo", f"160000,{oid},vendored")


def _submodule_with_fsmonitor(trap: Trap) -> None:
    _submodule(trap)
    git(trap.root / "vendored", "config", "core.fsmonitor", trap.payload)


def _submodule_update(trap: Trap) -> None:
    _submodule(trap)
    url = str(trap.root)
    write(trap.root, {".gitmodules": f'[submodule "v"]\n\tpath = vendored\n\turl = {url}\n'})
    trap.config("submodule.v.url", url)
    trap.config("submodule.v.update", f"!{trap.payload}")
    git(trap.root / "vendored", "checkout", "-q", "--detach", "HEAD^")


def _embedded(config: str, attributes: str = "", folder: str = ARC) -> Callable[[Trap], None]:
    """A bare repository among the files, with the objects and branches of the real one."""

    def make(trap: Trap) -> None:
        main, work = (git(trap.root, "rev-parse", name).strip() for name in ("main", "work"))
        write(
            trap.root / folder,
            {
                "HEAD": "ref: refs/heads/work\n",
                "refs/heads/main": f"{main}\n",
                "refs/heads/work": f"{work}\n",
                "objects/info/alternates": f"{trap.root}/.git/objects\n",
                "info/attributes": attributes,
                "config": config.format(payload=trap.payload),
                "index": (trap.root / ".git/index").read_bytes(),
                "extra": f"[core]\n\tfsmonitor = {trap.payload}\n",
            },
        )
        git(trap.root, "add", "-A", "-f")
        git(trap.root, "commit", "-qm", MESSAGE)

    return make


def _common_dir(trap: Trap) -> None:
    """A folder with little but HEAD and `commondir`, which leads to the rest."""
    _embedded(_WITH_DRIVER, "* merge=x\n", folder="containers/compose")(trap)
    write(trap.root / ARC, {"HEAD": "ref: refs/heads/work\n", "commondir": "../../compose\n"})
    git(trap.root, "add", "-A", "-f")
    git(trap.root, "commit", "-qm", MESSAGE)


def _replaced(trap: Trap) -> None:
    other = git(trap.root, "hash-object", "-w", "--stdin", input=b"FROM replaced\n")
    git(trap.root, "replace", git(trap.root, "rev-parse", f"HEAD:{CODEX}").strip(), other.strip())


def _grafted(trap: Trap) -> None:
    """HEAD is made to look as if it stood on nothing, or on the other branch."""
    head, main = (git(trap.root, "rev-parse", name).strip() for name in ("HEAD", "main"))
    (trap.root / ".git/info").mkdir(exist_ok=True)
    (trap.root / ".git/info/grafts").write_text(f"{head} {main}\n")


def _own_git(trap: Trap) -> None:
    shutil.copy(trap.payload, trap.root / "git")
    trap.environment["PATH"] = f".{os.pathsep}{os.environ['PATH']}"


def _global_trace(trap: Trap) -> None:
    (trap.place / "gitconfig").write_text(f"[trace2]\n\teventTarget = {trap.marker}\n")
    trap.environment["GIT_CONFIG_GLOBAL"] = str(trap.place / "gitconfig")


def _somebody_elses(trap: Trap) -> None:
    trap.config("core.fsmonitor", trap.payload)
    for place in (trap.root, *trap.root.rglob("*")):
        os.chown(place, 4711, 4711, follow_symlinks=False)


def _broken(trap: Trap) -> None:
    (trap.root / ".git/HEAD").unlink()


def _unborn_excludes(trap: Trap) -> None:
    (trap.root / ".git/info").mkdir(exist_ok=True)
    (trap.root / ".git/info/exclude").write_text("*\n")
    trap.config("core.excludesFile", str(trap.root / ".git/info/exclude"))


_STATUS = "git status"
_MERGE = "git merge-tree --write-tree main work"
_FETCH = f"git cat-file blob HEAD:{FIXTURE}"
_FSMONITOR = ("core.fsmonitor", "{payload}")
_DIFF = "git diff HEAD^"
_SSH = "ssh://example.invalid/x"

SET_UPS = [
    SetUp("fsmonitor", _config(_FSMONITOR), _STATUS),
    SetUp("fsmonitor-v2", _config(_FSMONITOR, ("core.fsmonitorHookVersion", "2")), _STATUS),
    SetUp("include", _include, _STATUS),
    SetUp("include-if", _include_if, _STATUS),
    SetUp("worktree-config", _worktree_config, _STATUS),
    SetUp("linked-worktree", _linked_worktree, _STATUS),
    SetUp("git-file", _elsewhere, _STATUS),
    SetUp("git-link", _linked_git_dir, _STATUS),
    SetUp("split-index", _split_index, _STATUS),
    SetUp("index-with-fsmonitor", _index_with_fsmonitor, _STATUS),
    SetUp("untracked-cache", _untracked_cache, _STATUS),
    SetUp("clean", _attributes("* filter=x\n", ("filter.x.clean", "{payload}")), "git diff"),
    SetUp("process", _attributes("* filter=x\n", ("filter.x.process", "{payload}")), "git diff"),
    SetUp(
        "smudge",
        _attributes("* filter=x\n", ("filter.x.smudge", "{payload}")),
        f"rm {README}; git checkout -- {README}",
    ),
    SetUp(
        "clean-by-info-attributes",
        _attributes("* filter=x\n", ("filter.x.clean", "{payload}"), file=".git/info/attributes"),
        "git diff",
    ),
    SetUp(
        "clean-by-attributes-file",
        _attributes(
            "* filter=x\n", ("filter.x.clean", "{payload}"), ("core.attributesFile", ".git/a"),
            file=".git/a",
        ),
        "git diff",
    ),
    SetUp("merge-driver", _attributes("* merge=x\n", ("merge.x.driver", "{payload}")), _MERGE),
    SetUp(
        "merge-driver-by-info-attributes",
        _attributes("* merge=x\n", ("merge.x.driver", "{payload}"), file=".git/info/attributes"),
        _MERGE,
    ),
    SetUp(
        "merge-driver-by-attributes-file",
        _attributes(
            "* merge=x\n", ("merge.x.driver", "{payload}"), ("core.attributesFile", ".git/a"),
            file=".git/a",
        ),
        _MERGE,
    ),
    SetUp(
        "merge-default", _config(("merge.default", "x"), ("merge.x.driver", "{payload}")), _MERGE
    ),
    SetUp("diff-external", _config(("diff.external", "{payload}")), _DIFF),
    SetUp("diff-command", _attributes("* diff=x\n", ("diff.x.command", "{payload}")), _DIFF),
    SetUp("textconv", _attributes("* diff=x\n", ("diff.x.textconv", "{payload}")), _DIFF),
    SetUp("hook", _hook, f"git add {README}"),
    SetUp(
        "hooks-path",
        lambda trap: (_hook(trap), trap.config("core.hooksPath", str(trap.root / ".git/hooks")))[0],
        f"git add {README}",
    ),
    SetUp(
        "pager",
        _config(("core.pager", "{payload}"), ("pager.log", "{payload}"), ("pager.diff", "true")),
        "script -qec 'git -p log' /dev/null",
    ),
    SetUp("editor", _config(("core.editor", "{payload}")), "git commit --allow-empty"),
    SetUp(
        "ssh-command",
        lambda trap: (trap.promisor(_SSH), trap.config("core.sshCommand", trap.payload))[0],
        _FETCH,
        "absent",
    ),
    SetUp(
        "ssh-in-the-environment",
        _environment(
            {"GIT_SSH": "{payload}", "GIT_SSH_COMMAND": "{payload}", "GIT_ALLOW_PROTOCOL": "ssh"},
            lambda trap: trap.promisor(_SSH),
        ),
        _FETCH,
        "absent",
    ),
    SetUp(
        "ext-remote",
        lambda trap: (
            trap.promisor(f"ext::{trap.payload}"),
            trap.config("protocol.ext.allow", "always"),
        )[0],
        _FETCH,
        "absent",
    ),
    SetUp(
        "upload-pack",
        lambda trap: (
            trap.promisor(str(trap.root)),
            trap.config("remote.origin.uploadpack", trap.payload),
        )[0],
        _FETCH,
        "absent",
    ),
    SetUp(
        "git-proxy",
        lambda trap: (
            trap.promisor("git://example.invalid/x"),
            trap.config("core.gitProxy", trap.payload),
        )[0],
        _FETCH,
        "absent",
    ),
    SetUp(
        "credential-helper",
        _config(("credential.helper", "{payload}"), ("core.askPass", "{payload}")),
        "printf 'protocol=https\\nhost=x\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill",
    ),
    SetUp(
        "askpass",
        _environment({"GIT_ASKPASS": "{payload}", "SSH_ASKPASS": "{payload}"}),
        "printf 'protocol=https\\nhost=x\\n\\n' | git credential fill",
    ),
    SetUp("gpg", _signed, "git log"),
    SetUp("alternate-refs", _alternates, "git rev-list --alternate-refs"),
    SetUp(
        "alias",
        _config(*((f"alias.{name}", "!{payload}") for name in ("x", "log", "ls-files", "diff"))),
        "git x",
    ),
    SetUp("submodule-update", _submodule_update, "git submodule update --force"),
    SetUp("submodule-with-fsmonitor", _submodule_with_fsmonitor, _STATUS),
    SetUp("external-diff", _environment({"GIT_EXTERNAL_DIFF": "{payload}"}), _DIFF),
    SetUp("trace", _environment({"GIT_TRACE": "{marker}"}), _STATUS),
    SetUp("trace2", _environment({"GIT_TRACE2_EVENT": "{marker}"}), _STATUS),
    SetUp("trace2-by-configuration", _global_trace, _STATUS),
    SetUp(
        "configuration-in-the-environment",
        _environment(
            {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor",
             "GIT_CONFIG_VALUE_0": "{payload}"}
        ),
        _STATUS,
    ),
    SetUp(
        "parameters-in-the-environment",
        _environment({"GIT_CONFIG_PARAMETERS": "'core.fsmonitor={payload}'"}),
        _STATUS,
    ),
    SetUp("git-in-the-folder", _own_git, _STATUS),
    SetUp(
        "bare-with-driver",
        _embedded(_WITH_DRIVER, "* merge=x\n"),
        _MERGE,
        "refused",
        ARC,
    ),
    SetUp(
        "bare-with-fsmonitor",
        _embedded(_WITH_WORKTREE),
        _STATUS,
        "refused",
        ARC,
    ),
    SetUp(
        "bare-with-include",
        _embedded(f"{_CORE}\tbare = false\n\tworktree = ..\n[include]\n\tpath = extra\n"),
        _STATUS,
        "refused",
        ARC,
    ),
    SetUp("bare-by-commondir", _common_dir, _MERGE, "refused", ARC),
    SetUp(
        "below-a-bare-one",
        _embedded(_WITH_WORKTREE, folder="containers"),
        _STATUS,
        "refused",
        ARC,
    ),
    SetUp("worktree-elsewhere", _config(("core.worktree", "/etc")), None, "refused"),
    SetUp(
        "worktree-above",
        _config(("core.worktree", "../.."), _FSMONITOR),
        _STATUS,
        "refused",
    ),
    SetUp(
        "unknown-extension",
        _config(("core.repositoryformatversion", "1"), ("extensions.evil", "{payload}")),
        None,
        "refused",
    ),
    SetUp("broken", _broken, None, "refused"),
    SetUp("somebody-elses", _somebody_elses, None, "refused"),
    SetUp(
        "replaced-object", _replaced, f"git show HEAD:{CODEX} | grep -q replaced && $PAYLOAD"
    ),
    SetUp("graft", _grafted, "git merge-base --is-ancestor main work && $PAYLOAD"),
    SetUp("excluded", _unborn_excludes, None),
    SetUp(
        "odd-printing",
        _config(
            ("log.showRoot", "false"), ("diff.orderFile", "{payload}"), ("diff.renames", "false"),
            ("diff.ignoreSubmodules", "all"), ("log.follow", "true"), ("diff.relative", "true"),
            ("log.date", "raw"), ("core.quotePath", "true"), ("color.ui", "always"),
            ("format.pretty", "oneline"), ("diff.noPrefix", "true"),
        ),
        None,
    ),
]  # fmt: skip
