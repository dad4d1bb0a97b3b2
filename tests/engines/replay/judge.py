"""A real client of one API. Reads a list of jobs as JSON, writes what it received, one line a job.

Runs in an interpreter that has the client's package; it imports nothing of this project.
A job is {"base", "stream", "tools", "calls"}; the result {"turns": [...], "error": {...}}:
`turns` hold text, calls and usage as the client gives them, and `error` what
the call behind the last turn raised.
"""

from __future__ import annotations

import json
import sys
import time

SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}}
ASK = "What is here?"


def chat(job):
    from openai import OpenAI

    client = OpenAI(base_url=job["base"] + "/openai/v1", api_key="sk-proxy")
    tools = [{"type": "function", "function": {"name": "t", "parameters": SCHEMA}}]
    extra = {"tools": tools} if job["tools"] else {}
    messages = [{"role": "user", "content": ASK}]

    def one():
        if not job["stream"]:
            done = client.chat.completions.create(model="m", messages=messages, **extra)
        else:
            with client.chat.completions.stream(
                model="m", messages=messages, stream_options={"include_usage": True}, **extra
            ) as events:
                for _ in events:
                    pass
                done = events.get_final_completion()
        message = done.choices[0].message
        calls = [(c.function.name, c.function.arguments) for c in message.tool_calls or ()]
        return (
            message.content or "",
            calls,
            (done.usage.prompt_tokens, done.usage.completion_tokens),
        )

    return one


def responses(job):
    from openai import OpenAI

    client = OpenAI(base_url=job["base"] + "/openai/v1", api_key="sk-proxy")
    tools = [{"type": "function", "name": "t", "parameters": SCHEMA, "strict": False}]
    extra = {"tools": tools} if job["tools"] else {}

    def one():
        if not job["stream"]:
            done = client.responses.create(model="m", input=ASK, **extra)
        else:
            with client.responses.stream(model="m", input=ASK, **extra) as events:
                deltas = "".join(e.delta for e in events if e.type == "response.output_text.delta")
                done = events.get_final_response()
            assert deltas == done.output_text, "the deltas are not the text"
        calls = [(o.name, o.arguments) for o in done.output if o.type == "function_call"]
        return done.output_text, calls, (done.usage.input_tokens, done.usage.output_tokens)

    return one


def messages(job):
    from anthropic import Anthropic

    client = Anthropic(base_url=job["base"] + "/anthropic", api_key="sk-proxy")
    extra = {"tools": [{"name": "t", "input_schema": SCHEMA}]} if job["tools"] else {}
    asked = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": ASK}]}

    def one():
        if not job["stream"]:
            done = client.messages.create(**asked, **extra)
        else:
            with client.messages.stream(**asked, **extra) as events:
                deltas = "".join(events.text_stream)
                done = events.get_final_message()
            assert deltas == "".join(b.text for b in done.content if b.type == "text")
        text = "".join(b.text for b in done.content if b.type == "text")
        calls = [(b.name, json.dumps(b.input)) for b in done.content if b.type == "tool_use"]
        return text, calls, (done.usage.input_tokens, done.usage.output_tokens)

    return one


def gemini(job):
    from google import genai
    from google.genai import types

    client = genai.Client(
        api_key="sk-proxy", http_options=types.HttpOptions(base_url=job["base"] + "/genai")
    )
    declared = [
        {"name": "t", "parameters": {"type": "OBJECT", "properties": {"x": {"type": "STRING"}}}}
    ]
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=declared)] if job["tools"] else None
    )

    def one():
        asked = {"model": "m", "contents": ASK, "config": config}
        if job["stream"]:
            chunks = list(client.models.generate_content_stream(**asked))
        else:
            chunks = [client.models.generate_content(**asked)]
        parts = [p for c in chunks for p in c.candidates[0].content.parts]
        text = "".join(p.text or "" for p in parts)
        calls = [(p.function_call.name, json.dumps(p.function_call.args)) for p in parts
                 if p.function_call]  # fmt: skip
        usage = chunks[-1].usage_metadata
        return text, calls, (usage.prompt_token_count, usage.candidates_token_count)

    return one


def run(make, job):
    one = make(job)
    turns = []
    for _ in range(job["calls"]):
        text, calls, usage = one()
        turns.append({"text": text, "calls": calls, "usage": usage})
    began = time.monotonic()
    try:
        extra = one()
        error = {"status": None, "text": extra[0], "seconds": time.monotonic() - began}
    except Exception as raised:  # noqa: BLE001 - what it is, is the result
        status = getattr(raised, "status_code", getattr(raised, "code", None))
        error = {"kind": type(raised).__name__, "status": status, "text": str(raised)}
    return {"turns": turns, "error": error}


def main():
    make = {"chat": chat, "responses": responses, "messages": messages, "gemini": gemini}
    for job in json.load(sys.stdin):
        try:
            result = run(make[sys.argv[1]], job)
        except Exception as raised:  # noqa: BLE001  # what it is, is the result
            result = {"turns": [], "error": None, "failed": f"{type(raised).__name__}: {raised}"}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
