"""Dialogues made by hand, of which every figure is known."""

from collections.abc import Callable
from typing import Any

import pytest

from dialogue.types import IMAGE, Dialogue, Fact, Query, Shown, Span, Turn

Talk = Callable[..., Dialogue]


def told(question: str, answer: str, **given: Any) -> tuple[Turn, Turn]:
    """Make a round about Peru: its answer is the first word of `answer`, its images are named by their entity."""
    asked = tuple(_picture(name) for name in given.get("asks", ()))
    shown = tuple(_picture(name) for name in given.get("shows", ()))
    relation, kind = given.get("relation", "/location/country/capital"), given.get("kind", "fact")
    triple = (given.get("head", "peru"), relation, given.get("tail", "lima"))
    query = given.get("query")
    name = answer.split()[0].rstrip(".")
    fact = Fact(
        kind=kind,
        triples=() if query is not None and given.get("none") else (triple,),
        direction="tail",
        answers=(triple[2],),
        value=name,
        slots=(Span(0, len(name), triple[2]),),
        format=f"{'I' if asked else 'T'}2{'I' if shown else 'T'}",  # type: ignore[arg-type]
        query=query,
        refers=given.get("refers", False),
    )
    return (
        Turn("human", f"{IMAGE}\n" * len(asked) + question, asked),
        Turn("model", answer + f"\n{IMAGE}" * len(shown), shown, fact),
    )


def _picture(name: str) -> Shown:
    return Shown(f"{name}.png", f"{name}-sha", name)


def talk(name: str, *rounds: tuple[Turn, Turn], lang: str = "en") -> Dialogue:
    """Make a dialogue of rounds."""
    return Dialogue(name, "isles", lang, "star", tuple(turn for pair in rounds for turn in pair))


@pytest.fixture(scope="session")
def unanswerable() -> Query:
    """A question that the graph holds nothing for."""
    return Query(("peru",), (("/location/country/anthem", "tail"),))
