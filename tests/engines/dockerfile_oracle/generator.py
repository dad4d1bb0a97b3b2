"""Dockerfiles by seed: every construct that the artifact reads, right, odd and broken.

`Generator(seed).dockerfile()` builds on `scratch` only, so that a daemon without network can judge
it. With `engine_20_10` it leaves out what Docker's engine 20.10 reads otherwise, having an older
BuildKit built in: heredocs, all substitutions but `:-` and `:+`, several names in an ARG.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .layout import mutated, rendered
from .vocabulary import (
    BROKEN,
    KEYS,
    LITERALS,
    NAMES,
    ODD_LITERALS,
    OPERATORS,
    OPERATORS_20_10,
    OTHER,
    REFUSING_OPERATORS,
    RUNS,
    STAGES,
)


@dataclass(frozen=True)
class Case:
    """A Dockerfile and the build arguments that it is built with."""

    dockerfile: str
    args: dict[str, str]


class Generator:
    def __init__(self, seed: int, *, engine_20_10: bool = False) -> None:
        self.random = random.Random(seed)
        self.old = engine_20_10
        self.escape = "\\"
        self.stages: list[str] = []
        self.wild = self.random.random() < 0.25 and not engine_20_10
        self.broken = self.random.random() < 0.2

    def case(self) -> Case:
        args = {}
        if self.random.random() < 0.3:
            chosen = self.random.sample(["A", "B", "UNSET", "HTTP_PROXY", "TARGETARCH"], 2)
            args = {name: self.random.choice(["", "arg value", "a*b", "x/y"]) for name in chosen}
        return Case(self.dockerfile(), args)

    def dockerfile(self) -> str:
        pick = self.random
        lines = []
        if pick.random() < 0.3:
            lines += self._directives()
        if pick.random() < 0.3:
            lines.append(
                pick.choice(
                    ["# a comment", "#", "  # indented", "", "   ", "#escape=x"]
                    if self.wild
                    else ["# c"]
                )
            )
        for _ in range(pick.choice([0, 0, 1, 2, 3])):
            lines.append(self._arg())
        for _ in range(pick.choice([1, 1, 1, 2, 3])):
            lines.append(self._from())
            for _ in range(pick.randint(1, 7)):
                lines.append(self._instruction())
        laid_out = (
            rendered(pick, line, self.escape, old=self.old, wild=self.wild) for line in lines
        )
        text = "\n".join(laid_out) + pick.choice(["\n", "\n", "\n", "", "\n\n", "  "])
        if pick.random() < 0.05:
            text = "\ufeff" + text
        if pick.random() < 0.1:
            text = text.replace("\n", "\r\n")
        if self.wild and pick.random() < 0.3:
            text = mutated(pick, text)
        return text

    def _directives(self) -> list[str]:
        lines = []
        pick = self.random
        for name in pick.sample(["syntax", "escape", "check"], pick.randint(1, 3)):
            if name == "escape":
                self.escape = pick.choice(["\\", "`", "`"])
                if self.old and any("check" in line for line in lines):
                    self.escape = "\\"
                lines.append(
                    pick.choice(["# escape={}", "#escape = {}  ", "#  EsCaPe={}"]).format(
                        self.escape
                    )
                )
            elif name == "check" and not self.old:
                lines.append("# check=skip=all")
            elif name == "syntax" and not self.old:
                lines.append("# syntax=docker/dockerfile:1")
        return lines

    def _instruction(self) -> str:
        pick = self.random
        chance = pick.random()
        if self.broken and chance < 0.15:
            return pick.choice(
                [line for line in BROKEN if not (self.old and line.startswith(RUNS))]
            )
        if chance < 0.55:
            line = self._label()
        elif chance < 0.66:
            line = self._arg()
        elif chance < 0.78:
            line = self._env()
        elif chance < 0.84:
            line = (
                pick.choice(OTHER)
                if not self.old
                else pick.choice(
                    ["CMD echo hi", 'CMD ["a"]', "STOPSIGNAL 9", "USER 1", "HEALTHCHECK NONE"]
                )
            )
        elif chance < 0.90 and not self.old:
            return self._heredoc()
        elif chance < 0.94:
            line = pick.choice(["# comment LABEL a=1", "", "  ", "\t# x"])
        else:
            line = self._label()
        if pick.random() < 0.08 and line.strip() and not line.strip().startswith("#"):
            return f"ONBUILD {line}"
        return line

    def _from(self) -> str:
        pick = self.random
        base = "scratch"
        if self.stages and pick.random() < 0.7:
            base = pick.choice(self.stages).lower()
        line = f"FROM {base}"
        if self.wild and pick.random() < 0.1:
            platform = pick.choice(["linux/amd64", "$TARGETPLATFORM", "$UNSET", "linux"])
            line = f"FROM --platform={platform} {base}"
        elif pick.random() < 0.1:
            line = "FROM ${NOT_THERE:-" + base + "}"
        elif self.wild and pick.random() < 0.05:
            line = f"FROM {self._word(0)}"
        if pick.random() < 0.6:
            name = pick.choice(STAGES)
            self.stages.append(name)
            line += f" {pick.choice(['AS', 'as', 'As'])} {name}"
        return line

    def _label(self) -> str:
        pick = self.random
        if pick.random() < 0.1:
            return f"LABEL {self._key()}{pick.choice([' ', '  ', ' '])}{self._old_value()}"
        pairs = [f"{self._key()}={self._value()}" for _ in range(pick.choice([1, 1, 1, 2, 3]))]
        return "LABEL " + pick.choice([" ", "  ", " "]).join(pairs)

    def _env(self) -> str:
        pick = self.random
        if pick.random() < 0.15:
            return f"ENV {pick.choice(NAMES)} {self._old_value()}"
        pairs = [f"{pick.choice(NAMES)}={self._value()}" for _ in range(pick.choice([1, 1, 2]))]
        return "ENV " + " ".join(pairs)

    def _arg(self) -> str:
        pick = self.random
        if self.old:
            # Engine 20.10 ends ARG's default at the first space, also within nested quotes.
            name, value = pick.choice(NAMES), self._value().replace(" ", "_")
            return f"ARG {name}" if pick.random() < 0.4 else f"ARG {name}={value}"
        names = [pick.choice(NAMES) for _ in range(pick.choice([1, 1, 1, 2]))]
        declared = [n if pick.random() < 0.4 else f"{n}={self._value()}" for n in names]
        return "ARG " + " ".join(declared)

    def _key(self) -> str:
        pick = self.random
        key = pick.choice(KEYS)
        chance = pick.random()
        if chance < 0.1:
            return f'"{key} x"'
        if chance < 0.15:
            return f"'{key}'"
        if chance < 0.2:
            return f"{key}.$A"
        if chance < 0.22 and self.wild:
            return self._word(0)
        return key

    def _value(self, *, spaces: bool = False) -> str:
        chance = self.random.random()
        if chance < 0.1:
            return ""
        if chance < 0.4:
            return '"' + self._inside(0, '"') + '"'
        words = [self._word(0) for _ in range(self.random.randint(1, 3) if spaces else 1)]
        return " ".join(words)

    def _old_value(self) -> str:
        return self._value(spaces=True) or ("" if self.broken else "v")

    def _word(self, depth: int) -> str:
        pick = self.random
        return "".join(self._atom(depth) for _ in range(pick.choice([1, 1, 2, 3, 4])))

    def _atom(self, depth: int) -> str:
        pick = self.random
        chance = pick.random()
        if chance < 0.35:
            return "".join(pick.choice(LITERALS) for _ in range(pick.randint(1, 4)))
        if chance < 0.42:
            return '"' + self._inside(depth, '"') + '"'
        if chance < 0.48:
            return "'" + self._inside(depth, "'") + "'"
        if chance < 0.55:
            return self.escape + pick.choice([" ", "$", '"', "'", self.escape, "a", "\\", "}"])
        if chance < 0.60 and self.wild:
            return pick.choice(
                [
                    *ODD_LITERALS,
                    "'",
                    '"',
                    "$",
                    "${",
                    "}",
                    "$$",
                    "$1",
                    "$?",
                    "${}",
                    "${A",
                    self.escape,
                ]
            )
        return self._variable(depth)

    def _inside(self, depth: int, quote: str) -> str:
        pick = self.random
        out = []
        for _ in range(pick.randint(0, 4)):
            chance = pick.random()
            if chance < 0.5:
                out.append(pick.choice([*LITERALS, " ", "  ", "'" if quote == '"' else '"', "#"]))
            elif chance < 0.65 and quote == '"':
                out.append(self.escape + pick.choice(['"', "$", self.escape, "a", "n", "'"]))
            elif chance < 0.7 and quote == "'":
                out.append(pick.choice(["$A", self.escape + "a"]))
            else:
                out.append(self._variable(depth + 1) if quote == '"' else "q")
        return "".join(out)

    def _variable(self, depth: int) -> str:
        pick = self.random
        name = pick.choice(NAMES)
        chance = pick.random()
        if chance < 0.3:
            return "$" + name
        if chance < 0.55 or depth > 2:
            return "${" + name + "}"
        if chance < 0.58 and not self.old:
            return pick.choice(["$$", "$1", "$@", "$", "${1}"])
        operator = pick.choice(OPERATORS_20_10 if self.old else OPERATORS)
        if self.broken and not self.old and pick.random() < 0.15:
            operator = pick.choice(REFUSING_OPERATORS)
        elif not self.old and pick.random() < 0.02:
            operator = "?"
        if operator in ("/", "//"):
            return (
                "${"
                + name
                + operator
                + self._pattern()
                + "/"
                + self._word_in_braces(depth + 1)
                + "}"
            )
        if operator[0] in "#%":
            return "${" + name + operator + self._pattern() + "}"
        return "${" + name + operator + self._word_in_braces(depth + 1) + "}"

    def _word_in_braces(self, depth: int) -> str:
        return (
            self._word(depth) if self.random.random() < 0.8 else self.random.choice(self._braced())
        )

    def _braced(self) -> list[str]:
        """Words for braces; a space is only good within quotes, which the caller may not have."""
        words = ["", "$0", "\\$0", "$$1"]
        if not self.old:  # which ends ARG's default at a space within nested quotes
            words += ['"a b"', "'x y'"]
        return [*words, "a b", "x y z"] if self.wild else words

    def _pattern(self) -> str:
        pieces = [*"ab*?/0.[", "*", "*", "\\*", "\\?", "\\\\", "\\}", "\\/", "$A", "é", '"a*"', "v"]
        if self.broken:
            pieces.append("\\a")
        return "".join(self.random.choice(pieces) for _ in range(self.random.randint(0, 4)))

    def _heredoc(self) -> str:
        pick = self.random
        keyword = pick.choice(
            [
                "RUN",
                "RUN",
                "RUN",
                "COPY",
                "ADD",
                "ONBUILD RUN",
                "run",
                "RUN --mount=type=cache,target=/c",
            ]
        )
        count = pick.choice([1, 1, 1, 2, 3])
        words, bodies = [], []
        for _ in range(count):
            name = pick.choice(["EOF", "E", "end.sh", "X1"])
            dash = pick.choice(["", "", "-"])
            written = pick.choice([name, name, f'"{name}"', f"'{name}'", f"{name[0]}'{name[1:]}'"])
            before, between = pick.choice(["", "", "", "3", "x"]), pick.choice(["", "", " "])
            words.append(f"{before}<<{dash}{between}{written}")
            body = [
                pick.choice(
                    [
                        "LABEL a=1",
                        "# c",
                        "",
                        "\tx = {",
                        "from x import y",
                        "ENV A=2 \\",
                        "  EOF",
                        "$A ${B:-c}",
                        "\\",
                        "EOFX",
                        "<<E",
                    ]
                )
                for _ in range(pick.randint(0, 3))
            ]
            bodies.append("\n".join([*body, ("\t" if dash and pick.random() < 0.5 else "") + name]))
        if self.wild and pick.random() < 0.15:
            bodies.pop()
        command = pick.choice(
            ["cat", "", "sh -s", 'echo "x" ', "echo \\'", "python3 -", "${A:-x y}"]
        )
        if self.wild and pick.random() < 0.1:
            command = "echo '"
        tail = pick.choice(["", " | sort", " > /x", " && y"])
        if keyword in ("COPY", "ADD"):
            line = f"{keyword} {' '.join(words)} /dest/"
        else:
            line = f"{keyword} {command} {' '.join(words)}{tail}"
        return "\n".join([line, *bodies])
