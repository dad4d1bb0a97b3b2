"""A model for the example fleet: it adds numbers and counts words, with an OpenAI-compatible API.

`python abacus.py [PORT]` serves `/v1/chat/completions` and `/v1/responses`, streamed or not, by
rule: for a task that it knows it calls the agent's shell, and then replies that it is done. It
takes the place of a real model when the example's fixtures are recorded.
"""

from __future__ import annotations

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "abacus-1"
# An agent's tool for commands, and what it calls its argument.
SHELLS = {"sh": "command", "exec_command": "cmd"}
SUM = re.compile(r"What is (\d+) \+ (\d+)\?")
COUNT = re.compile(r"How many words has (/[\w./-]+)\?")

Json = dict[str, Any]


def command(task: str) -> str | None:
    """The command that solves a task."""
    if found := SUM.search(task):
        return f"echo $(({found[1]} + {found[2]})) > answer.txt"
    if found := COUNT.search(task):
        return f"wc -w < {found[1]} > answer.txt"
    return None


def reply(task: str, steps: int, tools: list[str]) -> tuple[str, str, str]:
    """Text, tool and arguments of the next turn; the last turn has no tool."""
    shell = next((name for name in tools if name in SHELLS), None)
    solution = command(task)
    if solution is None or shell is None:
        return "I only add and count words, with a shell.", "", ""
    steps_to_go = (("I solve it.", solution), ("I look at the answer.", "cat answer.txt"))
    if steps >= len(steps_to_go):
        return "The answer is in answer.txt.", "", ""
    text, line = steps_to_go[steps]
    return text, shell, json.dumps({SHELLS[shell]: line})


def words(value: Any) -> str:
    """The text of a message's content, in any of the API's forms."""
    if isinstance(value, list):
        return "\n".join(words(part) for part in value)
    return str(value.get("text", "")) if isinstance(value, dict) else str(value or "")


def usage(asked: Json) -> tuple[int, int]:
    return len(json.dumps(asked)) // 4, 20


def chat(asked: Json) -> Json:
    """A whole answer of chat completions."""
    messages = asked["messages"]
    task = "\n".join(words(one.get("content")) for one in messages if one["role"] == "user")
    steps = sum(one["role"] == "tool" for one in messages)
    tools = [tool["function"]["name"] for tool in asked.get("tools", ())]
    text, tool, arguments = reply(task, steps, tools)
    message: Json = {"role": "assistant", "content": text}
    if tool:
        function = {"name": tool, "arguments": arguments}
        message["tool_calls"] = [
            {"id": f"call_abacus{steps:04}", "type": "function", "function": function}
        ]
    prompt, completion = usage(asked)
    return {
        "id": f"chatcmpl-abacus{time.time_ns()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": NAME,
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if tool else "stop"}
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }


def responses(asked: Json) -> Json:
    """A whole answer of the responses API."""
    items = asked["input"] if isinstance(asked["input"], list) else [
        {"type": "message", "role": "user", "content": asked["input"]}
    ]  # fmt: skip
    task = "\n".join(words(one.get("content")) for one in items if one.get("role") == "user")
    steps = sum(one.get("type") == "function_call_output" for one in items)
    tools = [str(tool.get("name")) for tool in asked.get("tools", ())]
    text, tool, arguments = reply(task, steps, tools)
    number = time.time_ns()
    output: list[Json] = [
        {
            "type": "message",
            "id": f"msg_abacus{number}",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }
    ]
    if tool:
        output.append(
            {
                "type": "function_call",
                "id": f"fc_abacus{number}",
                "call_id": f"call_abacus{steps:04}",
                "status": "completed",
                "name": tool,
                "arguments": arguments,
            }
        )
    prompt, completion = usage(asked)
    return {
        "id": f"resp_abacus{number}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": NAME,
        "output": output,
        "usage": {
            "input_tokens": prompt,
            "output_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }


def chat_events(answer: Json) -> list[Json | str]:
    """The answer in one piece, and the end that clients wait for."""
    [choice] = answer["choices"]
    message = dict(choice["message"])
    calls = [{"index": i, **one} for i, one in enumerate(message.get("tool_calls", ()))]
    delta = {**message, "tool_calls": calls} if calls else message
    head = {**answer, "object": "chat.completion.chunk"}
    first = {"index": 0, "delta": delta, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    return [
        {**head, "choices": [first], "usage": None},
        {**head, "choices": [last], "usage": None},
        {**head, "choices": []},
        "[DONE]",
    ]


def responses_events(answer: Json) -> list[Json | str]:
    """Begun, each item begun and done, and all of it."""
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    events: list[Json] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(answer["output"]):
        events.append({"type": "response.output_item.added", "output_index": index, "item": item})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": answer})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


ROUTES = {
    "/v1/chat/completions": (chat, chat_events),
    "/v1/responses": (responses, responses_events),
}


class Handler(BaseHTTPRequestHandler):
    """One request, one answer, one connection."""

    def do_GET(self) -> None:
        known = self.path.partition("?")[0] == "/v1/models"
        models = {"object": "list", "data": [{"id": NAME, "object": "model"}]}
        self._send(200 if known else 404, models if known else {"error": {"message": "no route"}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        route = ROUTES.get(self.path.partition("?")[0])
        if route is None:
            self._send(404, {"error": {"message": f"no route {self.path}"}})
            return
        answer, events = route
        try:
            asked = json.loads(body)
            whole = answer(asked)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._send(400, {"error": {"message": f"{type(error).__name__}: {error}"}})
            return
        if asked.get("stream"):
            self._stream(events(whole))
        else:
            self._send(200, whole)

    def _send(self, status: int, answer: Json) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, events: list[Json | str]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for event in events:
            named = (
                f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
            )
            text = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"{named}data: {text}\n\n".encode())

    def log_message(self, *_: object) -> None:
        """What the agent asked is in the recording."""


def serve(port: int) -> ThreadingHTTPServer:
    """A server that listens on the loopback; `serve_forever` answers."""
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    with serve(int(sys.argv[1]) if len(sys.argv) > 1 else 5000) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/v1\n")
        sys.stdout.flush()
        server.serve_forever()
