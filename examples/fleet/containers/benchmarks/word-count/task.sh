#!/bin/sh
echo "How many words has /task/text.txt? Write the number, and nothing else, into the file answer.txt."
