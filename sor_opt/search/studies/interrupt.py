"""Ctrl-C and SIGTERM as a request that a loop can poll, so that it ends between two trials."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Stop = Callable[[], bool]
"""Whether the search has been asked to end."""


@contextmanager
def listening(*signals: signal.Signals) -> Iterator[Stop]:
    """Listen for signals during a block; the second one raises KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, nothing is ever received.
    """
    received: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, receive) for number in signals}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
