"""What takes long to open is opened once, however many threads want it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from kg.errors import GroundingError

Value = TypeVar("Value")

PATIENCE = 1.0  # seconds that others wait: a thread that waits answers nobody


@dataclass
class Once(Generic[Value]):
    """A value that is made when it is first wanted."""

    make: Callable[[], Value]
    busy: str  # what those are told who want it while it is made
    _made: list[Value] = field(default_factory=list, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __call__(self) -> Value:
        """Return the value. Raises GroundingError while another thread makes it."""
        if not self._made:
            if not self._lock.acquire(timeout=PATIENCE):
                raise GroundingError(self.busy)
            try:
                if not self._made:
                    self._made.append(self.make())
            finally:
                self._lock.release()
        return self._made[0]
