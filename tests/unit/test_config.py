import stat
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from channels import registry
from router import keyfile
from router.config import Settings, check_sample, load_settings
from router.errors import ConfigError

KEY = "k" * 48


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str, name: str = "handleby.toml") -> Path:
    """Write a settings file."""
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def refused(text: str, folder: Path, **environ: str) -> list[str]:
    """Return the problems for which the settings are refused."""
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text), environ=environ)
    return str(caught.value).splitlines()


def test_without_a_file_everything_works_on_one_machine(here: Path) -> None:
    """Defaults open a mail account and a chat on loopback, and make folder and key."""
    settings = load_settings(environ={"TZ": "Europe/Copenhagen"})
    assert [(channel, name) for channel, name, _ in settings.accounts()] == [
        ("email", "support"),
        ("webchat", "site"),
    ]
    assert settings.channels["email"]["support"]["receive"] == "smtp://127.0.0.1:2525"
    assert settings.channels["email"]["support"]["send"] == "outbox"
    assert settings.channels["email"]["support"]["zone"] == "Europe/Copenhagen"
    assert (settings.store.url, settings.broker.url, settings.rules) == ("sqlite", "local", None)
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.public_url == "http://localhost:8080"
    assert settings.loopback
    assert len(settings.secret_key) >= 32
    assert stat.S_IMODE((here / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((here / "data/secret_key").stat().st_mode) == 0o600


def test_the_sample_file_is_the_defaults(here: Path) -> None:
    """The commented sample file loads, and says nothing but what holds without it."""
    sample = Path(__file__).parents[2] / "handleby.sample.toml"
    (here / "handleby.toml").write_text(sample.read_text(encoding="utf-8"), encoding="utf-8")
    with_sample = load_settings(environ={"TZ": "UTC"})
    (here / "handleby.toml").unlink()
    without = load_settings(environ={"TZ": "UTC"})
    assert with_sample == without


def test_looking_makes_nothing(here: Path) -> None:
    """Without `prepare` no folder and no key are made."""
    assert load_settings(environ={}, prepare=False).secret_key == ""
    assert list(here.iterdir()) == []


def test_the_file_named_wins(here: Path) -> None:
    """--config comes before HANDLEBY_CONFIG, and that before ./handleby.toml."""
    usual = write(here, 'organisation = "usual"')
    by_variable = write(here, 'organisation = "variable"', "a.toml")
    by_option = write(here, 'organisation = "option"', "b.toml")
    environ = {"HANDLEBY_CONFIG": str(by_variable)}
    assert load_settings(environ={}).organisation == "usual"
    assert load_settings(environ=environ).organisation == "variable"
    assert load_settings(by_option, environ=environ).organisation == "option"
    usual.unlink()


@pytest.mark.parametrize(("path", "named"), [(Path("no.toml"), "--config"), (None, "HANDLEBY_CONFIG")])
def test_a_named_file_that_is_missing_is_an_error(here: Path, path: Path | None, named: str) -> None:
    """Nothing starts on defaults when a file was named."""
    with pytest.raises(ConfigError, match=rf"no\.toml: there is no such settings file.*{named}"):
        load_settings(path, environ={"HANDLEBY_CONFIG": "no.toml"})


def test_the_environment_wins_and_nests(here: Path) -> None:
    """HANDLEBY_ names with double underscores reach every key, those of accounts too."""
    write(here, '[server]\nlisten = "127.0.0.1:1"\n[channels.webchat.site]\ncontinue_by_email = true\n')
    settings = load_settings(
        environ={
            "HANDLEBY_SERVER__LISTEN": "127.0.0.1:0",
            "HANDLEBY_CHANNELS__WEBCHAT__SITE__CONTINUE_BY_EMAIL": "no",
            "HANDLEBY_CHANNELS__WEBCHAT__SITE__ORIGINS": "http://localhost:1, http://127.0.0.1:2",
            "HANDLEBY_TEST_ANYTHING": "not a setting",
            "OTHER": "x",
        }
    )
    site = settings.channels["webchat"]["site"]
    assert settings.server.port == 0
    assert site["continue_by_email"] is False
    assert site["origins"] == ("http://localhost:1", "http://127.0.0.1:2")
    assert "email" not in settings.channels


def test_every_fault_is_told_at_once_with_its_place(here: Path) -> None:
    """Unknown keys come with the likeliest one meant; each sentence names file or variable, and key."""
    problems = refused(
        """
        sercet_key = "x"
        rules = "missing.yaml"
        zone = "Mars/Olympus"
        [server]
        lisen = "127.0.0.1:1"
        [store]
        url = "postgres://u:hunter2@db"
        [channels.fax.a]
        [channels.webchat.site]
        orgins = []
        rate = "many"
        """,
        here,
        HANDLEBY_LANGUAGE="english",
        HANDLEBY_LOG="loud",
    )
    shown = "\n".join(problems)
    file = str(here / "handleby.toml")
    assert f"{file}: sercet_key: unknown key; did you mean 'secret_key'?" in problems
    assert f"{file}: server.lisen: unknown key; did you mean 'listen'?" in problems
    assert f"{file}: channels.webchat.site.orgins: unknown key; did you mean 'origins'?" in problems
    assert f"{file}: zone: must be an IANA time zone such as Europe/Copenhagen" in problems
    known = ", ".join(registry.names())
    assert f"{file}: channels.fax: unknown channel; known: {known}" in shown
    assert f"{file}: channels.webchat.site.rate: must be a whole number" in shown
    assert f"{file}: rules: there is no file" in shown
    assert "environment HANDLEBY_LANGUAGE: language: must be a language code" in shown
    assert "environment HANDLEBY_LOG: log: must be a table, [log]" in shown
    assert "store.url: must be sqlite or mongodb://" in shown
    assert "hunter2" not in shown
    assert len(problems) == 10


def test_broken_toml_names_the_line(here: Path) -> None:
    """A file that is not TOML is refused with the line."""
    assert "not valid TOML" in refused("a = 1\nb = = 2\n", here)[0]
    assert "line 2" in refused("a = 1\nb = = 2\n", here)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('channels = "email"', "channels: must be tables such as [channels.email.support]"),
        ('[channels]\nwebchat = "site"', "channels.webchat: must be tables, one an account"),
        ('[channels.webchat."My Site"]', "name accounts with lower case letters"),
        ('public_url = "help.example.com"', "must be an http or https URL"),
        ('[server]\nlisten = "8080"', "must be host:port"),
        ('[server]\nlisten = "127.0.0.1:99999"', "must be host:port"),
        ('[broker]\nurl = "redis://x"', "must be local or amqp://"),
        ('[log]\nlevel = "loud"', "log.level: Input should be 'debug', 'info'"),
        ('secret_key = "short"', "fewer than 32 characters"),
        ("language = 5", "language: Input should be a valid string"),
    ],
)
def test_what_cannot_work_is_refused(here: Path, text: str, said: str) -> None:
    """Each fault has a sentence that says what is expected."""
    (problem,) = refused(text, here)
    assert said in problem


