"""The options that say which language model is asked, what it may cost, and how what it took is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import FromEnvironment, Kwk

if TYPE_CHECKING:
    from dialogue.llm.budget import Spent
    from kg.adjacency import Adjacency

PARTIAL = 3  # exit code: the budget was spent before all was asked

_OPTIONS = (
    click.option(
        "--llm-in-flight", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests at once."
    ),
    click.option(
        "--llm-timeout",
        type=click.FloatRange(0, min_open=True),
        default=120.0,
        show_default=True,
        help="Seconds of an attempt.",
    ),
    click.option("--llm-attempts", type=click.IntRange(1, 20), default=5, show_default=True, help="Attempts at each."),
    click.option("--llm-temperature", type=click.FloatRange(0, 2), default=1.0, show_default=True, help="Of sampling."),
    click.option("--llm-max-tokens", type=click.IntRange(16), default=800, show_default=True, help="Of one answer."),
    click.option("--llm-budget-tokens", type=click.IntRange(1), help="Stop before more tokens are taken."),
    click.option("--llm-budget-cost", type=click.FloatRange(0), help="Stop before it costs more."),
    click.option(
        "--llm-price",
        type=click.FloatRange(0),
        nargs=2,
        default=(0.0, 0.0),
        metavar="IN OUT",
        help="Price of a million tokens.",
    ),
    click.option("--llm-cache", type=click.Path(path_type=Path), help="Answers kept; default: KWK_HOME/llm.sqlite."),
    click.option("--llm-key", cls=FromEnvironment, envvar="KWK_LLM_KEY", default=""),
)


class Llm:
    """A language model as a command's options name it."""

    def __init__(self, kwk: Kwk, options: dict[str, Any]) -> None:
        from dialogue.llm.requests import LlmSettings

        self._key: str = options.pop("llm_key") or ""
        self._cache: Path = options.pop("llm_cache") or kwk.home / "llm.sqlite"
        self.settings = LlmSettings(**{name.removeprefix("llm_"): value for name, value in options.items()})

    def run(self, work: Callable[..., Any]) -> tuple[Any, Spent, bool]:
        """Run work on an endpoint; return its result, what was spent, and whether the budget stopped it."""
        import asyncio

        from dialogue.llm.cache import open_cache
        from dialogue.llm.endpoint import connect

        async def main() -> tuple[Any, Spent, bool]:
            with open_cache(self._cache) as cache:
                async with connect(self.settings, self._key, cache) as endpoint:
                    result = await work(endpoint)
                    return result, endpoint.budget.spent, endpoint.budget.exhausted

        return asyncio.run(main())


def llm_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which language model is asked; the command gets them as `llm`."""
    return _with_llm(command, required=True)


def optional_llm_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the same to a command that does without a language model where none is named: then `llm` is None."""
    return _with_llm(command, required=False)


def _with_llm(command: Callable[..., None], required: bool) -> Callable[..., None]:
    @wraps(command)
    def called(*args: Any, **options: Any) -> None:
        names = ("url", "model", *(name for name in options if name.startswith("llm_")))
        chosen = {name: options.pop(name) for name in names}
        if (chosen["url"] is None) != (chosen["model"] is None):
            raise click.UsageError("--llm and --llm-model belong together: an address, and the model's name there.")
        named = chosen["url"] is not None
        command(*args, llm=Llm(click.get_current_context().obj, chosen) if named else None, **options)

    decorated: Callable[..., None] = called
    for option in reversed((*_address_options(required), *_OPTIONS)):
        decorated = option(decorated)
    return decorated


def _address_options(required: bool) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option("--llm", "url", metavar="URL", required=required, help="OpenAI-compatible address: http://…/v1."),
        click.option("--llm-model", "model", metavar="NAME", required=required, help="The model's name there."),
    )


def listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def told_spent(spent: dict[str, Any], stopped: bool) -> str:
    text = (
        f"Asked {spent['requests']:,} times ({spent['retries']:,} retries, {spent['cached']:,} from the cache): "
        f"{spent['tokens_in']:,} tokens in, {spent['tokens_out']:,} out"
    )
    text += f", cost {spent['cost']:,.4f}." if spent["cost"] else "."
    return text + " The budget is spent; with a larger one the next run goes on from here." if stopped else text


def graph_of(kwk: Kwk, name: str | None) -> Adjacency:
    """Return the graph of a name, of the one ingested last if there is none."""
    from kg import adjacency
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    with open_stores(kwk) as stores:
        return adjacency.load(stores.driver, chosen(kwk, stores.driver, name))
