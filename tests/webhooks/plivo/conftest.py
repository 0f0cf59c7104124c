"""Where the tests of Plivo's callbacks begin: a receiver, with a ringing phone or a text on its way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import builders
from tests.webhooks.plivo.line import TEXT_ONLY, Plivo, calling, dial


@pytest.fixture
def plivo(tmp_path: Path) -> Iterator[Plivo]:
    found = calling(tmp_path)
    yield found
    found.receiver.system.store.dispose()


@pytest.fixture
def ringing(plivo: Plivo) -> Plivo:
    """Incident 1: Ann's phone rings."""
    plivo.receiver.trouble()
    dial(plivo)
    return plivo


@pytest.fixture
def texted(plivo: Plivo) -> Plivo:
    """Incident 1, told to Ann by text."""
    with plivo.receiver.system.store.transaction() as tx:
        tx.apply(builders.site(policy=TEXT_ONLY), "")
    plivo.receiver.trouble()
    dial(plivo)
    return plivo
