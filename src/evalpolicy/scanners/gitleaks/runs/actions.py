"""Actions that run gitleaks, or put it on PATH, as their own sources have it."""

from __future__ import annotations

import re
from collections.abc import Callable

from evalpolicy.artifacts.syntax.shell.reader import words_of
from evalpolicy.artifacts.workflow import Step
from evalpolicy.scanners.gitleaks.invocation import Invocation, from_words
from evalpolicy.scanners.gitleaks.runs.model import Seen, exact, tagged
from evalpolicy.scanners.gitleaks.runs.program import image_seen
from evalpolicy.scanners.gitleaks.versions import Version

_DEFAULTS = {
    "2.0.7": "8.9.0", "2.0.8": "8.9.0", "2.1.0": "8.10.3", "2.1.1": "8.10.3", "2.1.2": "8.11.1",
    "2.1.3": "8.11.2", "2.1.4": "8.12.0", "2.2.0": "8.12.0", "2.2.1": "8.12.0",
    "2.3.0": "8.12.0", "2.3.1": "8.12.0", "2.3.2": "8.12.0", "2.3.3": "8.16.1",
    "2.3.4": "8.16.1", "2.3.5": "8.16.1", "2.3.6": "8.16.1", "2.3.7": "8.16.1",
    "2.3.8": "8.24.3", "2.3.9": "8.24.3", "3.0.0": "8.24.3",
}  # fmt: skip
"""What gitleaks-action installs at each tag (its src/index.js); from 2.0.0 to 2.0.6 the latest."""
_NEWEST_DEFAULT = Version(8, 24, 3)
_MOVING = re.compile(r"v?[23](?:\.\d+)?|master|main")
_HASH = re.compile(r"[0-9a-f]{40}")
_SET = "set GITLEAKS_VERSION in its `env`"
_DETECT = ("detect", "--redact", "-v")
_GACTS_LOOKS = (
    "gitleaks.toml",
    ".gitleaks.toml",
    ".github/gitleaks.toml",
    ".github/.gitleaks.toml",
)
_INSTALLERS = ("tool", "tools", "tag", "version", "release", "ref", "binary-version")


Exists = Callable[[str], bool]
"""Whether the repository has a file of that path."""


def action_run(
    step: Step, environment: dict[str, str], inputs: dict[str, str], exists: Exists
) -> tuple[Invocation, Seen] | None:
    """What an action runs gitleaks with, and the version; None for an action that does not."""
    if step.uses is None:
        return None
    name, _, reference = step.uses.text.partition("@")
    name = name.lower()
    if name in ("gitleaks/gitleaks-action", "zricethezav/gitleaks-action"):
        return _own(step, reference, environment, inputs)
    if name == "gacts/gitleaks":
        return _gacts(inputs, environment, exists)
    if name == "dariuszporowski/github-action-gitleaks":
        words = ["detect", "-c", inputs["config"]] if inputs.get("config") else ["detect"]
        seen = Seen(why=f"{name} carries its own gitleaks", settle="run a version of your choice")
        return from_words(words, environment) or Invocation(), seen
    if name.startswith("docker://"):
        return _image(step.uses.text, inputs, environment)
    return None


def _own(
    step: Step, reference: str, environment: dict[str, str], inputs: dict[str, str]
) -> tuple[Invocation, Seen]:
    tag = reference
    if _HASH.fullmatch(reference) and step.note:
        tag = step.note
    if re.match(r"v?1(\.|$)", tag):
        config = inputs.get("config-path")
        words = ["detect", "-c", config] if config else ["detect"]
        why = "version 1 of the action carries its own gitleaks, of version 7"
        settle = "use version 2 of the action with GITLEAKS_VERSION, or install gitleaks 8"
        return from_words(words, environment) or Invocation(), Seen(why=why, settle=settle)
    invocation = from_words(_DETECT, environment) or Invocation()
    written = environment.get("GITLEAKS_VERSION", "")
    if written:
        return invocation, tagged(written)
    return invocation, _default(tag)


def _default(tag: str) -> Seen:
    number = tag.removeprefix("v")
    if number in _DEFAULTS:
        return Seen(Version.of(_DEFAULTS[number]), "exact")
    if number.startswith("2.0."):
        return Seen(kind="mutable", why=f"{tag} of the action takes the newest", settle=_SET)
    if _HASH.fullmatch(tag):
        why = f"{tag[:12]} does not say which release of the action it is"
        return Seen(why=why, settle=f"{_SET}, or note the action's tag behind it")
    if _MOVING.fullmatch(tag) or (found := exact(tag)) is None or found > Version(2, 3, 7):
        return Seen(_NEWEST_DEFAULT, "exact")
    return Seen(why=f"the gitleaks of the action's {tag} is not known here", settle=_SET)


def _gacts(
    inputs: dict[str, str], environment: dict[str, str], exists: Exists
) -> tuple[Invocation, Seen] | None:
    if inputs.get("run") == "false":
        return None
    config = inputs.get("config-path")
    if not config and not environment.get("GITLEAKS_CONFIG"):
        config = next(filter(exists, _GACTS_LOOKS), None)
    words = ["detect", "-s", inputs.get("path") or ".", *(["-c", config] if config else [])]
    seen = tagged(inputs.get("version", "").replace("latest", ""))
    return from_words(words, environment) or Invocation(), seen


def _image(
    uses: str, inputs: dict[str, str], environment: dict[str, str]
) -> tuple[Invocation, Seen] | None:
    seen = image_seen(uses)
    if seen is None:
        return None
    words = words_of(inputs.get("args", ""))
    invocation = from_words(words, environment)
    return None if invocation is None else (invocation, seen)


def installed_by_action(step: Step, inputs: dict[str, str]) -> Seen | None:
    """The gitleaks that an action puts on PATH: a tool with its version, or a release."""
    name = "" if step.uses is None else step.uses.text.partition("@")[0].lower()
    if name == "gacts/gitleaks":
        return tagged(inputs.get("version", "").replace("latest", ""))
    if name == "taiki-e/install-action" and step.uses is not None:
        tools = f"{inputs.get('tool', '')},{step.uses.text.rpartition('@')[2]}"
        for tool in re.split(r"[,\s]+", tools):
            if tool.partition("@")[0] == "gitleaks":
                return tagged(tool.partition("@")[2])
        return None
    if not any("gitleaks/gitleaks" in value for value in inputs.values()):
        return None
    written = (inputs[key] for key in _INSTALLERS if inputs.get(key))
    return tagged(next((text for text in written if "gitleaks" not in text), ""))
