"""What the generator puts Dockerfiles together from."""

from __future__ import annotations

NAMES = [
    "A",
    "B",
    "C",
    "X_1",
    "lower",
    "UNSET",
    "EMPTY",
    "TARGETARCH",
    "HTTP_PROXY",
    "É",
    "A1",
    "PATH",
]
LITERALS = [*"abz019.-_/:@,*?![]()é=+"]
ODD_LITERALS = [*"{}<>|&~^%#;`\xa0\u3000\t\u2028\x1c", "<<"]
KEYS = [
    "a",
    "b",
    "c",
    "eval.type",
    "eval.benchmark.name",
    "org.opencontainers.image.title",
    "k-1",
    "é",
]
OPERATORS_20_10 = [":-", ":+"]
OPERATORS = ["-", ":-", "+", ":+", "#", "##", "%", "%%", "/", "//"]
REFUSING_OPERATORS = ["?", ":?", "=", ":=", ":#", "^"]
STAGES = ["base", "build", "final", "Mixed", "x.y-z_1"]

OTHER = r"""
WORKDIR /w
USER 1000
USER $A
WORKDIR /$A/${B:-c}
CMD echo hi
CMD ["a", "b"]
ENTRYPOINT [ ]
EXPOSE 80 443/tcp
STOPSIGNAL SIGTERM
SHELL ["/bin/sh", "-c"]
HEALTHCHECK NONE
MAINTAINER someone else
HEALTHCHECK --interval=5s CMD true
HEALTHCHECK CMD ["true", "x"]
VOLUME /a /b
VOLUME ["/a"]
STOPSIGNAL ${A:-SIGTERM}
EXPOSE $A
VOLUME $C/x
""".strip("\n").splitlines()
"""Instructions that set no label and no variable."""

BROKEN = r"""
LABEL
ENV
ARG
ENV a
LABEL a
LABEL =1
ARG =1
LABEL a=1 b
RUN
NONSENSE x
FROM
FROM a b
FROM scratch AS
FROM scratch AS 1x
WORKDIR
USER
CMD [1]
RUN [1, 2]
RUN ["a", ]
SHELL sh -c
COPY a
ONBUILD
ONBUILD FROM scratch
ONBUILD ONBUILD RUN x
ONBUILD MAINTAINER x
ONBUILD NONSENSE
HEALTHCHECK
HEALTHCHECK FOO x
HEALTHCHECK NONE x
LABEL --x a=1
RUN --nonsense=1 x
COPY --from
COPY --link=maybe a b
VOLUME
EXPOSE
STOPSIGNAL
HEALTHCHECK CMD
SHELL []
HEALTHCHECK --interval=x CMD a
FROM --platform= scratch
LABEL ''=1
LABEL ""=1
HEALTHCHECK --retries=-1 CMD a
COPY --link --link a b
ADD
MAINTAINER
CMD
ENTRYPOINT
USER --x y
FROM --x scratch
# escape=`
EXPOSE 80 --x
ENV =
ENV ''= a
WORKDIR $
USER ${
USER '
VOLUME [""]
VOLUME ["$"]
COPY ["a"]
""".strip("\n").splitlines()
"""What BuildKit refuses, and some that look so and are taken."""
BROKEN.append("COPY <<EOF <<EOF\nEOF\nEOF")

RUNS = ("RUN", "EXPOSE", "COPY", "ADD", "VOLUME")
"""What a daemon would really do, or judge by more than the file."""
