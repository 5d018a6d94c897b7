"""Chance for one dialogue: cheap, and the same whatever was built before it or beside it."""

_MASK = (1 << 64) - 1


def mix(*numbers: int) -> int:
    """Mix numbers into 64 bits (splitmix64's finalizer after each)."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state + number * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


class Draws:
    """A stream of draws that its seeds alone determine (a 64-bit linear congruence, its high half)."""

    __slots__ = ("_state",)

    def __init__(self, *seeds: int) -> None:
        self._state = mix(*seeds)

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1; `limit` is at most 2^32."""
        self._state = state = (self._state * 0x5851F42D4C957F2D + 0x14057B7EF767814F) & _MASK
        return (state >> 32) * limit >> 32
