"""What takes long to open is opened once, and who comes meanwhile is not kept waiting."""

import threading

import pytest

from kg.errors import GroundingError
from retrieval import opening
from retrieval.opening import Once


def test_what_two_threads_want_at_once_is_opened_once_and_the_second_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.01)
    begun, allowed, made = threading.Event(), threading.Event(), []

    def make() -> int:
        begun.set()
        allowed.wait()
        made.append(1)
        return len(made)

    once = Once(make, "Come back.")
    first = threading.Thread(target=once)
    first.start()
    begun.wait()
    with pytest.raises(GroundingError, match=r"Come back\."):
        once()
    allowed.set()
    first.join()
    assert (once(), once(), made) == (1, 1, [1])


def test_what_could_not_be_opened_is_tried_again_by_the_next() -> None:
    tries = iter((OSError("the store is gone"), 7))

    def make() -> int:
        found = next(tries)
        if isinstance(found, OSError):
            raise found
        return found

    once = Once(make, "")
    with pytest.raises(OSError, match="gone"):
        once()
    assert once() == 7
