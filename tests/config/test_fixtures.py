"""`[fixtures]`, `[sizes]`, `[secrets]` and `[layout] broken`: what is refused, and where."""

from __future__ import annotations

import pytest

from evalpolicy.config.reading import parse
from evalpolicy.errors import UsageError


def test_all_settings_are_read():
    config = parse(
        b'[layout]\nbroken = "b.json"\n[fixtures]\nmodels = ["m"]\nreplay_tests = ["t/**"]\n'
        b"[sizes]\nlimit = 1\nfixture_limit = 2\nfixture_budget = 3\n"
        b"[secrets]\ninternal_hosts = ['x\\.corp']\n",
        "evalpolicy.toml",
    )
    assert config is not None
    assert config.layout.broken == "b.json"
    assert (config.fixtures.models, config.fixtures.replay_tests) == (("m",), ("t/**",))
    assert (config.sizes.limit, config.sizes.fixture_limit, config.sizes.fixture_budget) == (
        1,
        2,
        3,
    )
    assert config.secrets.internal_hosts == ("x\\.corp",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sizes]\nlimits = 1\n", "2: unknown key 'limits' in sizes: did you mean 'limit'?"),
        ("[fixtures]\nmodel = []\n", "2: unknown key 'model' in fixtures: did you mean 'models'?"),
        ("[secrets]\nhosts = []\n", "2: unknown key 'hosts' in secrets"),
        ("[fixture]\n", "1: unknown key 'fixture'"),
        ("[layout]\nbroke = 1\n", "2: unknown key 'broke' in layout: did you mean 'broken'?"),
        ("[sizes]\nlimit = 0\n", "2: sizes.limit"),
        ("[sizes]\nlimit = true\n", "2: sizes.limit"),
        ("[layout]\nbroken = ['a']\n", "2: layout.broken"),
        ("[secrets]\ninternal_hosts = ['(']\n", "2: secrets.internal_hosts: '(' is not an RE2"),
        ("[secrets]\ninternal_hosts = ['(?=a)b']\n", "2: secrets.internal_hosts"),
        ("[secrets]\ninternal_hosts = ['.*']\n", "also matches the empty string"),
        ("[secrets]\ninternal_hosts = ['[a-z.]+']\n", "which redaction writes in place"),
        ("[fixtures]\nreplay_tests = ['[z-a]']\n", "2: fixtures.replay_tests: not a glob"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, message):
    with pytest.raises(UsageError) as error:
        parse(text.encode(), "evalpolicy.toml")
    assert message in str(error.value)
