"""How a generated instruction is laid out: case, blanks, continuation lines, comments, damage."""

from __future__ import annotations

import random


def rendered(pick: random.Random, line: str, escape: str, *, old: bool, wild: bool) -> str:
    """The line with another case, indentation, continuation lines and comments in it."""
    first, newline, rest = line.partition("\n")
    if not first.strip() or first.lstrip().startswith("#"):
        return line
    keyword, space, value = first.partition(" ")
    if pick.random() < 0.15:
        keyword = pick.choice([keyword.lower(), keyword.title()])
    if pick.random() < 0.1:
        space = pick.choice(["  ", "\t", " \t "]) if space else ""
    if space and pick.random() < 0.2:
        value = _broken_up(pick, value, escape, old=old)
    elif space and pick.random() < 0.03:
        space += f"{escape}\n"
    indent = pick.choice([" ", "\t"]) if pick.random() < 0.08 else ""
    trail = pick.choice([" ", "\t ", *[f"{escape}{escape}"] * wild]) if pick.random() < 0.06 else ""
    return indent + keyword + space + value + trail + newline + rest


def _broken_up(pick: random.Random, value: str, escape: str, *, old: bool) -> str:
    parts = value.split(" ")
    out = parts[0]
    for part in parts[1:]:
        if pick.random() < 0.6:
            out += " " + escape + pick.choice(["", "", " ", "\t"]) + "\n"
            out += pick.choice(["", "", "# in between\n", "\n", "  # x \\\n", "   \n"])
            out += pick.choice(["", "  ", "\t"]) + part
        else:
            out += " " + part
    if not old and pick.random() < 0.1:
        at = pick.randint(0, len(out))
        out = out[:at] + escape + "\n" + out[at:]
    return out


def mutated(pick: random.Random, text: str) -> str:
    for _ in range(pick.randint(1, 3)):
        at = pick.randint(0, len(text))
        drop = pick.choice([0, 0, 1, 3])
        text = (
            text[:at]
            + pick.choice(
                ["", "\n", "\\", '"', "'", "$", "{", "}", "<<", "#", " ", "\r", "\t", "\\\n"]
            )
            + text[at + drop :]
        )
    return text
