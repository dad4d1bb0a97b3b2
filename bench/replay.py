"""`python -m bench.replay [--calls N]`: replies a second of the replay server, on one core.

The server runs as users run it, a process with its journal, pinned to one core where the system
can pin; the client is a few raw connections in this process, on the other cores. Two numbers
each: replies a second by the clock, and by the server's own processor time, which other load on
the machine does not blur.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TARGET = 2000
"""Replies a second that the server has to give."""

CONNECTIONS = 16
WORDS = "The quick brown fox jumps over the lazy dog. " * 6
PROMPT = "Count the files, and say what they hold. " * 40


@dataclass(frozen=True)
class Rate:
    """Replies a second of wall time and of the server's processor time."""

    wall: float
    cpu: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.replay")
    parser.add_argument("--calls", type=int, default=6000)
    options = parser.parse_args()
    sys.stdout.write("\n".join(page(options.calls)) + "\n")
    return 0


def page(calls: int) -> list[str]:
    """A table in Markdown."""
    rows = [
        "| call | replies/s, wall | replies/s of processor time |",
        "| --- | ---: | ---: |",
    ]
    for name, (path, body) in CALLS.items():
        rate = measured(path, body, calls)
        rows.append(f"| {name} | {rate.wall:,.0f} | {rate.cpu:,.0f} |")
    note = f"{os.cpu_count()} cores, {CONNECTIONS} connections, {calls:,} calls; target {TARGET:,}"
    return [*rows, "", f"Each call is compared with its recording and journalled. {note}."]


_ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}]
_CONTENTS = [{"role": "user", "parts": [{"text": PROMPT}]}]
CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "chat": ("/v1/chat/completions", {"messages": _ASKED}),
    "chat, streamed": ("/v1/chat/completions", {"messages": _ASKED, "stream": True}),
    "responses, streamed": (
        "/v1/responses",
        {"instructions": "Be brief.", "input": PROMPT, "stream": True},
    ),
    "messages, streamed": (
        "/v1/messages",
        {"system": "Be brief.", "messages": _ASKED[1:], "stream": True},
    ),
    "gemini, streamed": (
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        {"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": _CONTENTS},
    ),
    "chat, another prompt (diverged)": (
        "/v1/chat/completions",
        {"messages": [*_ASKED, {"role": "user", "content": PROMPT}]},
    ),
}


def measured(path: str, body: dict[str, object], calls: int) -> Rate:
    """One run of a server of its own, after some calls that are not counted."""
    warm = calls // 10
    with tempfile.TemporaryDirectory() as folder:
        fixture = Path(folder) / "bench-0-codex.trajectory.jsonl"
        fixture.write_text("".join(_row(number) for number in range(calls + warm)))
        command = [sys.executable, "-m", "evalpolicy", "replay", "serve", str(fixture), "--port",
                   "0", "--journal", f"{folder}/journal.jsonl"]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                url = urlsplit(server.stdout.readline().strip())
                _pin(server.pid)
                host, port = str(url.hostname), int(url.port or 0)
                asyncio.run(_load(host, port, path, body, warm))
                began, used = time.perf_counter(), _processor(server.pid)
                asyncio.run(_load(host, port, path, body, calls))
                wall = time.perf_counter() - began
                used = _processor(server.pid) - used
            finally:
                server.send_signal(signal.SIGTERM)
        served = Path(f"{folder}/journal.jsonl").read_text().count('"status":200')
    if served != calls + warm:
        raise RuntimeError(f"{served} of {calls + warm} calls were served")
    return Rate(calls / wall, calls / used if used else float("nan"))


def _row(number: int) -> str:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": WORDS}}
    return (
        json.dumps(
            {
                "id": f"row-{number}", "call_type": "acompletion", "status": "success",
                "startTime": 1_760_000_000 + number, "model": "openai/gpt-x",
                "prompt_tokens": 12, "completion_tokens": 3, "messages": _ASKED,
                "response": {"id": f"reply-{number}", "choices": [choice]},
            }
        )
        + "\n"
    )  # fmt: skip


def _pin(pid: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {cores[0]})


def _processor(pid: int) -> float:
    """Seconds of processor time so far; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


async def _load(host: str, port: int, path: str, body: dict[str, object], calls: int) -> None:
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(content)}\r\n\r\n".encode() + content
    left = iter(range(calls))

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for _ in left:
            writer.write(request)
            await _answer(reader)
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode())
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
        return
    length = next(one for one in head.split(b"\r\n") if one.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))


if __name__ == "__main__":
    raise SystemExit(main())
