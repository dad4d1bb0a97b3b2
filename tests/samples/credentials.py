"""Credentials that nobody ever issued, made at run time: no file of this repository holds one."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Iterator

from evalpolicy.scanners.credentials import SHAPES, Shape
from evalpolicy.scanners.credentials.checksums import base62_crc32

ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"

_REGULAR = re.compile(
    r"\A(?P<prefix>[^\[(]*)\[(?P<alphabet>[^\]]+)\]\{(?P<least>\d+)(?:,(?P<most>\d+))?\}\Z"
)
_NAMES = {
    "wandb-by-name": "WANDB_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "cohere": "CO_API_KEY",
    "azure-openai": "AZURE_OPENAI_API_KEY",
    "aws-secret": "_".join(("aws", "secret", "access", "key")),
}


def some(rng: random.Random, alphabet: str, count: int) -> str:
    """Random text that has a digit and both cases wherever the alphabet does, and no word."""
    while True:
        text = "".join(rng.choice(alphabet) for _ in range(count))
        kinds = [k for k in ("0123456789", "abcdef", "ABCDEF") if set(k) & set(alphabet)]
        if count < 10 or all(set(kind) & set(text) for kind in kinds):
            return text


def _pem(rng: random.Random) -> tuple[str, str, str]:
    dashes = "-" * 5
    body = "\\n".join(some(rng, ALNUM + "+/", 64) for _ in range(4))
    kind = " ".join(("RSA", "PRIVATE", "KEY"))
    return f"{dashes}BEGIN {kind}{dashes}", f"\\n{body}\\n", f"{dashes}END {kind}"


def _jwt(rng: random.Random) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    claims = base64.urlsafe_b64encode(json.dumps({"sub": some(rng, HEX, 9)}).encode())
    return ".".join(
        (header.decode().rstrip("="), claims.decode().rstrip("="), some(rng, URLSAFE, 43))
    )


def _discord(rng: random.Random) -> str:
    user = base64.urlsafe_b64encode(str(rng.randrange(10**17, 9 * 10**17)).encode())
    return f"{user.decode().rstrip('=')}.{some(rng, ALNUM, 6)}.{some(rng, URLSAFE, 27)}"


def _login(rng: random.Random) -> str:
    return base64.b64encode(f"{some(rng, HEX, 6)}:{some(rng, ALNUM, 14)}".encode()).decode()


def _groups(rng: random.Random, *counts: int) -> str:
    return "-".join(some(rng, HEX, count) for count in counts)


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "langfuse": lambda rng: "sk-lf-" + _groups(rng, 8, 4, 4, 4, 12),
    "aws-access-key": lambda rng: "AK" + "IA" + some(rng, ALNUM[:26] + "234567", 16),
    "azure-storage": lambda rng: some(rng, ALNUM + "+/", 86) + "==",
    "azure-ad": lambda rng: some(rng, ALNUM, 3) + "8Q~" + some(rng, ALNUM + "_~", 32),
    "github-fine-grained": lambda rng: (
        "github" + "_pat_" + some(rng, ALNUM, 22) + "_" + some(rng, ALNUM, 59)
    ),
    "slack-app": lambda rng: "-".join(
        (
            "xapp",
            "1",
            "A" + some(rng, "BCDEFGH0123", 10),
            some(rng, "123456789", 12),
            some(rng, HEX, 64),
        )
    ),
    "slack-webhook": lambda rng: "/".join(
        ("T" + some(rng, "ABC012", 9), "B" + some(rng, "ABC012", 9), some(rng, ALNUM, 24))
    ),
    "discord": _discord,
    "telegram": lambda rng: some(rng, "123456789", 10) + ":A" + "A" + some(rng, URLSAFE, 33),
    "sendgrid": lambda rng: "SG" + "." + some(rng, URLSAFE, 22) + "." + some(rng, URLSAFE, 43),
    "jwt": _jwt,
    "basic-login": _login,
    "basic-auth": lambda rng: some(rng, ALNUM, 14),
    "private-key": lambda rng: _pem(rng)[1],
}


def token(shape: Shape, rng: random.Random, longest: bool = False) -> str:
    """A credential of this shape, without its context."""
    if shape.id.startswith("slack-xox"):
        digits = some(rng, "123456789", 12)
        return f"{shape.prefix}{digits}-{digits[::-1]}-{some(rng, ALNUM, 24)}"
    if shape.id in _MAKERS:
        return _MAKERS[shape.id](rng)
    match = _REGULAR.match(shape.secret.replace("\\.", "."))
    assert match is not None, f"no maker for {shape.id}"
    least = int(match["least"])
    count = int(match["most"] or least) if longest else least
    if shape.id.startswith("github-gh"):
        body = some(rng, ALNUM, 30)
        return f"{match['prefix']}{body}{base62_crc32(body.encode()).decode()}"
    if shape.id == "litellm":
        count = max(count, 22)
    if shape.id.startswith("langsmith"):
        return f"{match['prefix']}{some(rng, HEX, 32)}_{some(rng, HEX, 10)}"
    return match["prefix"] + some(rng, _expand(match["alphabet"]), count)


def _expand(alphabet: str) -> str:
    ranges = {"A-Z": ALNUM[:26], "a-z": ALNUM[26:52], "0-9": ALNUM[52:], "a-f": "abcdef"}
    for short, full in ranges.items():
        alphabet = alphabet.replace(short, full)
    return alphabet


def context(shape: Shape) -> tuple[str, str]:
    """What stands before and behind a credential of this shape where it is found."""
    if shape.id in _NAMES:
        return f"{_NAMES[shape.id]}=", " "
    match shape.id:
        case "azure-storage":
            return "Endpoint=https;AccountKey=", ";"
        case "slack-webhook":
            return "https://hooks.slack.com/services/", " "
        case "basic-auth":
            return "https://robot:", "@git.example.net/x"
        case "basic-login":
            return '"Authorization": "Basic ', '"'
        case "private-key":
            head, _, tail = _pem(random.Random(0))
            return head, tail
        case _:
            return " ", " "


def true_examples(shape: Shape) -> Iterator[str]:
    """The credentials, each of other characters; the longest one among them."""
    for seed in range(4):
        yield token(shape, random.Random(f"{shape.id}{seed}"), longest=seed == 3)


def near_misses(shape: Shape) -> Iterator[tuple[str, str]]:
    """Texts that come close and are no credential of this shape: (what they are, the text)."""
    rng = random.Random(shape.id)
    real = token(shape, rng)
    before, after = context(shape)
    body = real[len(shape.prefix) :]
    if shape.id == "private-key":
        yield "a header with nothing behind it", f"{before} and so on"
        yield "a block that was emptied", f"{before}\\nREDACTED\\n{after}"
        yield "a block of one letter", f"{before}\\n{'A' * 200}\\n{after}"
        yield "a public key", f"{before.replace('PRIVATE', 'PUBLIC')}{real}{after}"
        yield "a short block", f"{before}\\n{real[:40]}\\n{after}"
        return
    yield "a redaction mark", f"{before}{shape.prefix}REDACTED{after}"
    yield "one character all along", f"{before}{shape.prefix}{'x' * len(body)}{after}"
    yield (
        "four characters over and over",
        f"{before}{shape.prefix}{'a9f1' * 60}"[: len(before) + len(real)] + after,
    )
    yield "an example", f"{before}{shape.prefix}{'EXAMPLE' + body[7:]}{after}"
    middle = real.find(":") + 4 if ":" in real else len(shape.prefix) + 1
    yield "a foreign character", f"{before}{real[:middle]} {real[middle + 1 :]}{after}"
    yield "cut short", f"{before}{real[: len(shape.prefix) + 5]}{after}"
    if shape.before:
        yield "without its context", f" {real} "
    else:
        yield "the tail of a word", f" x{real} "
    if shape.prefix.swapcase() != shape.prefix:
        yield "the prefix in the other case", f"{before}{shape.prefix.swapcase()}{body}{after}"
    if shape.alphabet and "," not in shape.secret:
        yield "a piece of something longer", f"{before}{real}{rng.choice(HEX)}{after}"
    if shape.id == "jwt":
        header = base64.urlsafe_b64encode(json.dumps({"typ": "JWT", "x": 1}).encode())
        yield "a header without alg", f" {header.decode().rstrip('=')}.{real.split('.', 1)[1]} "
    if shape.id == "discord":
        yield "an id that is no number", f" M{'TQ' * 12}.{real.split('.', 1)[1]} "
    if shape.id.startswith("github-gh"):
        last = "0" if real[-1] != "0" else "1"
        yield "a wrong checksum", f"{before}{real[:-1]}{last}{after}"


def by_id(name: str) -> Shape:
    """The shape of this id."""
    return next(shape for shape in SHAPES if shape.id == name)
