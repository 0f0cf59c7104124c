"""Counts what was refused, callbacks and intake keys, so that a wrong token, a typo or a forger shows. All that a request without a
valid signature or key may cause; best effort. Not the check itself."""

from __future__ import annotations

import logging
import threading

from escalation.ports import Patience, Store

log = logging.getLogger(__name__)


class Refusals:
    """One write at a time: a flood of forged requests must not queue up before a key press."""

    def __init__(self, store: Store, counter: str = "refused_callback") -> None:
        self._store = store
        self._counter = counter
        self._writing = threading.Lock()

    def count(self) -> None:
        if not self._writing.acquire(blocking=False):
            return
        try:
            with self._store.transaction(patience=Patience.CALLER) as tx:
                tx.bump(self._counter)
        except Exception as error:  # best effort: whoever was refused is answered all the same
            log.warning("%s could not be counted: %s", self._counter, type(error).__name__)
        finally:
            self._writing.release()
