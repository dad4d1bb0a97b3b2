#!/bin/sh
# Asks the model once and prints what it says.
set -eu
curl --fail --silent "$OPENAI_BASE_URL/chat/completions" \
  -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \
  -d "{\"model\": \"$EVAL_MODEL\", \"messages\": [{\"role\": \"user\", \"content\": \"$TASK\"}]}" |
  sed -n 's/.*"content": *"\([^"]*\)".*/\1/p'
