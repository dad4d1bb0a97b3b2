#!/bin/sh
# The gateway as the only provider; the container is the sandbox.
set -eu
mkdir -p "$HOME/.codex"
cat > "$HOME/.codex/config.toml" <<CONFIG
model = "$MODEL"
model_provider = "gateway"

[model_providers.gateway]
name = "gateway"
base_url = "$OPENAI_BASE_URL"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
CONFIG
exec codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox --json "$TASK"
