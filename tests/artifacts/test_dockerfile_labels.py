"""What labels a Dockerfile gives its image. BuildKit v0.33 was asked about each case, too."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.dockerfile import parse, resolve

FORMS = {
    "one pair": ("LABEL a=b", {"a": "b"}),
    "quoted value": ('LABEL a="b c"', {"a": "b c"}),
    "several pairs": ("LABEL a=1 b='2 3' \"c d\"=4", {"a": "1", "b": "2 3", "c d": "4"}),
    "pairs on lines": ("LABEL a=1 \\\n  # why\n\n  b=2 \\\n  c=3", {"a": "1", "b": "2", "c": "3"}),
    "old form": ("LABEL a b  c", {"a": "b  c"}),
    "old form, quotes are taken off": ("LABEL a 'b' \"c\"", {"a": "b c"}),
    "old form, tab": ("LABEL a\tb=c", {"a": "b=c"}),
    "equals signs in the value": ("LABEL a=b=c", {"a": "b=c"}),
    "empty values": ("LABEL a= b=''", {"a": "", "b": ""}),
    "last wins": ("LABEL a=1 a=2", {"a": "2"}),
    "lower case": ("label a=1", {"a": "1"}),
    "quote within a word": ("LABEL a=b'c d'e", {"a": "bc de"}),
    "escaped space": (r"LABEL a=b\ c", {"a": "b c"}),
    "escaped quote": (r'LABEL a="b\"c"', {"a": 'b"c'}),
    "escape that stays": (r'LABEL a="b\nc"', {"a": r"b\nc"}),
    "escape that goes": (r"LABEL a=b\nc", {"a": "bnc"}),
    "single quotes keep all": (r"LABEL a='$V\n'", {"a": r"$V\n"}),
    "a comment sign in a value": ("LABEL a=b#c", {"a": "b#c"}),
    "a heredoc's mark means nothing": ("LABEL a=<<EOF", {"a": "<<EOF"}),
    "the key is expanded": ("ARG V=k\nLABEL $V.x=1", {"k.x": "1"}),
    "continued within a word": ("LABEL a=b\\\nc", {"a": "bc"}),
    "continued within quotes": ('LABEL a="b \\\n  c"', {"a": "b   c"}),
    "two escapes continue nothing": ("LABEL a='b\\\\'\nLABEL c=1", {"a": "b\\\\", "c": "1"}),
    "an odd number of escapes": ("LABEL a=\\\\\\", {"a": "\\"}),
    "other escape character": ("LABEL a=b\\c", {"a": "bc"}),
    "no-break space is no blank of the old form": ("LABEL a\u00a0b c", {"a\u00a0b": "c"}),
}


@pytest.mark.parametrize(("text", "expected"), FORMS.values(), ids=FORMS.keys())
def test_forms_of_label(text, expected):
    assert labels(f"FROM scratch\n{text}\n") == expected


WORDS = {
    "$V": "value",
    "\ufeffx": "x",  # Go's scanner drops a byte order mark at the start of a word.
    "\\ufeffx": "ufeffx",
    "${V}": "value",
    "$V1": "",
    "${V}1": "value1",
    "$V.x": "value.x",
    "$NONE": "",
    "${EMPTY}": "",
    r"\$V": "$V",
    "$$": "",
    "$": "$",
    "$.": "$.",
    "$1": "",
    "${V:-d}": "value",
    "${NONE:-d}": "d",
    "${EMPTY:-d}": "d",
    "${EMPTY-d}": "",
    "${NONE-d}": "d",
    "${NONE:-$V}": "value",
    "${NONE:-${NONE:-x${V}}}": "xvalue",
    "${NONE:-'$V'}": "$V",
    '${NONE:-"$V"}': "value",
    r"${NONE:-a\}b}": "a}b",
    "${V:+d}": "d",
    "${EMPTY:+d}": "",
    "${EMPTY+d}": "d",
    "${NONE+d}": "",
    "${V:?}": "value",
    "${V#v}": "alue",
    "${PATHS#*/}": "b/c.tar.gz",
    "${PATHS##*/}": "c.tar.gz",
    "${PATHS%.*}": "a/b/c.tar",
    "${PATHS%%.*}": "a/b/c",
    "${PATHS%?z}": "a/b/c.tar.",
    "${PATHS#x}": "a/b/c.tar.gz",
    r"${STAR#a\*}": "b",
    "${STAR#$V}": "a*b",
    r"${PATHS/\//_}": "a_b/c.tar.gz",
    r"${PATHS//\//_}": "a_b_c.tar.gz",
    "${PATHS//[a-c]/_}": "a/b/c.tar.gz",
    "${PATHS/a*c/_}": "_.tar.gz",
    "${V//?/$V}": "valuevaluevaluevaluevalue",
    "${V//a/}": "vlue",
    "${V//*/x}": "x",
    "${V//l/<$0>}": "va<>ue",  # $0 is a variable first, which is never set
    "${TARGETARCH}": "",
    "$PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
VARIABLES = "ARG V=value\nARG EMPTY=\nENV PATHS=a/b/c.tar.gz STAR=a\\*b\n"


@pytest.mark.parametrize(("word", "expected"), WORDS.items(), ids=WORDS.keys())
def test_substitutions(word, expected):
    assert labels(f"FROM scratch\n{VARIABLES}LABEL a={word}\n") == {"a": expected}


def test_a_replacement_may_name_the_match():
    """Go's `ReplaceAllString` expands what the word's own expansion left: `\\$0`."""
    text = f"FROM scratch\n{VARIABLES}LABEL a=${{V//l/<\\$0>}} b=${{V/l/<\\$0>}}\n"
    assert labels(text) == {"a": "va<\\l>ue", "b": "va<\\$0>ue"}


SCOPES = {
    "a global ARG is not seen in a stage": ("ARG V=1\nFROM scratch\nLABEL a=$V", ""),
    "but when it is declared there": ("ARG V=1\nFROM scratch\nARG V\nLABEL a=$V", "1"),
    "where its own default wins": ("ARG V=1\nFROM scratch\nARG V=2\nLABEL a=$V", "2"),
    "an earlier global ARG": ("ARG U=1\nARG V=$U$U\nFROM scratch\nARG V\nLABEL a=$V", "11"),
    "an ARG counts from its line on": ("FROM scratch\nLABEL a=$V\nARG V=1", ""),
    "ENV replaces ARG": ("FROM scratch\nARG V=1\nENV V=2\nLABEL a=$V", "2"),
    "a later ARG replaces ENV": ("FROM scratch\nENV V=2\nARG V=1\nLABEL a=$V", "1"),
    "ARG without a value leaves ENV": ("FROM scratch\nENV V=2\nARG V\nLABEL a=$V", "2"),
    "an instruction sees what was before it": ("FROM scratch\nENV V=1 W=$V\nLABEL a=$W", ""),
    "but ARG sees itself": ("FROM scratch\nARG V=1 W=$V\nLABEL a=$W", "1"),
    "ENV is inherited": ("FROM scratch AS x\nENV V=1\nFROM x\nLABEL a=$V", "1"),
    "ARG is, too": ("FROM scratch AS x\nARG V=1\nFROM x\nLABEL a=$V", "1"),
    "in the heir ENV wins": ("FROM scratch AS x\nENV V=1\nARG V=2\nFROM x\nLABEL a=$V", "1"),
    "no other stage's": ("FROM scratch AS x\nENV V=1\nFROM scratch\nLABEL a=$V", ""),
    "an ARG that is no variable": (
        "FROM scratch\nARG BUILDKIT_SBOM_SCAN_STAGE=1\nLABEL a=$BUILDKIT_SBOM_SCAN_STAGE",
        "",
    ),
    "platform": ("FROM scratch\nARG TARGETPLATFORM\nLABEL a=$TARGETPLATFORM", "linux/amd64"),
    "target": ("FROM scratch AS Last\nARG TARGETSTAGE\nLABEL a=$TARGETSTAGE", "last"),
    "proxies are not predefined": ("FROM scratch\nARG HTTP_PROXY\nLABEL a=$HTTP_PROXY", ""),
    "a stage's name in a variable": ("ARG B=x\nFROM scratch AS x\nLABEL a=1\nFROM $B", "1"),
    "a stage's name in another case": ("FROM scratch AS X\nLABEL a=1\nFROM x", "1"),
    "the later of a name": ("FROM scratch AS x\nLABEL a=1\nFROM x AS x\nLABEL a=2\nFROM x", "2"),
    "inherited and replaced": ("FROM scratch AS x\nLABEL a=1\nFROM x\nLABEL a=2", "2"),
    "ONBUILD comes first": ("FROM scratch AS x\nONBUILD LABEL a=1\nFROM x\nLABEL a=2", "2"),
    "ONBUILD sees variables": ("FROM scratch AS x\nARG V=1\nONBUILD LABEL a=$V\nFROM x", "1"),
    "ONBUILD is not passed on": (
        "FROM scratch AS x\nONBUILD LABEL a=1\nFROM x AS y\nLABEL a=2\nFROM y",
        "2",
    ),
    "ONBUILD does not count where it stands": ("FROM scratch\nLABEL a=2\nONBUILD LABEL a=1", "2"),
}


@pytest.mark.parametrize(("text", "expected"), SCOPES.values(), ids=SCOPES.keys())
def test_scopes_of_variables(text, expected):
    assert labels(text) == {"a": expected}


def test_build_arguments_replace_defaults():
    dockerfile = parse(b"ARG B=scratch\nFROM $B\nARG V=1\nLABEL a=$V b=${W:-x}\n")
    given = resolve(dockerfile, {"B": "image:1", "V": "2", "W": "never declared"})
    assert given.final is not None
    assert (given.final.base.resolved, given.final.base.is_scratch) == ("image:1", False)
    assert [label.value for label in given.final.labels] == ["2", "x"]
    assert parse(b"FROM scratch\nARG V\nLABEL a=$V", {"V": "2"}).final.labels[0].value == "2"


def test_a_label_knows_what_it_could_not_resolve():
    text = 'FROM base\nARG V=1\nARG W\nLABEL k="v-$V-${W}-${X:-d}-${Y:+z}-${V:+$Z}"\n'
    [label] = parse(text.encode()).final.labels
    assert label.value == "v-1--d--"
    assert label.raw == "v-$V-${W}-${X:-d}-${Y:+z}-${V:+$Z}"
    assert label.written == f'"{label.raw}"'
    assert label.names == ("V", "W", "X", "Y", "Z")
    assert label.unresolved == ("W", "Z")
    [label] = parse(b"FROM base\nARG V=1\nLABEL k=${V:-$A}${B:-$C}${D:+$E}\n").final.labels
    assert label.unresolved == ("C",)


def test_own_labels_are_those_that_stand_in_the_stage():
    text = b"FROM scratch AS x\nLABEL a=1\nONBUILD LABEL b=1\nFROM x\nLABEL c=1\nLABEL c=2\n"
    dockerfile = parse(text)
    final = dockerfile.final
    assert [(label.key, label.value) for label in final.labels] == [("c", "1"), ("c", "2")]
    assert [label.key for label in final.triggered] == ["b"]
    effective = dockerfile.effective_labels(final)
    assert {key: label.stage for key, label in effective.items()} == {"a": 0, "b": 1, "c": 1}
    assert effective["b"].onbuild


def test_heredocs_hold_no_labels():
    text = (
        "FROM scratch\nRUN <<-'ONE' 3<<TWO cat\nLABEL a=1\n\tONE\nLABELS = {\nTWO\n"
        "COPY <<EOF /x\nLABEL a=2\nEOF\nONBUILD RUN <<EOF\nLABEL a=3\nEOF\nLABEL b=2\n"
    )
    dockerfile = parse(text.encode())
    assert [label.key for label in dockerfile.final.labels] == ["b"]
    first, second = dockerfile.instructions[1].heredocs
    assert (first.delimiter, first.fd, first.chomp, first.expand) == ("ONE", 0, True, False)
    assert (second.delimiter, second.fd, second.chomp, second.expand) == ("TWO", 3, False, True)
    assert first.body == "LABEL a=1\n"
    assert dockerfile.problems == ()


def test_other_escape_character():
    text = '# syntax=x\n# escape=`\nFROM scratch\nLABEL a=`\n  b=c`\nd p=C:\\d q="`""\n'
    assert labels(text) == {"a": "", "b": "cd", "p": "C:\\d", "q": '"'}


def test_a_trigger_is_read_anew_without_the_escape_directive():
    assert labels("# escape=`\nFROM scratch AS x\nONBUILD LABEL ` =\nFROM x\n") == {"": "="}


def test_a_stages_name_is_in_lower_case_for_from():
    """`FROM X` names an image even if a stage is called so; BuildKit then refuses the image."""
    dockerfile = parse(b"FROM scratch AS X\nFROM X\n")
    assert (dockerfile.stages[0].name, dockerfile.final.base.parent) == ("x", None)


def labels(text):
    dockerfile = parse(text.encode())
    assert dockerfile.problems == ()
    found = dockerfile.effective_labels(dockerfile.final)
    return {key: label.value for key, label in found.items()}
