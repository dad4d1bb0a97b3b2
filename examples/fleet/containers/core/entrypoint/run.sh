#!/bin/sh
# Runs the agent on the task, then the grader on what the agent left.
set -eu
agent > /output/answer.txt
exec /grade.sh
