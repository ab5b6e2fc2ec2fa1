import re
from pathlib import Path

import pytest

from router.channelkit.check import folder_problems
from router.channelkit.make import TEMPLATE, make, named, objection
from router.errors import ConfigError
from tests.support.checkout import Checkout
from tests.support.ports import free_port

NEW = "fax"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Give a copy of the source tree in which one new channel was made."""
    copy = Checkout(tmp_path_factory.mktemp("checkout"))
    printed = copy.succeed("router", "channels", "new", NEW)
    assert f"channels/{NEW}/adapter.py" in printed
    assert "What to do next" in printed
    return copy


def test_a_new_channel_passes_the_contract_suite_untouched(checkout: Checkout) -> None:
    """A seventh channel, as `channels new` writes it, holds all that the others hold, and its own tests."""
    suites = ("test_channels.py", "test_channel_kills.py", "test_recorded.py")
    printed = checkout.succeed(
        "pytest", "-q", "-p", "no:cacheprovider", f"channels/{NEW}",
        *(f"tests/contract/{suite}" for suite in suites), "tests/architecture/test_channels.py",
        "-k", f"{NEW} or concrete_channel or channel_by_name",
    )  # fmt: skip
    assert re.search(r"\b[45]\d passed", printed), printed
    assert " failed" not in printed


def test_a_new_channel_is_clean(checkout: Checkout) -> None:
    """Linter, formatter and type checker find nothing, and the template's name is nowhere."""
    checkout.succeed("ruff", "check", f"channels/{NEW}")
    checkout.succeed("ruff", "format", "--check", f"channels/{NEW}")
    checkout.succeed("mypy", "--follow-imports", "silent", "-p", f"channels.{NEW}")
    folder = checkout.folder / "channels" / NEW
    assert [path for path in folder.rglob("*.*") if TEMPLATE.encode() in path.read_bytes()] == []
    assert folder_problems(folder) == []


def test_a_new_channel_is_found_by_its_name(checkout: Checkout) -> None:
    """No other file names it."""
    assert f"{NEW}\tFax\tno account" in checkout.succeed("router", "channels", "list")


def test_nothing_is_ever_overwritten(checkout: Checkout) -> None:
    """A second channel of the same name is refused, and the first stays as it was."""
    done = checkout.run("router", "channels", "new", NEW)
    assert done.returncode != 0
    assert "is there already" in done.stderr


def test_imports_stay_sorted_under_any_name(checkout: Checkout) -> None:
    """Wherever the name comes in the alphabet, the linter and the formatter agree."""
    folders = [f"channels/{name}" for name in ("a2", "zeppelin_mail", "sms", "x_y_z")]
    for folder in folders:
        make(folder.partition("/")[2], checkout.folder / "channels")
    checkout.succeed("ruff", "check", *folders)
    checkout.succeed("ruff", "format", "--check", *folders)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Fax", "lower case"),
        ("9fax", "begin with a letter"),
        ("fax-line", "single _"),
        ("fax__line", "single _"),
        ("_fax", "begin with a letter"),
        ("f", "2 to 20"),
        ("f" * 21, "2 to 20"),
        ("../fax", "lower case"),
        ("", "lower case"),
        ("class", "a word of Python. Try class_channel."),
        ("match", "a word of Python"),
        ("json", "Python's own library"),
        ("email", "Python's own library"),
        ("webchat", "is there already"),
        ("manifest", "is there already"),
        ("chat", "addresses on the channel webchat"),
    ],
)
def test_a_name_that_would_not_work_is_refused(name: str, said: str) -> None:
    """What is wrong with it is told, and nothing is written."""
    with pytest.raises(ConfigError, match="cannot be called") as caught:
        make(name)
    assert said in str(caught.value)


def test_without_a_template_a_checkout_is_asked_for(tmp_path: Path) -> None:
    """An installed copy has no template, and says where to work."""
    with pytest.raises(ConfigError, match="in a checkout of the source"):
        make("fax", tmp_path)


def test_only_the_templates_own_words_change() -> None:
    """Name and title are put in; what is no import keeps its order."""
    text = '# Template\ntitle = "Template"\nTemplates stay\nfrom z import a\nfrom channels._template import b\nx = 1\n'
    assert named(text, "my_fax") == (
        '# My fax\ntitle = "My fax"\nTemplates stay\nfrom channels.my_fax import b\nfrom z import a\nx = 1\n'
    )
    assert objection("my_fax", Path("nowhere")) == ""


def test_every_problem_of_a_folder_is_told_at_once(tmp_path: Path) -> None:
    """What is missing, half there or malformed is named with its place."""
    folder = tmp_path / "fax"
    (folder / "testdata").mkdir(parents=True)
    (folder / "testdata" / "a.in.json").write_text("{}")
    (folder / "testdata" / "b.out.json").write_text("{}")
    (folder / "recorded.py").write_text("def parsed() -> object: ...\n")
    (folder / "manifest.toml").write_text('name = "fox"\n')
    found = "\n".join(folder_problems(folder))
    for said in (
        "title: is missing",
        "README.md: is missing",
        "parse.py: is missing",
        "adapter.py: is missing",
        "has no `def parsed",
        "a.out.json: is missing",
        "there is no b.in",
        "has no test_",
    ):
        assert said in found


def test_accounts_and_folders_are_checked_together(checkout: Checkout) -> None:
    """`channels check` names what is wrong with the settings; without it, it says that all is well."""
    settings = checkout.folder / "handleby.toml"
    account = f'[channels.{NEW}.main]\ntoken = "t"\nwebhook_secret = "s"\napi = "http://127.0.0.1:9"\n'
    settings.write_text(account + 'poll = "soon"\n[channels.webchat.site]\norigins = ["nonsense"]\n')
    done = checkout.run("router", "channels", "check")
    assert done.returncode == 1
    assert f"channels.{NEW}.main.poll: must be a duration" in done.stderr
    settings.write_text(account + '[channels.webchat.site]\norigins = ["nonsense"]\n')
    done = checkout.run("router", "channels", "check")
    assert "'nonsense' is not an origin" in done.stderr
    settings.write_text(account)
    assert "and so are all accounts (1)" in checkout.succeed("router", "channels", "check")


def test_an_account_is_tried_from_the_command_line(checkout: Checkout) -> None:
    """Without service and provider, `channels test` says what cannot be reached and what to do, and fails."""
    settings = checkout.folder / "handleby.toml"
    settings.write_text(
        f'public_url = "http://localhost:{free_port()}"\n'
        f'[channels.{NEW}.main]\ntoken = "t"\nwebhook_secret = "s"\napi = "http://127.0.0.1:9"\n'
    )
    done = checkout.run("router", "channels", "test", f"{NEW}/main")
    assert done.returncode == 1
    assert "FAULT  The provider cannot be reached" in done.stdout
    assert "Start the service (`handleby run`)" in done.stdout
    done = checkout.run("router", "channels", "test", "fax/other")
    assert f"Accounts in the settings: {NEW}/main." in done.stderr
