"""What a reply's text and finish reason say about how it ended."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Ending: TypeAlias = Literal["refusal", "content-filter", "token-limit"]

CONTENT_FILTER = frozenset(
    (
        *("content_filter", "content_filtered", "guardrail_intervened"),  # OpenAI, Azure, Bedrock
        *("safety", "recitation", "blocklist", "prohibited_content", "spii", "language"),  # Gemini
    )
)
TOKEN_LIMIT = frozenset(
    ("length", "max_tokens", "max_output_tokens", "model_context_window_exceeded")
)
"""Finish reasons in lower case: OpenAI's, Anthropic's, Google's, and what LiteLLM makes of them."""

_CANNED = re.compile(r"I['’]m sorry, but I (?:cannot|can['’]t) assist with that(?: request)?\.?\Z")
"""What Azure OpenAI puts in the place of, or behind, a reply that its filter cut off. The gateway
may log it as a plain `stop`, so the text is the only trace of it."""

_OPENING = re.compile(
    r"(?:(?:I['’]m|I am) (?:really |very )?sorry\b[^.!?\n]{0,60}?\b(?:I |we )?"
    r"(?:can['’]t|cannot|can not|won['’]t|unable to|not able to)\b"
    r"|(?:Sorry, (?:but )?)?I (?:can['’]t|cannot|won['’]t|['’]m unable to|am unable to) "
    r"(?:assist|help|comply|fulfill|participate|engage|provide|create|generate|support)\b)"
)
_SHORT = 400


def is_refusal(text: str) -> bool:
    """Whether a reply is a refusal, or breaks off into one.

    A short text (400 characters at most) that opens with an excuse, or any text that ends with the
    filter's own sentence.
    """
    text = text.strip()
    if _CANNED.search(text[-80:]):
        return True
    return len(text) <= _SHORT and _OPENING.match(text) is not None


def ending_of(text: str, finish_reason: str | None) -> Ending | None:
    """How a reply ended, where it did not end as it should."""
    reason = (finish_reason or "").lower()
    if reason in CONTENT_FILTER:
        return "content-filter"
    if reason in TOKEN_LIMIT:
        return "token-limit"
    if reason == "refusal" or is_refusal(text):
        return "refusal"
    return None