def test_paths_are_relative_to_the_file(here: Path) -> None:
    """A service started from anywhere finds the same data and rules."""
    folder = here / "etc"
    folder.mkdir()
    (folder / "rules.yaml").touch()
    file = write(folder, 'rules = "rules.yaml"\ndata_dir = "var"\n')
    settings = load_settings(file, environ={})
    assert settings.rules == folder / "rules.yaml"
    assert settings.data_dir == folder / "var"
    assert load_settings(file, environ={"HANDLEBY_RULES": ""}).rules is None


def test_secrets_come_from_files(here: Path) -> None:
    """A key with `_file` behind it is read from that file; in the environment it wins over the settings file."""
    (here / "key").write_text(KEY + "\n")
    (here / "identity").write_text("shared with the site\n")
    write(here, f'secret_key = "{"f" * 40}"\n[channels.webchat.site]\nidentity_secret_file = "identity"\n')
    settings = load_settings(environ={"HANDLEBY_SECRET_KEY_FILE": str(here / "key")})
    assert settings.secret_key == KEY
    assert settings.channels["webchat"]["site"]["identity_secret"] == "shared with the site"


def test_secrets_come_from_a_folder(here: Path) -> None:
    """Each file in HANDLEBY_SECRETS_DIR is a key, as containers mount them."""
    secrets = here / "secrets"
    secrets.mkdir()
    (secrets / "secret_key").write_text(KEY)
    (secrets / "broker__url").write_text("amqp://u:hunter2@rabbit/")
    settings = load_settings(environ={"HANDLEBY_SECRETS_DIR": str(secrets)})
    assert (settings.secret_key, settings.broker.url) == (KEY, "amqp://u:hunter2@rabbit/")
    with pytest.raises(ConfigError, match="HANDLEBY_SECRETS_DIR"):
        load_settings(environ={"HANDLEBY_SECRETS_DIR": str(here / "none")})


def test_a_secret_file_that_is_missing_or_doubled_is_an_error(here: Path) -> None:
    """The sentence names the key and the file."""
    problems = refused('secret_key_file = "none"\n[store]\nurl = "sqlite"\nurl_file = "x"\n', here)
    assert "secret_key_file: the file none cannot be read: No such file or directory" in problems[0]
    assert "store.url_file: url is set as well; keep one of the two" in problems[1]


def test_a_fleet_needs_a_secret_key(here: Path) -> None:
    """With a shared store or broker the key must be the same everywhere, so none is made."""
    for text in ('[store]\nurl = "mongodb://db/handleby"\n', '[broker]\nurl = "amqp://u:hunter2@rabbit/"\n'):
        (problem,) = refused(text, here)
        assert "secret_key: is missing. In a fleet" in problem
        assert "token_urlsafe" in problem
        assert "hunter2" not in problem


