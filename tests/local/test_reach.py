"""Whether nobody listens where the database should be: what counts as plainly away, and what is left for the store to find out."""

from __future__ import annotations

import socket

import pytest

from escalation.errors import StoreUnavailable
from escalation.local import reach
from tests.carriers.stubs import closed_port


def test_a_postgresql_that_refuses_is_away_and_its_address_is_not_told() -> None:
    port = closed_port()
    with pytest.raises(StoreUnavailable) as told:
        reach.database(f"postgresql://ann:secret@127.0.0.1:{port}/site", 2.0)
    assert str(told.value) == "the database is away (ConnectionRefusedError)"


def test_one_that_takes_the_connection_is_left_to_the_store() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach.database(f"postgresql+psycopg://ann@127.0.0.1:{server.getsockname()[1]}/site", 2.0)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/site.db",
        "postgresql:///site",  # a socket file
        "postgresql://ann@/site?host=/run/postgresql",
        "postgresql://ann@127.0.0.1:1,127.0.0.1:2/site",
        "postgresql://127.0.0.1:1/site?service=night",
        "postgresql://[",
        "",
    ],
)
def test_a_place_that_is_not_one_host_and_port_is_left_to_the_store(url: str) -> None:
    reach.database(url, 2.0)
