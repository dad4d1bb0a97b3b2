"""Random configurations from a seed: legal and illegal parts in any combination."""

from __future__ import annotations

import random
from collections.abc import Iterator

from gitleaks_matrix import PAT, Row

PATTERNS = (
    "^src/", "fixtures", r"\.jsonl$", "docs/Guide", "Dummy", "Alpha9", "(?i)GAMMA", "Beta8|Dummy",
    "x*", "", "^$", "[0-9]{2}$", "(?P<a>Wx6)", "(?i:dummy)", "ACME", ".", "nothing", "*.py", "a(",
    r"\QBeta8", r"\bsample\b", "live$", "^recorded", "(?-i)gamma", "(?U)Al.*", "tests",
)  # fmt: skip
WORDS = ("dummy", "ALPHA", "gamma5", "", "zz", "9zq", "tok3n", "pha9")
PLAIN = ("ACME-Tok[0-9]n_[A-Za-z0-9]+", "key gh[a-z]_[A-Za-z0-9]+")
CONDITIONS = ("AND", "and", "OR", "&&", "||", "or", "", "XOR")
TARGETS = ("match", "line", "secret", "", "Match")
RULES = ("acme", "second", PAT, "nobody")
REGEXES = (
    "ACME-Tok[0-9]n_[A-Za-z0-9]+", "(recorded|sample) ACME", "(?i)gamma[0-9]", "key (gh)(p_)",
    "ACME-(Tok3n)_([A-Z][a-z]+)?", "Beta8(Wx6)?", "(",
)  # fmt: skip


def rows(seed: int, number: int) -> Iterator[Row]:
    """`number` configurations; the same for the same seed."""
    for index in range(number):
        source = random.Random(f"{seed}/{index}")
        files: dict[str, str] = {}
        config = _config(source, depth=0)
        if "base.toml" in config:
            files["base.toml"] = _config(source, depth=1)
        yield Row(f"random/{seed}/{index}", config, files)


def _config(r: random.Random, depth: int) -> str:
    parts = []
    if r.random() < 0.45:
        parts.append(_extend(r, depth))
    # Ids repeat rarely: through 8.8.12 both rules stay, and which one reports is not told apart.
    for identity in r.sample(RULES[:3], r.choice((0, 1, 1, 1, 2))):
        parts.append(_rule(r, identity))
    for _ in range(r.choice((0, 1, 1, 2))):
        header = r.choice(("[[allowlists]]",) * 4 + ("[allowlist]",) * 3 + ("[allowlists]",))
        if header == "[[allowlists]]" or not any(header in part for part in parts):
            parts.append(f"{header}\n{_allowlist(r)}")
    return "".join(parts)


def _extend(r: random.Random, depth: int) -> str:
    text = "[extend]\n"
    if r.random() < 0.7 or depth:
        text += f"useDefault = {r.choice(('true', 'true', 'true', 'false'))}\n"
    elif r.random() < 0.9:
        text += 'path = "base.toml"\n'
    if r.random() < 0.2:
        text += f"disabledRules = [{r.choice(RULES)!r}]\n"
    return text


def _rule(r: random.Random, identity: str) -> str:
    text = "[[rules]]\n"
    if r.random() < 0.95:
        text += f'id = "{identity}"\n'
    if r.random() < (0.4 if identity == PAT else 0.9):
        # A default rule keeps its own entropy, which is not in the table: no small secrets there.
        choices = PLAIN if identity == PAT else REGEXES[:-1] if r.random() < 0.95 else REGEXES
        text += f"regex = '''{r.choice(choices)}'''\n"
    if r.random() < 0.15:
        text += f"path = '''{r.choice(PATTERNS[:4])}'''\n"
    if r.random() < 0.15 and identity != PAT:
        text += f"secretGroup = {r.choice((0, 1, 1, 2, 5))}\n"
    if r.random() < 0.1 and identity != PAT:
        text += f"entropy = {r.choice((0, 1, 3.5, 9))}\n"
    if r.random() < 0.2:
        text += f"keywords = ['{r.choice(('acme', 'ACME', 'recorded', 'nix'))}']\n"
    if r.random() < 0.08:
        text += "skipReport = true\n"
    if r.random() < 0.4:
        form = r.choice(("[rules.allowlist]", "[[rules.allowlists]]", "[[rules.allowlists]]"))
        text += f"{form}\n{_allowlist(r)}"
        if form.startswith("[[") and r.random() < 0.3:
            text += f"{form}\n{_allowlist(r)}"
    return text


def _allowlist(r: random.Random) -> str:
    lines = []
    if r.random() < 0.35:
        lines.append(f'condition = "{r.choice(CONDITIONS[:-1] * 3 + CONDITIONS)}"')
    if r.random() < 0.5:
        lines.append(f"paths = {_list(r, PATTERNS)}")
    if r.random() < 0.5:
        lines.append(f"regexes = {_list(r, PATTERNS)}")
    if r.random() < 0.3:
        lines.append(f"stopwords = {_list(r, WORDS)}")
    if r.random() < 0.15:
        lines.append(f"commits = {_list(r, ('0123456789012345678901234567890123456789', 'abc'))}")
    if r.random() < 0.25:
        lines.append(f'regexTarget = "{r.choice(TARGETS[:-1] * 3 + TARGETS)}"')
    if r.random() < 0.25:
        lines.append(f"targetRules = {_list(r, RULES[:3] * 2 + RULES)}")
    if r.random() < 0.1:
        lines.append("files = ['docs']")
    return "".join(f"{line}\n" for line in lines)


def _list(r: random.Random, choices: tuple[str, ...]) -> str:
    likely = tuple(c for c in choices if c not in ("*.py", "a(", "", "."))
    chosen = [
        r.choice(choices if r.random() < 0.15 else likely) for _ in range(r.choice((1, 1, 2)))
    ]
    quoted = (f"'{choice}'" for choice in chosen)
    return "[" + ", ".join(quoted) + "]"
