import sys
import textwrap
from pathlib import Path
from types import MappingProxyType

import pytest

from channels import registry
from channels.account import checked, convert
from channels.manifest import Invalid, Manifest, Setting

GOOD = """
name = "fax"
title = "Fax"
identity = "fax"

[capabilities]
receive = ["hook"]
style = "mail"

[settings.number]
type = "string"
required = true
help = "The number on the machine."
example = "+45 12345678"

[settings.patience]
type = "duration"
default = "5m"
"""


def manifest(folder: Path, text: str) -> Manifest:
    """Read a manifest with this text."""
    path = folder / "fax" / "manifest.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return registry.load(path)


def test_every_manifest_that_is_shipped_can_be_read() -> None:
    """Each folder with a manifest is a channel with a title, an identity and settings with help."""
    assert {"email", "webchat"} <= set(registry.names())
    for name in registry.names():
        found = registry.manifest(name)
        assert found.name == name
        assert found.title
        assert found.identity
        assert all(setting.help for setting in found.settings.values())


def test_a_manifest_is_read_without_importing() -> None:
    """Reading what a channel says of itself runs none of its code."""
    before = {name for name in sys.modules if name.startswith("channels.")}
    registry.names.cache_clear()
    registry.manifest.cache_clear()
    for name in registry.names():
        registry.manifest(name)
    assert {name for name in sys.modules if name.startswith("channels.")} == before


@pytest.mark.parametrize("name", registry.names())
def test_an_adapter_is_reached_by_name(name: str) -> None:
    """Every channel offers `adapter` with `open` and `pages`."""
    adapter = registry.adapter(name)
    assert callable(adapter.open)
    assert callable(adapter.pages)


def test_an_unknown_channel_is_named_with_the_likeliest_one() -> None:
    """A misspelt channel is refused."""
    with pytest.raises(Invalid, match="unknown channel; did you mean 'email'"):
        registry.manifest("emial")


def test_settings_get_their_defaults(tmp_path: Path) -> None:
    """What is not said has its default in the setting's own type; the common ones are there."""
    spec = manifest(tmp_path, GOOD).settings
    problems: list[str] = []
    result = checked(spec, {"number": "1"}, "channels.fax.a", problems)
    assert problems == []
    assert result == {"number": "1", "patience": 300.0, "zone": "", "language": "", "disclose": False}


def test_every_problem_of_an_account_is_told_at_once() -> None:
    """Unknown, missing and wrong keys are all named, with what to write instead, and no value repeated."""
    with pytest.raises(Invalid) as caught:
        registry.check(
            "webchat", {"orgins": [], "rate": 0, "session": "soon", "sockets": True}, "channels.webchat.a"
        )
    assert [problem.partition(". ")[0] for problem in caught.value.problems] == [
        "channels.webchat.a.orgins: unknown key; did you mean 'origins'?",
        "channels.webchat.a.rate: must be at least 1",
        "channels.webchat.a.sockets: must be a whole number",
        "channels.webchat.a.session: must be a duration such as 30s, 5m, 4h or 1h 30m",
    ]


def test_a_missing_required_setting_says_what_it_is(tmp_path: Path) -> None:
    """Help and example of the manifest are part of the sentence."""
    problems: list[str] = []
    checked(manifest(tmp_path, GOOD).settings, {}, "channels.fax.a", problems)
    assert problems == ["channels.fax.a.number: is missing. The number on the machine. Example: +45 12345678"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "colour = 1", "settings.patience.colour: unknown key"),
        (GOOD.replace("style", "stile"), "capabilities.stile: unknown key; did you mean 'style'"),
        (GOOD.replace('"mail"', '"telex"'), "capabilities.style: Invalid enum value 'telex'"),
        (GOOD.replace('name = "fax"', 'name = "telex"'), "name: is 'telex' but the folder is 'fax'"),
        (GOOD.replace('title = "Fax"', ""), "title: is missing"),
        (GOOD.replace('"duration"', '"fortnight"'), "settings.patience.type: Invalid enum value"),
        (
            GOOD.replace("required = true", 'required = true\ndefault = ""'),
            "a required setting has no default",
        ),
        (GOOD.replace("[settings.patience]", "[settings.Patience]"), "use lower case letters"),
        ("settings = 3\n" + GOOD.partition("[settings")[0], "settings: must be a table"),
        ("name = ", "not valid TOML"),
        (GOOD.replace('default = "5m"', 'default = "soon"'), "settings.patience.default: must be a duration"),
    ],
)
def test_a_manifest_with_a_fault_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """File and key are named."""
    with pytest.raises(Invalid) as caught:
        manifest(tmp_path, text)
    assert said in str(caught.value)
    assert "manifest.toml: " in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("integer", "12", 12),
        ("boolean", "on", True),
        ("boolean", False, False),
        ("duration", "1h 30m", 5400.0),
        ("duration", 90, 90.0),
        ("duration", "90", 90.0),
        ("list", "a, b,", ("a", "b")),
        ("list", '["a", "b"]', ("a", "b")),
        ("list", [], ()),
        ("url", "outbox", "outbox"),
        ("url", "smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
        ("zone", "Europe/Copenhagen", "Europe/Copenhagen"),
        ("email", "help@example.com", "help@example.com"),
        ("secret", "p", "p"),
    ],
)
def test_values_become_their_type(kind: str, given: object, expected: object) -> None:
    """Values of the file and texts of the environment mean the same."""
    assert convert(Setting(type=kind), given) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("string", 1),
        ("integer", 1.5),
        ("integer", True),
        ("boolean", "perhaps"),
        ("duration", "-5m"),
        ("duration", "5 minuten"),
        ("duration", True),
        ("url", "smtp://"),
        ("url", "smtp://host:port"),
        ("url", "Some words"),
        ("list", [1]),
        ("list", "[1"),
        ("list", 5),
        ("zone", "Mars"),
        ("zone", "../../etc/passwd"),
        ("language", "english"),
        ("email", "help"),
    ],
)
def test_values_of_another_type_are_refused(kind: str, given: object) -> None:
    """A wrong value is an error that says what is expected."""
    with pytest.raises(ValueError, match=r"^must |^is not "):
        convert(Setting(type=kind), given)  # type: ignore[arg-type]


def test_choices_and_schemes_are_held() -> None:
    """A setting may name the only values, schemes and words it takes."""
    send = Setting(type="url", schemes=("smtp", "smtps"), words=("outbox",))
    assert convert(send, "outbox") == "outbox"
    assert convert(send, "smtps://mail.example.com") == "smtps://mail.example.com"
    with pytest.raises(ValueError, match="one of outbox"):
        convert(send, "inbox")
    with pytest.raises(ValueError, match="smtp://, smtps://"):
        convert(send, "http://mail.example.com")
    with pytest.raises(ValueError, match="one of a, b"):
        convert(Setting(choices=("a", "b")), "c")


def test_an_account_is_plain_values() -> None:
    """What an adapter gets can be read and kept, whatever mapping it came from."""
    given = MappingProxyType({"origins": ["http://localhost:1"]})
    assert registry.check("webchat", given, "w")["origins"] == ("http://localhost:1",)
