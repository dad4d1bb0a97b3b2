"""Runs one check as a workflow step. The action's last step turns the result into a verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalpolicy import __version__
from evalpolicy.errors import (
    EXIT_CLEAN,
    EXIT_FINDINGS,
    EXIT_NOT_CHECKED,
    EXIT_USAGE,
    NotCheckedError,
    UsageError,
)
from evalpolicy.frontends.action import checkout, inputs, runner
from evalpolicy.frontends.action.inputs import Inputs
from evalpolicy.reporters.safe import shown
from evalpolicy.snapshot.git_process import OF_A_REPOSITORY

# Events whose payload describes a submission.
_SUBMISSIONS = ("pull_request", "pull_request_target", "merge_group", "push")


def main(environment: Mapping[str, str]) -> int:
    """Runs the check and sets the step's outputs; returns 0 whatever the verdict is."""
    values = {"exit-code": str(EXIT_USAGE), "version": __version__, "upload": "false"}
    try:
        asked = inputs.read(environment)
        checkout.refuse_other(asked.workspace, asked.folder)
        _refuse_without_payload(environment)
    except UsageError as error:
        _no_report(environment, str(error))
    except NotCheckedError as error:
        values["exit-code"] = str(EXIT_NOT_CHECKED)
        _no_report(environment, str(error))
    else:
        values.update(_run(asked, environment))
    runner.outputs(environment.get("GITHUB_OUTPUT"), values)
    return EXIT_CLEAN


def _run(asked: Inputs, environment: Mapping[str, str]) -> dict[str, str]:
    folder = Path(tempfile.mkdtemp(prefix="evalpolicy-", dir=environment.get("RUNNER_TEMP")))
    sarif, report = asked.sarif_file or folder / "evalpolicy.sarif", folder / "evalpolicy.json"
    sarif.unlink(missing_ok=True)
    replayed, replays = _replay(asked, environment, folder) if asked.replay else (EXIT_CLEAN, None)
    arguments = [
        *_what(asked, environment),
        *([] if replays is None else [f"--replays={replays}"]),
        "--format=text",
        f"--format=github={folder / 'commands'}",
        f"--format=markdown={folder / 'summary.md'}",
        f"--format=sarif={sarif}",
        f"--format=json={report}",
    ]
    code, complaint = _evalpolicy(asked.folder, arguments)
    # The check's report includes replay findings, but not what could not be replayed.
    code = code if replays is not None and replayed <= EXIT_FINDINGS else max(code, replayed)
    values = {"exit-code": str(code)}
    counted = _summary(report)
    if counted is None:
        _no_report(environment, complaint or f"evalpolicy ended with exit code {code}")
        if code == EXIT_CLEAN:
            values["exit-code"] = str(EXIT_NOT_CHECKED)
        return values
    runner.commands((folder / "commands").read_text("utf-8"))
    runner.summary(
        environment.get("GITHUB_STEP_SUMMARY"), (folder / "summary.md").read_text("utf-8")
    )
    values.update(
        {
            "errors": str(counted["error"]),
            "warnings": str(counted["warning"]),
            "notes": str(counted["note"]),
            "json-file": str(report),
            "sarif-file": str(sarif),
            "upload": str(asked.upload and _may_upload(environment)).lower(),
        }
    )
    return values


def _replay(asked: Inputs, environment: Mapping[str, str], folder: Path) -> tuple[int, Path | None]:
    """Replays fixtures; returns the exit code, and the report, if there is one."""
    report = folder / "replay.json"
    arguments = ["replay", "run", "--quiet", "--color=never", f"--fail-on={asked.fail_on}"]
    if asked.base is not None:
        arguments.append(f"--base={asked.base}")
    arguments += [
        f"--output={folder / 'replay'}",
        "--format=text",
        f"--format=markdown={folder / 'replay.md'}",
        f"--format=json={report}",
    ]
    code, complaint = _evalpolicy(asked.folder, arguments)
    if not report.is_file():
        _no_report(environment, complaint or f"replay: exit code {code}")
        return max(code, EXIT_NOT_CHECKED), None
    runner.summary(
        environment.get("GITHUB_STEP_SUMMARY"), (folder / "replay.md").read_text("utf-8")
    )
    return code, report


