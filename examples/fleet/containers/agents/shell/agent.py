"""An agent: asks the model, runs the commands that it calls for, and asks again."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

MOST_TURNS = 20
MOST_OUTPUT = 10_000
COMMAND_SECONDS = 30
SYSTEM = "You solve a task in a shell. Call sh to run a command; answer without a call when done."
TOOL = {
    "type": "function",
    "function": {
        "name": "sh",
        "description": "Runs a command in the working directory and gives its output.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
        },
    },
}


def ask(messages):
    """The model's next message."""
    body = {"model": os.environ["MODEL"], "messages": messages, "tools": [TOOL]}
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps(body).encode(),
        {
            "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"],
            "Content-Type": "application/json",
            "User-Agent": "shell/1.0.0",
        },
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["choices"][0]["message"]


def run(call):
    """What a called command printed, with its exit code."""
    try:
        command = json.loads(call["function"]["arguments"])["command"]
        done = subprocess.run(
            ["sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
        )
    except (ValueError, KeyError, TypeError) as error:
        return f"no command in the call: {error}"
    except subprocess.TimeoutExpired:
        return f"stopped after {COMMAND_SECONDS} s"
    output = done.stdout[-MOST_OUTPUT:].decode(errors="replace")
    return f"{output}exit code {done.returncode}"


def main():
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": os.environ["TASK"]},
    ]
    for _ in range(MOST_TURNS):
        try:
            message = ask(messages)
        except urllib.error.HTTPError as error:
            sys.exit(f"the model answers {error.code}: {error.read(500).decode(errors='replace')}")
        except (OSError, ValueError, LookupError) as error:
            sys.exit(f"the model does not answer: {error}")
        messages.append(message)
        calls = message.get("tool_calls") or []
        if not calls:
            sys.stdout.write((message.get("content") or "") + "\n")
            return
        for call in calls:
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": run(call)})
    sys.exit(f"no answer after {MOST_TURNS} turns")


if __name__ == "__main__":
    main()
