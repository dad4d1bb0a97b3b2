#!/bin/sh
# Prints the task: line EVAL_TASK_ID of the sums, counted from 0.
set -eu
sum=$(sed -n "$((EVAL_TASK_ID + 1))s/\t.*//p" /root/task/sums.tsv)
[ -n "$sum" ]
echo "What is $sum? Write the number, and nothing else, into the file answer.txt."