def test_a_fleet_needs_no_data_folder(here: Path) -> None:
    """Where nothing is kept on the machine nothing is made on it."""
    write(here, f'secret_key = "{KEY}"\n[store]\nurl = "mongodb://db/h"\n[broker]\nurl = "amqp://rabbit/"\n')
    assert load_settings(environ={}).fleet
    assert not (here / "data").exists()


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    """However many ask for the key at once, one is made, whole, and all have it."""
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: keyfile.obtain(tmp_path), range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """The sentence says how to mend it."""
    keyfile.obtain(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        keyfile.obtain(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_an_error(here: Path) -> None:
    """The sentence names the folder."""
    (here / "data").write_text("a file")
    with pytest.raises(ConfigError, match=r"data_dir: .*data cannot be made"):
        load_settings(environ={})


def test_settings_do_not_change_and_do_not_tell(here: Path) -> None:
    """They are frozen through and through, and print without passwords and keys."""
    write(
        here,
        f'secret_key = "{KEY}"\n[store]\nurl = "mongodb://u:hunter2@db/h"\n[broker]\nurl = "amqp://u:hunter3@rabbit/"\n'
        '[channels.webchat.site]\nidentity_secret = "hunter4"\n',
    )
    settings = load_settings(environ={})
    shown = f"{settings!r} {settings}"
    assert "mongodb://***@db/h" in shown
    for secret in ("hunter2", "hunter3", "hunter4", KEY):
        assert secret not in shown
    with pytest.raises(ValidationError):
        settings.language = "da"
    for frozen in (settings.channels, settings.channels["webchat"], settings.channels["webchat"]["site"]):
        with pytest.raises(TypeError):
            frozen["x"] = {}  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("", ()),
        (
            '[channels.email.a]\naddress = "a@example.com"\nreceive = "imaps://u@mail.example.com/INBOX"',
            ("email.a",),
        ),
        ('[channels.email.a]\naddress = "a@example.com"\nreceive = "smtp://0.0.0.0:25"', ("email.a",)),
        ('[channels.webchat.a]\norigins = ["https://example.com"]', ("webchat.a",)),
        ('[channels.webchat.a]\norigins = ["http://[::1]:80", "http://localhost"]', ()),
        ('public_url = "https://example.com"\n[channels.webchat.a]', ("public_url",)),
        ('[server]\nlisten = ":8080"', ("server.listen",)),
    ],
)
def test_the_sample_team_stays_on_this_machine(here: Path, text: str, outside: tuple[str, ...]) -> None:
    """An account that reaches further refuses to start without agents, and is named."""
    settings = load_settings(write(here, text), environ={})
    assert settings.outside == outside
    check_sample(settings, sample=False, agents=1)
    if outside:
        with pytest.raises(ConfigError, match=outside[0]):
            check_sample(settings, sample=True, agents=3)
    else:
        check_sample(settings, sample=True, agents=3)


def test_nobody_at_all_is_refused(here: Path) -> None:
    """Rules without agents cannot hold a promise."""
    with pytest.raises(ConfigError, match="name no agents"):
        check_sample(load_settings(environ={}), sample=False, agents=0)


@pytest.mark.parametrize(
    ("listen", "host"), [(":8080", "0.0.0.0"), ("[::1]:8080", "::1"), ("localhost:8080", "localhost")]
)
def test_addresses_to_listen_on(here: Path, listen: str, host: str) -> None:
    """All common ways to write one are understood."""
    server = load_settings(environ={"HANDLEBY_SERVER__LISTEN": listen}).server
    assert (server.host, server.port) == (host, 8080)


def test_the_zone_is_the_machines_unless_told(here: Path) -> None:
    """TZ is asked first; what it says badly does not stop the service."""
    assert load_settings(environ={"TZ": ":Europe/Paris"}).zone == "Europe/Paris"
    assert load_settings(environ={"TZ": "nonsense"}).zone == "UTC"
    assert Settings(zone="Asia/Tokyo").zone == "Asia/Tokyo"


def test_slack_is_off_until_there_is_a_token(here: Path) -> None:
    """Nothing is told in Slack unless asked for; the secrets come from files as others do, and are never shown."""
    assert load_settings(environ={}).slack.bot_token == ""
    (here / "token").write_text("xoxb-1-2-abc\n")
    (here / "signing").write_text("s3cret\n")
    write(here, '[slack]\nbot_token_file = "token"\nsigning_secret_file = "signing"\n')
    settings = load_settings(environ={})
    assert (settings.slack.bot_token, settings.slack.signing_secret) == ("xoxb-1-2-abc", "s3cret")
    assert settings.slack.api == "https://slack.com/api/"
    assert "xoxb" not in repr(settings)
    assert "s3cret" not in repr(settings)
    assert settings.outside == ("slack",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('bot_token = "xoxp-1"', "slack.bot_token: must be a bot token"),
        ('signing_secret = "x"', "slack: has a signing_secret but no bot_token"),
        ('bot_token = "xoxb-1"\napi = "http://slack.example.com"', "slack.api: must be an https URL"),
        ('token = "xoxb-1"', "slack.token: unknown key; did you mean 'bot_token'?"),
    ],
)
def test_slack_settings_that_cannot_work_are_refused(here: Path, text: str, said: str) -> None:
    """Each fault says what is expected."""
    (problem,) = refused(f"[slack]\n{text}", here)
    assert said in problem
