import pytest

from rules.nodes import Mapping, Node, Scalar, Sequence, from_plain
from rules.problems import Report
from rules.yamltext import LONGEST_TEXT, parse


def value(node: Node | None) -> object:
    """Return the plain Python value of a tree."""
    if isinstance(node, Mapping):
        return {key.raw: value(each) for key, each in node.entries}
    if isinstance(node, Sequence):
        return [value(each) for each in node.items]
    return node.value if isinstance(node, Scalar) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("Off", "Off"),
        ("10:30", "10:30"),
        ("2026-12-24", "2026-12-24"),
        ("0o17", "0o17"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        (".5", 0.5),
        ("1" * 40, "1" * 40),
    ],
)
def test_scalars(text: str, expected: object) -> None:
    """Only true, false, null and numbers are special, as in YAML 1.2."""
    report = Report("f")
    assert value(parse(f"key: {text}", report)) == {"key": expected}
    assert report.problems == []


def test_keys_stay_words() -> None:
    """`on:` and `no:` are keys like any other."""
    assert value(parse("on: 1\nno: 2\n", Report("f"))) == {"on": 1, "no": 2}


def test_places_count_characters() -> None:
    """Lines and columns are counted from 1, in characters."""
    node = parse("a: 1\næø: [ü, {ö: x}]", Report("f"))
    assert isinstance(node, Mapping)
    items = node.entries[1][1]
    assert isinstance(items, Sequence)
    assert [(item.line, item.column) for item in items.items] == [(2, 6), (2, 9)]


def test_anchors_stand_for_their_values() -> None:
    """An alias repeats the value of its anchor."""
    assert value(parse("a: &x [1, 2]\nb: *x", Report("f"))) == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("a: 1\na: 2", (2, 1), "given twice (first on line 1)"),
        ("a: &x [*x]", (1, 8), "contains itself"),
        ("a: *x", (1, 4), "stands for nothing"),
        ("a: 1\n---\nb: 2", (2, 1), "second document"),
        ("a: !!python/object:os.system x", (1, 4), "means nothing here"),
        ("a: b: c", (1, 5), "in quotes"),
        ("a:\n\tb: 1", (2, 1), "spaces, not tabs"),
        ("a: 'b", (1, 6), "close the quotation mark"),
        ("x: 1\na: \x00", (2, 4), "not YAML"),
        ("<<: {a: 1}", (1, 1), "not part of YAML 1.2"),
        ("? [a]\n: b", (1, 3), "a key must be"),
        ("[" * 5000, (1, 42), "levels deep"),
        ("- " * 200_000, (1, 83), "levels deep"),
        ("x" * (LONGEST_TEXT + 1), (1, 1), "longer than"),
    ],
)
def test_what_is_refused(text: str, place: tuple[int, int], part: str) -> None:
    """Mistakes and traps are refused with their place and a way to mend them."""
    report = Report("f")
    parse(text, report)
    [problem] = report.problems
    assert (problem.line, problem.column) == place
    assert part in problem.text


def test_an_alias_bomb_is_refused() -> None:
    """Aliases of aliases cannot make a small file huge."""
    rows = [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    report = Report("f")
    parse("\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *rows]), report)
    assert "aliases counted" in report.problems[0].text


def test_plain_values_become_the_same_tree() -> None:
    """Values from elsewhere are read by the same grammar."""
    plain = {"a": [1, "x", None, True], "b": {"c": 2.5}}
    assert value(from_plain(plain)) == plain
