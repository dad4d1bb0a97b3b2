#!/bin/sh
exec python3 /opt/agent/agent.py
