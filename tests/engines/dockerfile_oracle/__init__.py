"""The Dockerfile artifact judged by BuildKit: generator, two judges, comparison, shrinker."""
