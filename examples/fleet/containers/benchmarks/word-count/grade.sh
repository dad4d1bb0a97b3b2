#!/bin/sh
# Exact match with what wc counts.
set -eu
if [ "$(cat /output/answer.txt)" = "$(wc -w < /task.txt | tr -d ' ')" ]; then
  reward=1; passed=true
else
  reward=0; passed=false
fi
printf '{"task_id":"%s","benchmark":"word-count","reward":%s,"passed":%s}\n' \
  "$EVAL_TASK_ID" "$reward" "$passed" > /output/result.json
