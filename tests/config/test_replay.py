"""`[replay]`: its defaults, what is read, what is refused, and where."""

from __future__ import annotations

import json

import pytest
from msgspec import Struct
from msgspec.structs import fields

from evalpolicy.config.reading import Config, parse
from evalpolicy.config.replay import filled
from evalpolicy.errors import UsageError
from evalpolicy.matching.shipped import schema
from evalpolicy.replay.plan.builds import engine_build, podman_build, script_build

SET_BY_THE_READER = {"source", "plugins_line", "levels_lines"}


def test_the_defaults_are_the_reference_fleets():
    replay = Config().replay
    values = {"registry": replay.registry, "tag": replay.tag, "benchmark": "aime", "agent": "codex"}
    assert filled(replay.names.eval, values) == "ghcr.io/exgentic/evals/aime--codex:latest"
    assert replay.environment["OPENAI_BASE_URL"] == "http://{host}:{port}/openai/v1"
    assert (replay.limits.cpus, replay.limits.memory, replay.timeout) == (2.0, 2048, 300)


def test_what_a_fleet_says_is_added_to_the_defaults():
    config = parse(
        b'[replay]\nregistry = "localhost/x"\n[replay.environment]\nMORE = "1"\nTIMEOUT = ""\n'
        b'[replay.limits]\ncpus = 1\n[replay.eval]\nbake = ["bake.hcl"]\n',
        "evalpolicy.toml",
    )
    assert config is not None
    replay = config.replay
    assert replay.registry == "localhost/x"
    assert replay.environment["MORE"] == "1"
    assert replay.environment["EVAL_TIMEOUT"] == "{timeout}"
    assert "TIMEOUT" not in replay.environment
    assert (replay.limits.cpus, replay.limits.memory) == (1, 2048)
    assert (replay.eval.bake, replay.eval.target) == (("bake.hcl",), "eval")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[replay]\nregistri = 'x'\n", "2: unknown key 'registri' in replay: did you mean"),
        ("[replay.limits]\ncpu = 1\n", "2: unknown key 'cpu' in replay.limits: did you mean"),
        ("[replay.limits]\nmemory = 'much'\n", "2: replay.limits.memory"),
        ("[replay]\ntag = 'a b'\n", "2: replay.tag"),
        ("[replay.names]\neval = '{bench}'\n", "2: replay.names.eval: {bench} is unknown here"),
        ("[replay.environment]\nX = '{HOME}'\n", "2: replay.environment.X: {HOME} is unknown"),
        ("[replay.environment]\n'A B' = ''\n", "replay.environment"),
        ("[replay.eval.args]\nX = '{model}'\n", "2: replay.eval.args.X: {model} is unknown"),
        ("[replay]\nresult = '../x'\n", "2: replay.result: '../x' is not a path from"),
        ("[replay.eval]\ncontext = '/etc'\n", "2: replay.eval.context: '/etc' is not a path"),
        ("[replay]\noutput = 'out'\n", "2: replay.output"),
        ("[replay]\noutput = '/out:ro'\n", "2: replay.output"),
        ("[replay.server]\nhost = 'a b'\n", "2: replay.server.host"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, message):
    with pytest.raises(UsageError) as error:
        parse(text.encode(), "evalpolicy.toml")
    assert message in str(error.value)


def test_the_schema_knows_the_same_keys():
    def same_keys(node: dict, settings: Struct) -> None:
        names = {one.encode_name: getattr(settings, one.name) for one in fields(settings)}
        assert set(node["properties"]) == set(names) - SET_BY_THE_READER
        for name, inner in node["properties"].items():
            if isinstance(names[name], Struct):
                same_keys(inner, names[name])

    document = json.loads(schema("config"))
    same_keys(document, Config())
    same_keys(document["properties"]["replay"], Config().replay)


OPTIONS = [
    'registry = "--x"',
    'names.benchmark = "--output=x"',
    'names.eval_task = "-v/:/host"',
    'eval.target = "--x"',
    'eval.target = "-"',
    'eval.context = "--x"',
    'eval.dockerfile = "-x"',
    'eval.bake = ["docker-bake.hcl", "--allow=fs=/"]',
    'server.base = "--privileged"',
    'kubernetes.server_image = "--x"',
]


@pytest.mark.parametrize("text", OPTIONS)
def test_what_an_engine_would_read_as_an_option_is_refused(text):
    with pytest.raises(UsageError, match=r"evalpolicy\.toml:2: replay\..* begins with a dash"):
        parse(f"[replay]\n{text}\n".encode(), "evalpolicy.toml")


@pytest.mark.parametrize("folder", ["--x", "-", "-v/a b"])
@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_folder_that_is_called_like_an_option_is_a_folder(engine, folder):
    image = engine_build(engine, "image", folder, "Dockerfile", {}, {}).steps[0]
    assert image.argv[-1] == f"./{folder}"
    assert podman_build("image", folder, "Dockerfile", {}, {}).argv[-1] == f"./{folder}"
    script = script_build(engine, "image", f"{folder}/build.sh", "0", {}).steps[0]
    assert script.argv[:2] == ("bash", f"./{folder}/build.sh")
    assert engine_build(engine, "image", "a", "Dockerfile", {}, {}).steps[0].argv[-1] == "a"
