import asyncio
import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from router.config import load_settings
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
DATA = ("*.yaml", "*.toml", "*.html", "*.js", "*.css", "*.sql", "*.json", "*.svg", "*.txt")


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command that must succeed and return what it printed."""
    found = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def compose() -> dict[str, Any]:
    """Return the compose file as it is after its own merging."""
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def environment(name: str) -> dict[str, str]:
    """Return what a container sees: the image's variables, then the service's."""
    image = re.findall(r"(HANDLEBY_\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text())
    return {**dict(image), **compose()["services"][name]["environment"]}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the secrets as the how-to says, in a folder of the test."""
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(DEPLOY / "secrets.sh", folder)
    run("sh", folder / "secrets.sh", cwd=folder)
    return folder / "secrets"


def test_the_image_is_well_written() -> None:
    """Hadolint finds nothing; the last stage is not root and starts in exec form."""
    assert run(BIN / "hadolint", "deploy/Dockerfile") == ""
    last = (DEPLOY / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", last, re.MULTILINE)
    assert re.search(r"^ENTRYPOINT \[", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "pip install" not in last


def test_what_the_image_copies_is_there() -> None:
    """Every path that the build copies exists and is let through by .dockerignore."""
    text = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE)
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert {"requirements.lock", "channels", "rules", "router"} == set(copied) == let_through
    assert all((ROOT / path).exists() for path in copied)


def test_the_compose_file_fits_its_schema() -> None:
    """Misspelt keys and wrong types would be found."""
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml")


def test_a_fleet_has_one_container_for_each_role() -> None:
    """Roles, RabbitMQ 4 and MongoDB 8 start together, in order, and get the time to drain."""
    services = compose()["services"]
    fleet = {name: each for name, each in services.items() if each["profiles"] == ["fleet"]}
    roles = {name: each["command"] for name, each in fleet.items() if each["image"] == "handleby"}
    assert roles == {name: ["run", "--role", name] for name in ("channels", "router", "desk")}
    assert fleet["rabbitmq"]["image"].startswith("rabbitmq:4")
    assert fleet["mongodb"]["image"].startswith("mongo:8")
    assert "--replSet" in fleet["mongodb"]["command"]
    for name in roles:
        assert fleet[name]["stop_grace_period"] == "30s"
        assert fleet[name]["read_only"] is True
        assert set(fleet[name]["depends_on"]) == {"rabbitmq", "mongodb"}
    for name in ("rabbitmq", "mongodb"):
        assert fleet[name]["healthcheck"]
        assert fleet[name]["volumes"]
        assert "ports" not in fleet[name]
        assert fleet[name]["networks"] == ["backend"]
    assert compose()["networks"]["backend"] == {"internal": True}


def test_one_container_is_a_profile_of_its_own() -> None:
    """The embedded container needs none of the others and is reached from this machine only."""
    services = compose()["services"]
    (name,) = [name for name, each in services.items() if each["profiles"] == ["embedded"]]
    assert "depends_on" not in services[name]
    assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
    assert any(volume.endswith(":/var/lib/handleby") for volume in services[name]["volumes"])


def test_every_file_that_compose_mounts_is_there(secrets: Path) -> None:
    """Settings, rules and proxy are shipped; the secrets are what the script makes."""
    for each in compose()["configs"].values():
        assert (DEPLOY / each["file"]).is_file()
    for each in compose()["secrets"].values():
        assert (secrets.parent / each["file"]).is_file()


def test_the_secrets_agree_and_are_kept(secrets: Path) -> None:
    """Broker and roles get the same password, the folder is closed, and a second run changes nothing."""
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    run("sh", secrets.parent / "secrets.sh", cwd=secrets.parent)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    password = re.search(r"default_pass = (\S+)", before["rabbitmq.conf"])
    assert password
    assert password[1] in before["broker__url"]
    assert len(before["secret_key"].strip()) >= 32
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_the_roles_can_read_their_settings(secrets: Path, tmp_path: Path) -> None:
    """What the fleet's containers are given makes valid settings, with the secrets in them."""
    shutil.copy(DEPLOY / "handleby.fleet.toml", tmp_path / "handleby.toml")
    shutil.copy(DEPLOY / "rules.yaml", tmp_path)
    given = tmp_path / "secrets"
    given.mkdir()
    for name in compose()["services"]["router"]["secrets"]:
        shutil.copy(secrets / name, given)
    environ = environment("router") | {
        "HANDLEBY_CONFIG": str(tmp_path / "handleby.toml"),
        "HANDLEBY_SECRETS_DIR": str(given),
    }
    settings = load_settings(environ=environ)
    assert settings.fleet
    assert settings.broker.url.startswith("amqp://handleby:")
    assert settings.store.url.startswith("mongodb://mongodb:27017/")
    assert settings.rules == tmp_path / "rules.yaml"
    assert "support" in settings.channels["email"]


def test_the_single_container_can_read_its_settings(tmp_path: Path) -> None:
    """What the embedded container is given makes valid settings, without a file."""
    environ = environment("embedded") | {
        "HANDLEBY_DATA_DIR": str(tmp_path / "data"),
        "HANDLEBY_RULES": str(DEPLOY / "rules.yaml"),
    }
    settings = load_settings(environ=environ)
    assert not settings.fleet
    assert settings.server.listen == "0.0.0.0:8080"
    assert settings.channels["email"]["support"]["receive"] == "smtp://0.0.0.0:2525"


def test_the_rules_that_are_shipped_for_it_hold(tmp_path: Path) -> None:
    """`handleby rules check` finds nothing in deploy/rules.yaml, and its example holds."""
    (tmp_path / "handleby.toml").write_text("")
    run(
        sys.executable,
        "-m",
        "router",
        "rules",
        "check",
        str(DEPLOY / "rules.yaml"),
        "--config",
        str(tmp_path / "handleby.toml"),
    )


async def answering(name: str) -> tuple[web.AppRunner, int]:
    """Start a server that says its name, the path it was asked for and whose address it was told."""

    async def say(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade") == "websocket":
            chat = web.WebSocketResponse()
            await chat.prepare(request)
            await chat.send_str(name)
            await chat.close()
            return chat
        return web.json_response(
            {"name": name, "path": request.path, "from": request.headers.get("X-Forwarded-For")}
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[str]:
    """Run nginx with the shipped file in front of two servers, and yield its address."""
    channels, channels_port = await answering("channels")
    desk, desk_port = await answering("desk")
    port = free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("server channels:8080", f"server 127.0.0.1:{channels_port}")
    text = text.replace("server desk:8080", f"server 127.0.0.1:{desk_port}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("/dev/stdout", str(folder / "access.log")).replace(
        "/dev/stderr", str(folder / "error.log")
    )
    file = folder / "nginx.conf"
    file.write_text(f"daemon off;\npid {folder}/nginx.pid;\n{text}")
    nginx = await asyncio.create_subprocess_exec(
        "/usr/sbin/nginx", "-e", str(folder / "error.log"), "-c", str(file)
    )
    try:
        await reachable(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        await nginx.wait()
        await channels.cleanup()
        await desk.cleanup()


async def reachable(port: int) -> None:
    """Wait until the port answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


async def test_the_proxy_sends_each_path_to_its_role(tmp_path: Path) -> None:
    """Customers' paths go to channels, all others to the desk, sockets included; metrics stay inside."""
    async with proxied(tmp_path) as base, aiohttp.ClientSession() as client:
        for path, name in {
            "/": "desk", "/ops": "desk", "/api/v1/openapi.json": "desk", "/health/queues": "desk",
            "/t/secret": "desk", "/chat": "channels", "/chat/site": "channels", "/widget.js": "channels",
            "/hooks/webchat/site": "channels", "/callback": "channels",
        }.items():  # fmt: skip
            async with client.get(base + path, headers={"X-Forwarded-For": "203.0.113.9"}) as answer:
                assert (await answer.json()) == {"name": name, "path": path, "from": "127.0.0.1"}
        async with client.get(f"{base}/metrics") as answer:
            assert answer.status == 404
        async with client.ws_connect(f"{base}/chat/socket") as chat:
            assert await chat.receive_str() == "channels"
        async with client.get(f"{base}/?token=secret") as answer:
            assert answer.status == 200
    assert "secret" not in (tmp_path / "access.log").read_text()


def test_the_unit_starts_what_set_up_makes() -> None:
    """The systemd unit names the launcher, restarts, waits for the drain and gives away no rights."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "handleby.service")
    service = unit["Service"]
    assert service["ExecStart"].startswith("/opt/handleby/.venv/bin/handleby run ")
    assert '"handleby")' in (ROOT / "tools/setup").read_text()
    assert service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) > 20
    assert service["DynamicUser"] == service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_wheel_holds_all_that_runs_and_nothing_else(tmp_path: Path) -> None:
    """Pages, scripts, texts, manifests and defaults are in it; tests and their data are not."""
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--wheel-dir", tmp_path, ".",
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        str(path.relative_to(ROOT))
        for package in ("channels", "rules", "router", "sandbox")
        for pattern in ("*.py", *DATA)
        for path in (ROOT / package).rglob(pattern)
        if not {"testdata", "_template", "__pycache__"} & set(path.parts)
        and not path.name.startswith(("test_", "conftest"))
    }
    assert sorted(expected - inside) == []
    aside = ("test_", "testdata", "conftest", "_template")
    assert not [name for name in inside if any(part in name for part in aside)]
    assert (
        "router.__main__:main"
        in zipfile.ZipFile(wheel).read("handleby-0.1.0.dist-info/entry_points.txt").decode()
    )
