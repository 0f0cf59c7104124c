"""A well site for whoever examines one; at the end nothing that was shown may hold a secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.sandbox.server import Server
from tests.local.ward import Ward, admit, secrets_of


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with Server(smtp_port=0) as sandbox:
        made = admit(tmp_path, sandbox)
        yield made
        made.system.store.dispose()
        for secret in secrets_of(made):
            assert not [line for line in made.shown if secret in line]
