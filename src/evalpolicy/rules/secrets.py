"""SEC: credentials and internal hosts in fixtures, credentials in images.

No scanner's allowlist applies. Credentials are never shown: only the prefix, the length and the
start of the SHA-256, which distinguishes two of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.recordings.mapping import Recordings
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Dockerfile
    from evalpolicy.facts.recordings.reading import Leak
    from evalpolicy.fleet.units import Place
    from evalpolicy.scanners.credentials.fitting import Kind


@rule("SEC001", "fixture-credential", "error")
def fixture_credential(recordings: Recordings) -> Iterator[Hit]:
    """A fixture contains a string that looks like a credential, regardless of any allowlist.

    The shapes are those that providers publish: a prefix, an alphabet, a length, and a checksum
    where there is one. The message gives its path in the JSON, including through strings that
    contain JSON themselves.

    ## Why

    When an agent prints its environment, the recording keeps it. Behind an allowlist for the
    whole folder, the reference fleet had recorded a Hugging Face token, a LiteLLM virtual key and
    Google OAuth tokens (fixed in eba2de11). A pushed credential is public: revoke it first.

    ## Example

    `{{litellm}}` stands for a made-up key of that shape.

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "key={{litellm}}"}
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "key=sk-REDACTED"}
    ```

    ## Exempt

    Redaction marks, placeholders and documented examples; one-way hashes such as
    `user_api_key_hash`, `prompt_cache_key` and an image's `GPG_KEY`.

    ## Encodings

    Credentials are found unencoded, in JSON within JSON, with the escapes of JSON (`\\u002d`,
    `\\/`), of URLs (`%2D`) and of Python (`\\x2d`), and as the base64 of a user and a password
    after `Basic`; also before a `-`, `_` or `.` that begins another word or credential. Not found:
    any other base64, octal (`\\055`), hex and HTML entities (`&#45;`); a credential that contains
    a colour code, a zero-width character or a line break; one directly preceded by a letter or
    digit; one longer than 2 KiB (JSON Web Tokens and private keys: 64 KiB), or one with an escape
    that extends more than 4 KiB from it.
    """
    return _leaks(
        recordings,
        "credential",
        "{what} {masked}{place}: revoke it, then `evalpolicy fixtures redact {stem}`",
    )


@rule("SEC002", "fixture-internal-host", "error")
def fixture_internal_host(recordings: Recordings) -> Iterator[Hit]:
    """A fixture contains the name of an internal host.

    ## Why

    The name of a gateway tells an attacker where to start, and everybody else who runs the models.
    The reference fleet's fixtures contained one until eba2de11.

    ## Example

    ```toml evalpolicy.toml
    [secrets]
    internal_hosts = ['[a-z0-9.-]+\\.corp\\.example']
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "api_base": "https://llm.corp.example/v1"}
    ```

    ## Fixed

    ```toml evalpolicy.toml
    [secrets]
    internal_hosts = ['[a-z0-9.-]+\\.corp\\.example']
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {
      "status": "success", "response": {"choices": []},
      "api_base": "https://host.internal.invalid/v1"
    }
    ```

    ## Exempt

    Names that end in `.invalid`, which nobody can own (RFC 2606).

    ## Configuration

    `[secrets] internal_hosts` lists regular expressions (RE2). Without it the rule finds nothing.
    """
    return _leaks(
        recordings,
        "host",
        "{what} {masked}{place}: redact it with `evalpolicy fixtures redact {stem}`",
    )


@rule("SEC004", "half-redacted", "warning")
def half_redacted(recordings: Recordings) -> Iterator[Hit]:
    """A redaction mark is followed by the rest of the token.

    ## Why

    Redaction by search and replace removes only what the pattern matched. The rest of a token
    narrows it down, and proves whose it was.

    ## Example

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "hf_REDACTEDaB3dE5gH7jK9"}
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/arc-0-codex.trajectory.jsonl
    {"status": "success", "response": {"choices": []}, "messages": "hf_REDACTED"}
    ```

    ## Exempt

    A mark that replaces the whole token, even if other words follow it.
    """
    return _leaks(
        recordings,
        "half-redacted",
        "{what} {masked}{place}: remove the rest with `evalpolicy fixtures redact {stem}`",
    )


def _leaks(recordings: Recordings, kind: Kind, message: str) -> Iterator[Hit]:
    """One hit a fixture and secret, where it occurs first."""
    for path, recording in recordings.items():
        stem = stem_of(path)
        cut = recording.leaked > len(recording.leaks)
        for masked, leaks in _by_secret(recording.leaks, kind).items():
            leak = leaks[0]
            place = f" at {leak.json_path}" if leak.json_path else ""
            if len(leaks) > 1:
                place += f" and {'at least ' * cut}{counted(len(leaks) - 1, 'more time')}"
            yield Hit(
                path,
                message.format(what=leak.what, masked=masked, place=place, stem=stem),
                Span.at(leak.line, leak.column, leak.length),
                "`evalpolicy fixtures show` and every report mask it",
                stem,
                masked,
                cause=masked,
            )
        if cut and kind == "credential":
            yield Hit(
                path,
                f"this fixture contains {recording.leaked:,} credentials and hosts: only the first "
                f"{len(recording.leaks):,} are reported",
                subject=stem,
                about="more",
            )


def _by_secret(leaks: Iterable[Leak], kind: Kind) -> dict[str, list[Leak]]:
    """The leaks of this kind by secret, each where it occurs."""
    found: dict[str, list[Leak]] = {}
    for leak in leaks:
        if leak.kind == kind:
            found.setdefault(leak.masked, []).append(leak)
    return found


_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|API_?KEY)(?:_|$)|_KEY$", re.IGNORECASE
)
_NO_SECRET = re.compile(
    r"^GPG_KEY$|(?:^|_)PUBLIC(?:_|$)|_(?:FILE|PATH|DIR|URL|NAME|LIMIT|COUNT|LENGTH|TTL)$",
    re.IGNORECASE,
)


@rule("SEC003", "credential-in-image", "error")
def credential_in_image(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """An ARG or ENV is named like a credential: its value ends up in the image or its history.

    Names that contain TOKEN, SECRET, PASSWORD, PASSWD, CREDENTIAL or APIKEY as a word, and names
    that end in _KEY. The value is never shown.

    ## Why

    `docker history` shows the build arguments of every step, and `docker inspect` the
    environment, to everyone who can pull the image.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG HF_TOKEN
    RUN fetch --token "$HF_TOKEN"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    RUN --mount=type=secret,id=hf,env=HF_TOKEN fetch --token "$HF_TOKEN"
    ```

    ## Exempt

    `GPG_KEY` (a fingerprint, in the official Python images), names with PUBLIC, names that end in
    _FILE, _PATH, _DIR, _URL, _NAME, _LIMIT, _COUNT, _LENGTH or _TTL, and an empty ENV. Longer
    words such as MAX_TOKENS and TOKENIZER do not count.
    """
    for instruction, name, span in _named_like_credentials(dockerfile):
        yield Hit(
            place.path,
            f"{instruction} {name} puts a credential into the image: mount it as a secret, or "
            "pass it to the container at run time",
            span,
            f"`RUN --mount=type=secret,id={name.lower()},env={name} …`",
            about=f"{instruction} {name}",
            cause=name,
        )


def _named_like_credentials(dockerfile: Dockerfile) -> Iterator[tuple[str, str, Span]]:
    """Instruction, name and place of each ARG and of each ENV that is not empty."""
    for arg in (*dockerfile.global_args, *(arg for s in dockerfile.stages for arg in s.args)):
        if is_credential(arg.key):
            yield "ARG", arg.key, arg.key_span
    for env in (env for stage in dockerfile.stages for env in stage.envs):
        if env.raw and is_credential(env.key):
            yield "ENV", env.key, env.key_span


def is_credential(name: str) -> bool:
    """Whether a variable's name suggests that it holds a credential."""
    return _NAME.search(name) is not None and _NO_SECRET.search(name) is None
