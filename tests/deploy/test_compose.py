"""deploy/compose.yml: valid for Docker's own reader, the same processes as the Procfile, always back, nothing open, no secret in it."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from escalation.settings import NAMES, Settings
from tests.deploy.tools import DEPLOY, procfile, ran, tool
from tests.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("escalation:")}
SECRET = {"secret_key", "console_password", "database_url", "broker_url", "plivo_auth_tokens", "slack_bot_token",
          "slack_signing_secret", "slack_webhook_url", "smtp_url", "ping_url"}  # fmt: skip
ELSEWHERE = {"watch_phones", "watch_mails"}  # the watcher's, which is none of the site's processes
NUMBERS = {"self_test_number"}  # opens nothing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The deploy folder as an operator prepares it."""
    copy = tmp_path / "deploy"
    copy.mkdir()
    for name in ("compose.yml", "make-secrets"):
        shutil.copy(DEPLOY / name, copy / name)
    shutil.copy(DEPLOY / "env.example", copy / ".env")
    subprocess.run(["sh", "./make-secrets"], cwd=copy, check=True, capture_output=True)
    return copy


def test_docker_reads_it(folder: Path) -> None:
    """By docker-compose itself, with the secrets and the environment as they are prepared; no engine is asked."""
    shown = yaml.safe_load(ran(tool("docker-compose"), "--env-file", ".env", "-f", "compose.yml", "config", cwd=folder))
    assert set(shown["services"]) == set(SERVICES)
    secrets = [path.read_text() for path in (folder / "secrets").iterdir() if path.read_text()]
    assert len(secrets) >= 7
    assert not [secret for secret in secrets if secret in yaml.safe_dump(shown)]


def test_it_is_refused_without_the_address_that_carriers_call(folder: Path) -> None:
    """A site without it could call nobody, and would look well."""
    (folder / ".env").write_text("")
    argv = [tool("docker-compose"), "--env-file", ".env", "-f", "compose.yml", "config"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "ESCALATION_PUBLIC_URL" in done.stderr


def test_every_process_of_the_procfile_runs() -> None:
    """The same command lines, listening to the other containers; two timekeepers."""
    lines = procfile()
    said = {
        name: " ".join(service["command"]) if isinstance(service["command"], list) else service["command"]
        for name, service in OURS.items()
    }
    for name, service in (("receiver", "receiver"), ("pages", "pages"), ("chores", "chores"), ("timekeeper", "timekeeper-1"),
                          ("timekeeper", "timekeeper-2"), ("queue_intake", "queue-intake"), ("flower", "flower")):  # fmt: skip
        wanted = " ".join(lines[name]).replace("127.0.0.1", "0.0.0.0")
        assert wanted in " ".join(shlex.split(said[service], posix=False)), service
    assert set(OURS) == {"migrate", "receiver", "pages", "chores", "timekeeper-1", "timekeeper-2", "queue-intake", "flower"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_every_service_comes_back_and_says_how_it_is(name: str) -> None:
    """`restart: always`, a health check; the one that ends, `migrate`, needs neither."""
    assert SERVICES[name]["restart"] == "always"
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_ours_may_do_little_and_get_time_to_end(name: str) -> None:
    """No privilege, nothing written but for temporary files, longer to end than a send takes."""
    service = OURS[name]
    assert (service["cap_drop"], service["security_opt"], service["read_only"]) == (["ALL"], ["no-new-privileges:true"], True)
    assert int(service["stop_grace_period"].removesuffix("s")) > 15


def test_nothing_is_published_beyond_this_machine() -> None:
    """Docker goes round the machine's firewall: a port without an address would be open to everybody."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [SERVICES[name]["networks"] for name in ("database", "broker")] == [["inside"]] * 2


def test_secrets_come_as_files() -> None:
    """Each secret setting by its `…_FILE`, from a secret that every process of ours is handed."""
    assert {field.name for field in Settings.__dataclass_fields__.values() if not field.repr} == SECRET | ELSEWHERE | NUMBERS
    for service in OURS.values():
        environment = service["environment"]
        for name in SECRET:
            file = environment[f"{NAMES[name]}_FILE"]
            assert NAMES[name] not in environment
            assert file.removeprefix("/run/secrets/") in service["secrets"]
    files = {name: secret["file"] for name, secret in COMPOSE["secrets"].items()}
    assert files == {name: f"./secrets/{name}" for name in files}
    known = {*NAMES.values(), *(f"{name}_FILE" for name in NAMES.values())}
    assert {name for service in OURS.values() for name in service["environment"]} <= known


def test_the_secrets_that_are_made_open_what_they_should(folder: Path) -> None:
    """The URLs hold the passwords of database and broker; the folder is the owner's; a second run changes nothing."""
    secrets = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    assert set(secrets) == set(COMPOSE["secrets"])
    assert secrets["database_password"] in secrets["database_url"]
    assert secrets["broker_password"] in secrets["broker_url"]
    assert len(secrets["secret_key"]) >= 64
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert re.fullmatch(r"ops:[0-9a-f]{24}", secrets["flower_basic_auth"])
    subprocess.run(["sh", "./make-secrets"], cwd=folder, check=True, capture_output=True)
    assert {path.name: path.read_text() for path in (folder / "secrets").iterdir()} == secrets
    made = {NAMES[name]: secrets[name] for name in ("database_url", "broker_url", "secret_key")}
    assert Settings.from_env(made).sql_url.startswith("postgresql+psycopg://")


def test_the_image_is_built_from_the_lock_and_runs_as_nobody() -> None:
    """Hashes are required, every file that is copied exists, the user is not root, no base image is a moving one."""
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert any("--require-hashes" in line for line in lines)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    copied = [line.split()[1] for line in lines if line.startswith("COPY") and "--from" not in line]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed == set(copied)
    bases = [line.split()[1] for line in lines if line.startswith("FROM")] + [
        s["image"] for s in SERVICES.values() if s not in OURS.values()
    ]
    assert [base for base in bases if ":" not in base or base.endswith(":latest")] == []


def test_the_example_names_every_setting_and_no_other() -> None:
    """Whoever fills it in has seen them all."""
    text = (DEPLOY / "env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    assert named == {*NAMES.values(), "FLOWER_BASIC_AUTH", "WATCH_OPTIONS"}
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert Settings.from_env(values).public_url == "https://pager.example.org"