def _what(asked: Inputs, environment: Mapping[str, str]) -> list[str]:
    """The command line without its formats."""
    arguments = ["check", f"--fail-on={asked.fail_on}", "--color=never"]
    arguments += [f"--select={word}" for word in asked.select]
    if asked.select and asked.replay:
        arguments.append("--select=RPL")
    arguments += [f"--ignore={word}" for word in asked.ignore]
    if asked.baseline is not None:
        arguments.append(f"--baseline={asked.baseline}")
    if asked.base is not None:
        arguments.append(f"--base={asked.base}")
    if _is_submission(environment):
        arguments.append(f"--event={environment.get('GITHUB_EVENT_PATH', '')}")
    compares = asked.base is not None or arguments[-1].startswith("--event=")
    if asked.accept_policy_changes and compares:
        arguments.append("--accept-policy-changes")
    return arguments


def _is_submission(environment: Mapping[str, str]) -> bool:
    # A tag is not one: its payload has the form of a push and compares with nothing.
    of_a_branch = environment.get("GITHUB_REF_TYPE") != "tag"
    return environment.get("GITHUB_EVENT_NAME") in _SUBMISSIONS and of_a_branch


def _refuse_without_payload(environment: Mapping[str, str]) -> None:
    """Without its payload, a submission would silently not be checked."""
    file = environment.get("GITHUB_EVENT_PATH", "")
    if _is_submission(environment) and not os.path.isfile(file):
        name = environment["GITHUB_EVENT_NAME"]
        raise NotCheckedError(
            f"the event is {name}, and GITHUB_EVENT_PATH "
            + (f"({file}) is not a file" if file else "is not set")
            + ": run the action with the environment that the runner gives to a step"
        )


def _evalpolicy(folder: Path, arguments: list[str]) -> tuple[int, str]:
    """Runs evalpolicy in a separate process; returns its exit code and its standard error.

    Its output may quote the repository, so the runner must not look for commands in it.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-m", "evalpolicy", *arguments],
        cwd=folder,
        # Check the checkout, whatever git variables an earlier step set.
        env={name: value for name, value in os.environ.items() if name not in OF_A_REPOSITORY},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    complaint = done.stderr.decode("utf-8", "replace").strip()
    runner.say(done.stdout.decode("utf-8", "replace") + complaint)
    code = done.returncode
    return (code if 0 <= code <= EXIT_NOT_CHECKED else EXIT_NOT_CHECKED), complaint


def _summary(report: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(report.read_bytes())["summary"]
    except (OSError, ValueError, KeyError):
        return None
    return found


def _no_report(environment: Mapping[str, str], complaint: str) -> None:
    """Reports the failure on the pull request's page, since there is no report to show it."""
    lines = complaint.removeprefix("evalpolicy: ").splitlines()
    runner.command("error", "\n".join(map(shown, lines[:20])))
    runner.summary(
        environment.get("GITHUB_STEP_SUMMARY"),
        f"### evalpolicy: not checked\n\n{runner.preformatted(chr(10).join(map(shown, lines)))}",
    )


def _may_upload(environment: Mapping[str, str]) -> bool:
    """False, with a notice, for a pull request from a fork: its token cannot upload results."""
    if not _from_fork(environment):
        return True
    runner.command(
        "notice",
        "The SARIF report is not uploaded: the pull request comes from a fork, whose token may "
        "not write code scanning results. Findings are in the annotations and the job summary.",
    )
    return False


def _from_fork(environment: Mapping[str, str]) -> bool:
    """Whether the event is a pull request from another repository, or from a deleted one."""
    try:
        payload = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())
        pull = payload.get("pull_request")
        if pull is None:
            return False
        home = pull["base"]["repo"]["full_name"]
        return bool((pull["head"]["repo"] or {}).get("full_name") != home)
    except (KeyError, OSError, ValueError, TypeError, AttributeError):
        return "pull_request" in environment.get("GITHUB_EVENT_NAME", "")


if __name__ == "__main__":
    sys.exit(main(os.environ))
