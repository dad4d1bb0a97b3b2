#!/bin/sh
# Prints the reward: 1 if the answer is the number in the task's line, else 0. The answer is read
# as the agent could read it: a link to the answers is worth nothing.
set -eu
want=$(sed -n "$((EVAL_TASK_ID + 1))s/.*\t//p" /root/task/sums.tsv)
got=$(as-agent head -c 100 /home/agent/answer.txt) || got=
if [ "$got" = "$want" ]; then echo 1; else echo 0; fi
