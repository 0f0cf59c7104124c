"""Counts callbacks that were refused, so that a wrong token or a forger shows. All that a request without a valid signature may
cause; best effort. Not the check itself."""

from __future__ import annotations

import logging
import threading

from escalation.errors import StoreUnavailable
from escalation.ports import Store

log = logging.getLogger(__name__)


class Refusals:
    """One write at a time: a flood of forged requests must not queue up before a key press."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing = threading.Lock()

    def count(self) -> None:
        if not self._writing.acquire(blocking=False):
            return
        try:
            with self._store.transaction(impatient=True) as tx:
                tx.bump("refused_callback")
        except StoreUnavailable:
            log.warning("a refused callback could not be counted")
        finally:
            self._writing.release()
