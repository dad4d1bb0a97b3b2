"""The configurations that every version is asked about, by what they are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

RULE = "[[rules]]\nid = \"acme\"\nregex = '''ACME-Tok[0-9]n_[A-Za-z0-9]+'''\n"
GROUPS = (
    "[[rules]]\nid = \"grouped\"\nregex = '''(sample|token|recorded|read)[ =]+(ACME-Tok3n_)?'''\n"
)
DEFAULT = "[extend]\nuseDefault = true\n"
PAT = "github-" + "pat"


@dataclass(frozen=True)
class Row:
    """One configuration, and files beside the tree that it pulls in."""

    name: str
    config: str | bytes
    files: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.config.encode() if isinstance(self.config, str) else self.config


FORMS = {
    "allowlist": "[allowlist]\n",
    "allowlists": "[[allowlists]]\n",
    "allowlists-single": "[allowlists]\n",
    "allowlist-list": "[[allowlist]]\n",
    "rule-allowlist": "[rules.allowlist]\n",
    "rule-allowlists": "[[rules.allowlists]]\n",
    "rule-allowlists-single": "[rules.allowlists]\n",
    "rule-allowlist-list": "[[rules.allowlist]]\n",
}

BODIES = {
    "paths": "paths = ['''^tests/fixtures/''']\n",
    "regexes": "regexes = ['''Dummy''']\n",
    "stopwords": 'stopwords = ["ALPHA"]\n',
    "commits": 'commits = ["0123456789012345678901234567890123456789"]\n',
    "or": "paths = ['''^docs/''']\nregexes = ['''Dummy''']\n",
    "and-word": 'condition = "AND"\npaths = ["fixtures"]\nregexes = ["Beta"]\n',
    "and-miss": 'condition = "and"\npaths = ["fixtures"]\nregexes = ["Dummy"]\n',
    "and-sign": 'condition = "&&"\npaths = ["^src/"]\nstopwords = ["dummy"]\n',
    "and-paths": 'condition = "AND"\npaths = ["^src/"]\n',
    "and-commits": 'condition = "AND"\npaths = ["^src/"]\ncommits = ["abc"]\n',
    "or-sign": 'condition = "||"\npaths = ["fixtures"]\nregexes = ["Dummy"]\n',
    "bad-condition": 'condition = "NAND"\npaths = ["fixtures"]\n',
    "target-match": 'regexTarget = "match"\nregexes = ["Beta8"]\n',
    "target-line": 'regexTarget = "line"\nregexes = ["in a fixture"]\n',
    "target-secret": 'regexTarget = "secret"\nregexes = ["in a fixture", "Dummy"]\n',
    "target-upper": 'regexTarget = "Line"\nregexes = ["in a fixture"]\n',
    "empty": "",
    "empty-lists": "paths = []\nregexes = []\n",
    "description": 'description = "nothing else"\n',
    "unknown": 'files = ["fixtures"]\n',
    "unknown-and-known": 'path = ["docs"]\nregexes = ["Dummy"]\n',
    "scalar": 'paths = "docs/,fixtures"\n',
    "number": "stopwords = 42\n",
    "numbers": "stopwords = [42, 1.5, true]\n",
    "nested-list": 'paths = [["docs"]]\n',
    "table-for-list": "paths = { a = 1 }\n",
    "date": "paths = [2026-01-01]\n",
    "glob": 'paths = ["*.jsonl"]\n',
    "glob-ok": 'paths = ["tests/**/x"]\n',
    "empty-pattern": 'regexes = ["", "nothing-like-it"]\n',
    "star-pattern": 'paths = ["z*"]\n',
    "flag": 'regexes = ["(?i)nothing", "GAMMA5"]\n',
    "flag-scoped": 'regexes = ["(?i:nothing)", "GAMMA5"]\n',
    "flag-last": 'regexes = ["GAMMA5", "(?i)nothing"]\n',
    "open-quote": 'regexes = ["\\\\QDummy", "Beta"]\n',
    "same-names": 'regexes = ["(?P<a>Dummy)", "(?P<a>Beta)"]\n',
    "case-keys": 'PATHS = ["docs"]\nStopWords = ["dummy"]\n',
    "target-rules": 'targetRules = ["acme"]\nregexes = ["Dummy"]\n',
    "target-rules-default": f'targetRules = ["{PAT}"]\npaths = ["."]\n',
    "target-rules-unknown": 'targetRules = ["nobody"]\nregexes = ["Dummy"]\n',
    "target-rules-empty": 'targetRules = []\nregexes = ["Dummy"]\n',
    "empty-stopword": 'stopwords = [""]\n',
}


def rows() -> Iterator[Row]:
    """Every hand-made configuration."""
    for form, header in FORMS.items():
        for body, text in BODIES.items():
            yield Row(f"{form}/{body}", RULE + header + text)
            if "target-rules" in body or body in ("paths", "empty", "and-word", "regexes"):
                yield Row(f"default+{form}/{body}", DEFAULT + RULE + header + text)
    for name, text in {**_PAIRS, **_RULES, **_EXTEND, **_TOML, **_TYPES}.items():
        yield Row(name, text)
    yield from _files()


_A = "[allowlist]\npaths = ['docs']\n"
_B = "[[allowlists]]\nregexes = ['Dummy']\n"
_RA = "[rules.allowlist]\npaths = ['docs']\n"
_RB = "[[rules.allowlists]]\nregexes = ['Dummy']\n"
_PAIRS = {
    "both global forms": RULE + _A + _B,
    "both rule forms": RULE + _RA + _RB,
    "empty [allowlist] beside [[allowlists]]": RULE + "[allowlist]\n" + _B,
    "empty [rules.allowlist] beside [[rules.allowlists]]": RULE + "[rules.allowlist]\n" + _RB,
    "global and rule": RULE + _RB + _A,
    "two global": RULE + _B + "[[allowlists]]\npaths = ['docs']\n",
    "AND before OR": RULE
    + '[[allowlists]]\ncondition = "AND"\npaths = ["fixtures"]\nregexes = ["Nope"]\n'
    + '[[allowlists]]\npaths = ["docs"]\n',
    "OR before AND": RULE
    + '[[allowlists]]\npaths = ["docs"]\n'
    + '[[allowlists]]\ncondition = "AND"\npaths = ["fixtures"]\nregexes = ["Nope"]\n',
    "rule AND before OR": RULE
    + '[[rules.allowlists]]\ncondition = "AND"\npaths = ["fixtures"]\nstopwords = ["Nope"]\n'
    + '[[rules.allowlists]]\npaths = ["docs"]\n',
    "allowlist only": _A,
    "allowlists only": _B,
    "nothing at all": "",
    "title only": 'title = "x"\n',
    "inline allowlist": RULE.replace("[[rules]]", "[[rules]]") + "\n[x]\ny = 1\n",
    "inline tables": 'allowlist = { paths = ["docs"] }\n' + RULE,
    "inline list of tables": 'allowlists = [{ paths = ["docs"] }, { regexes = ["Dummy"] }]\n'
    + RULE,
    "quoted dotted key": '"allowlist.paths" = ["docs"]\n' + RULE,
    "dotted keys": 'allowlist.paths = ["docs"]\n' + RULE,
    "upper-case tables": RULE + '[AllowList]\nPaths = ["docs"]\n',
    "old names": RULE + '[whitelist]\npaths = ["docs"]\n[global]\npaths = ["docs"]\n',
    "allowlists empty list": "allowlists = []\n" + RULE,
    "allowlists empty list and allowlist": "allowlists = []\n" + RULE + _A,
}

_R = '[[rules]]\nid = "second"\n'
_RULES = {
    "no rules": DEFAULT,
    "useDefault at top": "useDefault = true\n",
    "single rules table": RULE.replace("[[rules]]", "[rules]"),
    "single rules table with allowlist": RULE.replace("[[rules]]", "[rules]") + _RA,
    "rule without id": RULE.replace('id = "acme"\n', ""),
    "rule with blank id": RULE.replace('"acme"', '"  "'),
    "rule without id, default": DEFAULT + RULE.replace('id = "acme"\n', ""),
    "rule without regex": RULE + _R,
    "rule without regex, default": DEFAULT + RULE + _R,
    "rule with path only": RULE + _R + "path = '''jsonl$'''\n",
    "path-only rule, allowed": RULE + _R + "path = 'jsonl$'\n" + _A.replace("docs", "fixtures"),
    "path-only rule, regexes": RULE + _R + "path = 'jsonl$'\n[allowlist]\nregexes = ['jsonl']\n",
    "rule with path and regex": RULE + "path = '''^src/'''\n",
    "duplicate id": RULE + RULE.replace("ACME", "ACMX"),
    "invalid regex": RULE + _R + "regex = '''(unclosed'''\n",
    "lookahead": RULE + _R + "regex = '''(?=x)'''\n",
    "invalid path": RULE + _R + "path = '''*.py'''\n",
    "single byte class": RULE + _R + "regex = '''\\Cx'''\n",
    "quoted C": RULE + _R + "regex = '''\\QToken\\C\\E'''\n",
    "named group": RULE + _R + "regex = '''(?P<s>ACME)-Tok3n'''\n",
    "repeat 1001": RULE + _R + "regex = '''a{1001}'''\n",
    "keyword hit": RULE + 'keywords = ["acme-tok"]\n',
    "keyword upper": RULE + 'keywords = ["ACME"]\n',
    "keyword miss": RULE + 'keywords = ["elsewhere"]\n',
    "entropy high": RULE + "entropy = 7.5\n",
    "entropy low": RULE + "entropy = 1\n",
    "entropy middle": RULE + "entropy = 4.0\n",
    "entropy text": RULE + 'entropy = "4.0"\n',
    "entropy bad": RULE + 'entropy = "high"\n',
    "secretGroup 1": GROUPS + "secretGroup = 1\n" + "[rules.allowlist]\nregexes = ['sample']\n",
    "secretGroup 2": GROUPS + "secretGroup = 2\n" + "[rules.allowlist]\nregexes = ['ACME']\n",
    "secretGroup too big": GROUPS + "secretGroup = 3\n",
    "secretGroup too big, default": DEFAULT + GROUPS + "secretGroup = 3\n",
    "secretGroup negative": GROUPS + "secretGroup = -1\n",
    "entropyGroup": GROUPS + "entropyGroup = 9\n",
    "groups, none chosen": GROUPS + "[rules.allowlist]\nregexes = ['^sample$', '^token$']\n",
    "groups, whole match": GROUPS + "[rules.allowlist]\nregexes = ['^sample ACME']\n",
    "one group": GROUPS.replace("(ACME-Tok3n_)?", "ACME-Tok3n_")
    + "[rules.allowlist]\nregexes = ['^sample$']\n",
    "optional group": RULE.replace("(", "").replace("ACME-", "(Z)?ACME-")
    + "[rules.allowlist]\nregexes = ['^ACME']\n",
    "group and line": GROUPS + '[rules.allowlist]\nregexTarget = "line"\nregexes = ["live"]\n',
    "group and match": GROUPS + '[rules.allowlist]\nregexTarget = "match"\nregexes = ["= ACME"]\n',
    "tags and description": RULE + 'tags = ["a"]\ndescription = "b"\n',
    "required here": RULE + '[[rules.required]]\nid = "second"\n' + _R + "regex = 'recorded'\n",
    "required absent": RULE + '[[rules.required]]\nid = "nobody"\n',
    "required default": DEFAULT + RULE + f'[[rules.required]]\nid = "{PAT}"\n',
    "required without id": RULE + "[[rules.required]]\nwithinLines = 3\n",
    "skipReport": RULE + "skipReport = true\n",
    "skipReport and required": RULE
    + '[[rules.required]]\nid = "second"\n'
    + _R
    + "regex = 'recorded'\nskipReport = true\n",
    "generic prefix": RULE.replace('"acme"', '"generic-acme"') + "entropy = 1\n",
    "generic prefix without digit": _R.replace("second", "generic-x")
    + "regex = 'recorded'\nentropy = 0.5\n",
    "unknown rule key": RULE + 'pathh = "docs"\n',
    "no keywords key": RULE + "keywords = []\n",
}

_O = f'[[rules]]\nid = "{PAT}"\n'
_EXTEND = {
    "default and allowlist": DEFAULT + _A.replace("docs", "fixtures"),
    "default and own": DEFAULT + RULE,
    "default off": "[extend]\nuseDefault = false\n" + RULE,
    "default as text": '[extend]\nuseDefault = "true"\n' + RULE,
    "default as number": "[extend]\nuseDefault = 1\n" + RULE,
    "default as nonsense": '[extend]\nuseDefault = "yes"\n' + RULE,
    "default miscased": "[extend]\nusedefault = true\n" + RULE,
    "override, allowlist only": DEFAULT + _O + "[rules.allowlist]\npaths = ['fixtures']\n",
    "override, allowlists only": DEFAULT + _O + "[[rules.allowlists]]\npaths = ['fixtures']\n",
    "override, regexes": DEFAULT + _O + "[rules.allowlist]\nregexes = ['a1B2']\n",
    "override, line": DEFAULT
    + _O
    + '[rules.allowlist]\nregexTarget = "line"\nregexes = ["^key"]\n',
    "override, regex": DEFAULT + _O + "regex = 'ACME-Tok3n'\n",
    "override, path": DEFAULT + _O + "path = '^src/'\n",
    "override, entropy": DEFAULT + _O + "entropy = 7.9\n",
    "override, keywords": DEFAULT + _O + 'keywords = ["nothing-like-it"]\n',
    "override, nothing": DEFAULT + _O,
    "override, skipReport": DEFAULT + _O + "skipReport = true\n",
    "override, secretGroup": DEFAULT + _O + "regex = '(gh)p_([0-9a-zA-Z]+)'\nsecretGroup = 2\n",
    "disabled": f'[extend]\nuseDefault = true\ndisabledRules = ["{PAT}"]\n',
    "disabled unknown": '[extend]\nuseDefault = true\ndisabledRules = ["nobody"]\n',
    "disabled own": '[extend]\nuseDefault = true\ndisabledRules = ["acme"]\n' + RULE,
    "disabled and overridden": f'[extend]\nuseDefault = true\ndisabledRules = ["{PAT}"]\n'
    + _O
    + "regex = 'ACME'\n",
    "disabled as scalar": f'[extend]\nuseDefault = true\ndisabledRules = "{PAT}"\n',
    "url": '[extend]\nurl = "somewhere"\n' + RULE,
    "url wrong type": "[extend]\nurl = [1]\n" + RULE,
    "path and default": '[extend]\nuseDefault = true\npath = "base.toml"\n' + RULE,
    "path missing": '[extend]\npath = "missing.toml"\n' + RULE,
    "path empty": '[extend]\npath = ""\n' + RULE,
    "minVersion": 'minVersion = "v9.0.0"\n' + RULE,
    "minVersion nonsense": 'minVersion = "soon"\n' + RULE,
    "minVersion list": "minVersion = [1]\n" + RULE,
    "optimizations": "enableExperimentalAllowlistOptimizations = true\n"
    + RULE
    + "[allowlist]\nregexes = ['z*']\n",
    "unknown top": "nonsense = 1\n[other]\nx = [1]\n" + RULE,
}

_TOML: dict[str, str | bytes] = {
    "bom": b"\xef\xbb\xbf" + RULE.encode(),
    "no toml": "not toml at all",
    "unclosed list": RULE + "[allowlist]\npaths = ['docs'\n",
    "unclosed header": RULE + "[allowlist\n",
    "unclosed string": RULE + '[allowlist]\npaths = ["docs]\n',
    "bad escape": RULE + '[allowlist]\npaths = ["a\\.b"]\n',
    "duplicate key": RULE + "[allowlist]\npaths = ['docs']\npaths = ['src']\n",
    "duplicate table": RULE + _A + _A.replace("paths", "regexes"),
    "duplicate table, same key": RULE + _A + _A,
    "table after list of tables": RULE + _B + "[allowlists]\npaths = ['docs']\n",
    "list of tables after table": RULE + "[allowlists]\npaths = ['docs']\n" + _B,
    "trailing comma": RULE + "[allowlist]\npaths = ['docs',\n 'src',]\n",
    "two commas": RULE + "[allowlist]\npaths = ['docs',,'src']\n",
    "comments": "# a\n" + RULE + "# b\n[allowlist] # c\npaths = [ # d\n 'docs', # e\n]\n",
    "crlf": (RULE + _A).replace("\n", "\r\n"),
    "no newline at the end": (RULE + _A).rstrip(),
    "not utf-8": RULE.encode() + b"# \xff\n",
    "not utf-8 in a string": RULE.encode() + b"description = '\xff'\n",
    "control character in a comment": RULE + "# \x01\n",
    "control character in a string": RULE + "description = 'a\x01b'\n",
    "nul": RULE + "\x00",
    "multi-line string": RULE + '[allowlist]\npaths = ["""docs""", """\nfixtures"""]\n',
    "mixed list": RULE + "[allowlist]\nstopwords = ['dummy', 1]\n",
    "key without value": RULE + "description\n",
    "two on a line": RULE + "description = 'a' tags = []\n",
    "empty key": RULE + "= 1\n",
    "bare unicode key": RULE + "ключ = 1\n",
    "dotted over header": RULE + "[allowlist]\npaths = ['docs']\n[x]\n[x.y]\na = 1\n",
    "inline table newline": "allowlist = { paths = ['docs'],\n regexes = [] }\n" + RULE,
    "inline table trailing comma": "allowlist = { paths = ['docs'], }\n" + RULE,
    "escape u": RULE + '[allowlist]\npaths = ["d\\u006fcs"]\n',
    "leading zero": RULE + "entropy = 01.5\n",
    "underscore number": RULE + "secretGroup = 0_0\n",
    "hex": RULE + "secretGroup = 0x0\n",
    "infinity": RULE + "entropy = inf\n",
    "exponent": RULE + "entropy = 1e0\n",
    "bare date": RULE + "description = 2026-01-01\n",
    "local time": RULE + "[x]\ny = 07:32:00\n",
    "bare carriage return": RULE + "# a\rb\n",
    "tabs": RULE + "\t[allowlist]\n\tpaths\t=\t['docs']\n",
    "header with spaces": RULE + "[ allowlist ]\npaths = ['docs']\n",
    "quoted header": RULE + '["allowlist"]\npaths = ["docs"]\n',
    "list header with spaces": "[[ rules ]]\n" + RULE.removeprefix("[[rules]]\n"),
    "rules as header and list": "[rules]\nid = 'x'\n" + RULE,
    "plus sign": RULE + "entropy = +1.0\n",
    "dot without digits": RULE + "entropy = 1.\n",
    "capital True": "[extend]\nuseDefault = True\n" + RULE,
    "single quoted newline": RULE + "description = 'a\nb'\n",
    "bad unicode escape": RULE + 'description = "\\uD800"\n',
    "basic string newline": RULE + 'description = "a\nb"\n',
    "key over lines": RULE + "'des\ncription' = 1\n",
    "date and time with a space": RULE + "[x]\ny = 2026-01-01 07:32:00Z\n",
    "date in a list": RULE + "[x]\ny = [2026-01-01]\n",
    "date at the end": RULE + "[x]\ny = 2026-01-01",
    "number 00": RULE + "[x]\ny = 00\n",
    "number -01": RULE + "[x]\ny = -01\n",
    "number 1__0": RULE + "[x]\ny = 1__0\n",
    "number 1_": RULE + "[x]\ny = 1_\n",
    "number .5": RULE + "[x]\ny = .5\n",
    "bare carriage return between": RULE + "[x]\ry = 1\n",
    "carriage return in a literal": RULE + "[x]\ny = 'a\rb'\n",
    "carriage return in a long string": RULE + '[x]\ny = """a\rb"""\n',
    "control in a long literal": RULE + "[x]\ny = '''a\x02b'''\n",
    "control in a basic string": RULE + '[x]\ny = "a\x02b"\n',
    "delete in a comment": RULE + "# \x7f\n",
    "tab in a string": RULE + '[x]\ny = "a\tb"\n',
    "bom in the middle": RULE + "\ufeff[x]\n",
    "escape x": RULE + '[x]\ny = "\\x41"\n',
    "escape U too big": RULE + '[x]\ny = "\\U00110000"\n',
    "header twice with a child": RULE + "[x.y]\na = 1\n[x]\nb = 1\n[x.y]\nc = 1\n",
    "list of tables under itself": RULE + "[[x]]\n[x.y]\na = 1\n[[x]]\n[x.y]\na = 1\n",
    "inline table extended": RULE + "x = { a = 1 }\n[rules.x.b]\n",
    "static list extended": "x = [{ a = 1 }]\n[[x]]\nb = 1\n" + RULE,
    "dotted then header": "x.y = 1\n[x]\nz = 1\n" + RULE,
    "header then dotted from above": RULE + "[x.y]\na = 1\n[x]\ny.b = 1\n",
    "empty header": RULE + "[]\n",
    "empty part of a header": RULE + "[x..y]\n",
    "quoted empty key": RULE + '[x]\n"" = 1\n',
    "comment after header": RULE + "[x] # y\n",
    "junk after header": RULE + "[x] y\n",
    "space in list header": RULE + "[[x] ]\n",
    "lower escape": RULE + 'description = "\\e"\n',
    "redefined by dots": RULE + "[allowlist]\npaths = ['docs']\n[y]\nz.a = 1\nz.b = 2\nz = 3\n",
}

_VALUES = {
    "text": '"x"',
    "empty text": '""',
    "number": "7",
    "float": "1.5",
    "flag": "true",
    "list": '["x"]',
    "empty list": "[]",
    "list of numbers": "[1]",
    "list of tables": "[{ a = 1 }]",
    "table": "{ a = 1 }",
    "empty table": "{}",
    "date": "2026-01-01",
    "time": "2026-01-01T00:00:00Z",
}
_PLACES = {
    "title": "title = {}\n" + RULE,
    "description": "description = {}\n" + RULE,
    "extend": "extend = {}\n" + RULE,
    "extend.useDefault": "extend.useDefault = {}\n" + RULE,
    "extend.disabledRules": "extend.disabledRules = {}\n" + RULE,
    "rules": "rules = {}\n",
    "rules.id": RULE.replace('"acme"', "{}"),
    "rules.path": RULE + "path = {}\n",
    "rules.entropy": RULE + "entropy = {}\n",
    "rules.secretGroup": RULE + "secretGroup = {}\n",
    "rules.keywords": RULE + "keywords = {}\n",
    "rules.tags": RULE + "tags = {}\n",
    "rules.skipReport": RULE + "skipReport = {}\n",
    "rules.required": RULE + "required = {}\n",
    "rules.allowlist": RULE + "allowlist = {}\n",
    "rules.allowlists": RULE + "allowlists = {}\n",
    "allowlist": "allowlist = {}\n" + RULE,
    "allowlists": "allowlists = {}\n" + RULE,
    "paths": RULE + "[allowlist]\nregexes = ['Dummy']\npaths = {}\n",
    "regexTarget": RULE + "[allowlist]\nregexes = ['Dummy']\nregexTarget = {}\n",
    "rule condition": RULE + "[rules.allowlist]\nregexes = ['Dummy']\ncondition = {}\n",
    "targetRules": RULE + "[allowlist]\nregexes = ['Dummy']\ntargetRules = {}\n",
}
_TYPES = {
    f"type/{place}/{kind}": text.replace("{}", value, 1)
    for place, text in _PLACES.items()
    for kind, value in _VALUES.items()
}


def _files() -> Iterator[Row]:
    base = RULE.replace('"acme"', '"base"')
    pull = '[extend]\npath = "base.toml"\n'
    for name, own, files in (
        ("extends a file", pull, {"base.toml": base}),
        ("extends a file, own rule", pull + RULE, {"base.toml": base}),
        ("extended allowlist", pull + RULE, {"base.toml": base + _A}),
        ("extended allowlists", pull + RULE, {"base.toml": base + _B}),
        ("extended stopwords", pull, {"base.toml": base + '[allowlist]\nstopwords = ["dummy"]\n'}),
        (
            "extended line target",
            pull,
            {"base.toml": base + '[allowlist]\nregexTarget = "line"\nregexes = ["live"]\n'},
        ),
        (
            "extended target under own",
            pull + '[allowlist]\nregexTarget = "line"\nregexes = ["nope"]\n',
            {"base.toml": base + '[allowlist]\nregexes = ["live"]\n'},
        ),
        (
            "extended targetRules",
            pull,
            {"base.toml": base + '[[allowlists]]\ntargetRules = ["base"]\nregexes = ["Dummy"]\n'},
        ),
        (
            "own targetRules on extended",
            pull + '[[allowlists]]\ntargetRules = ["base"]\nregexes = ["Dummy"]\n',
            {"base.toml": base},
        ),
        ("extends itself", '[extend]\npath = "base.toml"\n', {"base.toml": pull + base}),
        (
            "extends a chain",
            pull,
            {
                "base.toml": base + '[extend]\npath = "two.toml"\n',
                "two.toml": base.replace('"base"', '"two"') + '[extend]\npath = "three.toml"\n',
                "three.toml": base.replace('"base"', '"three"'),
            },
        ),
        ("extends default through a file", pull, {"base.toml": DEFAULT + base}),
        ("extended file is broken", pull, {"base.toml": "[[["}),
        ("extended rule without regex", pull + RULE, {"base.toml": '[[rules]]\nid = "base"\n'}),
        ("extended rule without id", pull + RULE, {"base.toml": base.replace('id = "base"\n', "")}),
        ("extended secretGroup", pull + RULE, {"base.toml": base + "secretGroup = 4\n"}),
        ("extended both forms", pull + RULE, {"base.toml": base + _A + _B}),
        (
            "override of a file's rule",
            pull + '[[rules]]\nid = "base"\n[rules.allowlist]\npaths = ["docs"]\n',
            {"base.toml": base + "[rules.allowlist]\nregexes = ['Dummy']\n"},
        ),
        (
            "override with a target",
            pull
            + '[[rules]]\nid = "base"\n[rules.allowlist]\nregexTarget = "line"\n'
            + 'regexes = ["live"]\n',
            {"base.toml": base + "[rules.allowlist]\nregexes = ['in a fixture']\n"},
        ),
        ("override of a regex", pull + RULE.replace('"acme"', '"base"'), {"base.toml": base}),
        (
            "disabled in a file",
            '[extend]\npath = "base.toml"\ndisabledRules = ["base"]\n' + RULE,
            {"base.toml": base},
        ),
        ("keyword upper in a file", pull, {"base.toml": base + 'keywords = ["ACME"]\n'}),
    ):
        yield Row(name, own, files)
