# An evaluation: a benchmark's image, and an agent's files in it.
ARG BENCHMARK_IMAGE
ARG AGENT_IMAGE
# COPY --from takes no variable.
FROM ${AGENT_IMAGE} AS agent

FROM ${BENCHMARK_IMAGE}
COPY --from=agent /opt/agent /opt/agent
