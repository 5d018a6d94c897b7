"""One language model behind an OpenAI-compatible address: cached, within a budget, retried, so many requests at a time.

What a server does wrong ends as a reason code in an `Answer`, and the run goes on. Only what no further request could
survive (a refused key, an unknown model, a server that nobody reaches) raises ServiceError.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from dialogue.draws import Draws
from dialogue.llm.budget import Budget
from dialogue.llm.cache import Cache
from dialogue.llm.requests import Answer, LlmSettings, Request, found_json
from kg.errors import ServiceError

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI
    from openai.types.chat import ChatCompletion

LONGEST_WAIT = 120.0  # seconds before another attempt, whatever a server asks for
HOPELESS = 10  # requests in a row that nobody answered, after which the server is given up
SAMPLES = 3  # tries at an answer that can be read
_FATAL = {401: "refuses the key", 403: "refuses the key", 404: "knows no such model or address"}
_WAIT = {408, 409, 425, 429}  # and everything from 500 on
_UNREADABLE = ("empty", "no_json")
_NOT_KEPT = ("unanswered", "bad_request", "too_large")  # another server, or the same one tomorrow, may answer

Item = TypeVar("Item")
Result = TypeVar("Result")


class Endpoint:
    """Asks a language model. Made by `connect`."""

    def __init__(self, settings: LlmSettings, client: AsyncOpenAI, cache: Cache, key: str, pause: float) -> None:
        self.settings = settings
        self.budget = Budget(settings)
        self._client = client
        self._cache = cache
        self._secret = key
        self._pause = pause
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._structured = True  # until the server says that it knows no schema
        self._limit = "max_tokens"  # what the newest models of OpenAI call otherwise
        self._failures = 0  # in a row

    async def ask(self, request: Request, wanted: tuple[str, ...]) -> tuple[dict[str, Any] | None, str]:
        """Return the object that the model answered with, or None and a reason code.

        An answer that can't be read is asked for again, up to SAMPLES times.
        """
        problem = ""
        for sample in range(SAMPLES):
            answer = await self._answer(Request(request.name, request.messages, request.schema, sample))
            problem = answer.problem
            if not problem:
                if (found := found_json(answer.text, wanted)) is not None:
                    return found, ""
                problem = "no_json"
            if problem not in _UNREADABLE:
                break
        return None, problem

    async def _answer(self, request: Request) -> Answer:
        key = request.key(self.settings)
        if (kept := self._cache.get(key)) is not None:
            self.budget.spent.cached += 1
            return kept
        async with self._slots:
            if not self.budget.reserve(request):
                return Answer(problem="over_budget")
            answer = None
            try:
                answer = await self._attempts(request, key)
            finally:
                self.budget.settle(request, answer)
        if answer.problem not in _NOT_KEPT:
            self._cache.put(key, answer)
        return answer

    async def _attempts(self, request: Request, key: str) -> Answer:
        """Ask until there is an answer, waiting longer each time, or as long as the server says."""
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        draws = Draws(int(key[:15], 16))
        seen, reached = "", True
        for attempt in range(self.settings.attempts):
            if attempt:
                self.budget.spent.retries += 1
            wait = self._pause * 2**attempt * (0.75 + draws.below(1000) / 2000)
            try:
                async with asyncio.timeout(self.settings.timeout):
                    answer = await self._once(request)
                self._failures = 0
                return answer
            except APIStatusError as exc:
                self._stop_if_fatal(exc)
                if exc.status_code not in _WAIT and exc.status_code < 500:
                    return Answer(problem="too_large" if exc.status_code == 413 else "bad_request")
                seen, reached = f"status {exc.status_code}", True
                wait = _asked_to_wait(exc, wait)
            except APIConnectionError as exc:
                seen, reached = str(exc.__cause__ or exc), isinstance(exc, APITimeoutError)
            except TimeoutError:
                seen = f"no answer within {self.settings.timeout:g} s"
            except (OpenAIError, ValueError, TypeError, AttributeError, IndexError) as exc:
                seen = f"no chat completion: {type(exc).__name__}"
            if attempt + 1 < self.settings.attempts:
                await asyncio.sleep(min(wait, LONGEST_WAIT))
        self._failures += 1
        if self._failures >= HOPELESS or not (reached or self.budget.spent.requests):
            raise ServiceError(
                f"The language model at {self.settings.url} does not answer ({self._veiled(seen)}); see whether it "
                "runs, then start again: what was answered is kept."
            )
        return Answer(problem="unanswered")

    async def _once(self, request: Request) -> Answer:
        """Make one attempt, with the schema where the server takes one, else without."""
        from openai import BadRequestError, UnprocessableEntityError

        if self._structured:
            try:
                return _read(await self._complete(request, _response_format(request)), request)
            except (BadRequestError, UnprocessableEntityError) as exc:
                if "max_completion_tokens" in str(exc) and self._limit == "max_tokens":
                    self._limit = "max_completion_tokens"
                    return await self._once(request)
                answer = _read(await self._complete(request, None), request)
                self._structured = False  # it was the schema that the server did not take
                return answer
        return _read(await self._complete(request, None), request)

    async def _complete(self, request: Request, response_format: Any) -> ChatCompletion:
        more: dict[str, Any] = {self._limit: self.settings.max_tokens}
        if response_format is not None:
            more["response_format"] = response_format
        found: ChatCompletion = await self._client.chat.completions.create(
            model=self.settings.model,
            messages=[{"role": each.role, "content": each.content} for each in request.messages],  # type: ignore[misc]
            temperature=self.settings.temperature,
            seed=request.sample,
            **more,
        )
        return found

    def _stop_if_fatal(self, exc: APIStatusError) -> None:
        if exc.status_code in _FATAL:
            raise ServiceError(
                f"The language model at {self.settings.url} {_FATAL[exc.status_code]} ({self.settings.model!r}, status "
                f"{exc.status_code}: {self._veiled(exc.message)}); see --llm, --llm-model and KWK_LLM_KEY."
            ) from exc

    def _veiled(self, text: str) -> str:
        """Return what a server said, short, and without the key that it may repeat."""
        text = " ".join(text.split())
        return (text.replace(self._secret, "***") if self._secret else text)[:200]


@asynccontextmanager
async def connect(settings: LlmSettings, key: str, cache: Cache, pause: float = 1.0) -> AsyncIterator[Endpoint]:
    """Yield an endpoint. `key` may be empty; `pause` is how long the first retry waits, in seconds."""
    try:
        from openai import AsyncOpenAI
    except ImportError as exc:
        raise ServiceError("A language model is asked by the package openai; install kwk[llm].") from exc
    client = AsyncOpenAI(base_url=settings.url, api_key=key or "none", max_retries=0, timeout=settings.timeout)
    async with client:
        yield Endpoint(settings, client, cache, key, pause)


async def in_order(
    work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], ahead: int
) -> AsyncIterator[Result]:
    """Yield what `work` makes of the items, in their order, while up to `ahead` of them are at work."""
    waiting: deque[asyncio.Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(asyncio.ensure_future(work(item)))
            if len(waiting) >= ahead:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _response_format(request: Request) -> dict[str, Any]:
    schema = {"name": request.name, "strict": True, "schema": dict(request.schema)}
    return {"type": "json_schema", "json_schema": schema}


def _asked_to_wait(exc: APIStatusError, otherwise: float) -> float:
    """Return the seconds that a server asks to wait, if it does so in a number."""
    try:
        return max(0.0, float(exc.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return otherwise


def _read(completion: ChatCompletion, request: Request) -> Answer:
    """Return the first choice. A server that does not count its tokens is taken at an estimate."""
    choice = completion.choices[0]
    text = (choice.message.content or "").encode("utf-8", "replace").decode()
    usage = completion.usage
    read = int(usage.prompt_tokens) if usage else sum(len(each.content) for each in request.messages) // 4 + 1
    written = int(usage.completion_tokens) if usage else len(text) // 4 + 1
    problem = ""
    if choice.message.refusal or choice.finish_reason == "content_filter":
        problem = "refused"
    elif choice.finish_reason == "length":
        problem = "cut_off"
    elif not text.strip():
        problem = "empty"
    return Answer(text, problem, read, written)
