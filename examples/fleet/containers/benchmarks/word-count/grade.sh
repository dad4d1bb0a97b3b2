#!/bin/sh
# Prints the reward: 1 if the answer is what wc counts, else 0.
set -eu
got=$(as-agent head -c 100 /home/agent/answer.txt) || got=
if [ "$got" = "$(wc -w < /task/text.txt)" ]; then echo 1; else echo 0; fi
