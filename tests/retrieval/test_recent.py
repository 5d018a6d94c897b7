"""What is remembered is bounded, and what is used stays."""

from retrieval.recent import Recent


def test_least_used_is_forgotten_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1  # used, so "b" is the older one now
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]
    recent.put("c", 4)
    assert [recent.get(key) for key in "ac"] == [1, 4]
    recent.clear()
    assert recent.get("a") is None
