# The image of one benchmark (of one task, where it is per-task) with one agent.
variable "EVAL_BENCHMARK" {}
variable "EVAL_AGENT" {}
variable "BENCHMARK_IMAGE" { default = "${REGISTRY}/benchmarks/${EVAL_BENCHMARK}:${TAG}" }
variable "AGENT_IMAGE" { default = "${REGISTRY}/agents/${EVAL_AGENT}:${TAG}" }

target "eval" {
  context    = "containers/core"
  dockerfile = "combination.Dockerfile"
  args = {
    BENCHMARK_IMAGE = BENCHMARK_IMAGE
    AGENT_IMAGE     = AGENT_IMAGE
  }
  tags = ["${REGISTRY}/evals/${EVAL_BENCHMARK}--${EVAL_AGENT}:${TAG}"]
}
