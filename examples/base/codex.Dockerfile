# The Codex CLI from npm, without Node: the package brings a static binary for each platform.
FROM docker.io/library/node:22.21.1-slim AS npm
ARG CODEX_VERSION
RUN npm install --global --prefix /npm "@openai/codex@${CODEX_VERSION}" \
 && mkdir -p "/codex/${CODEX_VERSION}" \
 && cp /npm/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-*/vendor/*/bin/codex \
      "/codex/${CODEX_VERSION}/"

FROM scratch
COPY --from=npm /codex /codex
