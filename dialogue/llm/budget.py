"""What a run may spend on a language model, in tokens and in money: set aside before a request, settled after it."""

from dataclasses import dataclass

from dialogue.llm.requests import Answer, LlmSettings, Request


@dataclass(slots=True)
class Spent:
    """What was asked and what it took. Answers from the cache cost nothing."""

    requests: int = 0
    cached: int = 0
    retries: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def tokens(self) -> int:
        """Return all tokens, read and written."""
        return self.tokens_in + self.tokens_out

    def cost(self, price: tuple[float, float]) -> float:
        """Return what the tokens cost."""
        return (self.tokens_in * price[0] + self.tokens_out * price[1]) / 1e6


class Budget:
    """Lets requests through until what they may take together would be too much."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._tokens = 0  # set aside for requests in flight
        self._cost = 0.0
        self.spent = Spent()
        self.exhausted = False

    def reserve(self, request: Request) -> bool:
        """Set aside what a request may take at most; False, now and from now on, if that is not left."""
        settings = self._settings
        tokens, cost = self._most(request)
        over = settings.budget_tokens is not None and self.spent.tokens + self._tokens + tokens > settings.budget_tokens
        if settings.budget_cost is not None:
            over = over or self.spent.cost(settings.price) + self._cost + cost > settings.budget_cost
        if over or self.exhausted:
            self.exhausted = True
            return False
        self._tokens += tokens
        self._cost += cost
        return True

    def settle(self, request: Request, answer: Answer | None) -> None:
        """Give back what was set aside, and count what was taken."""
        tokens, cost = self._most(request)
        self._tokens -= tokens
        self._cost -= cost
        if answer is not None:
            self.spent.requests += 1
            self.spent.tokens_in += answer.tokens_in
            self.spent.tokens_out += answer.tokens_out

    def _most(self, request: Request) -> tuple[int, float]:
        tokens, price = request.tokens(self._settings), self._settings.price
        written = self._settings.max_tokens
        return tokens, ((tokens - written) * price[0] + written * price[1]) / 1e6
