"""What ACM001 finds, and that its page is correct."""

from evalpolicy_acme.rules import maintainer_missing

from evalpolicy.testing import check_page, findings

DOCKERFILE = "containers/agents/codex/Dockerfile"


def test_the_page(tmp_path):
    check_page(maintainer_missing, tmp_path)


def test_the_label_of_another_stage_is_not_the_images(tmp_path):
    text = """\
FROM node:22-slim AS build
LABEL org.opencontainers.image.authors="codex-team@example.org"
FROM node:22-slim
"""
    [finding] = findings(maintainer_missing, tmp_path, {DOCKERFILE: text})
    assert (finding.path, finding.span.line, finding.subject) == (DOCKERFILE, 3, "codex")
