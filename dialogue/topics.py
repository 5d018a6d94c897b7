"""Topics of relations, as the paper counts them: the first segment of a Freebase path, in twelve areas."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

ELSEWHERE = "Other"  # the area of a topic that areas.toml does not have, and of other vocabularies


@cache
def _areas() -> Mapping[str, str]:
    areas = tomllib.loads((files("dialogue") / "areas.toml").read_text(encoding="utf-8"))
    return {topic: area for area, topics in areas.items() for topic in topics}


def topic_of(relation: str) -> str:
    """Return the topic of a relation; "" where a vocabulary has none."""
    return relation.split("/")[1] if relation.startswith("/") else ""


@cache
def area_of(relation: str) -> str:
    """Return the area that a relation's topic falls into."""
    return _areas().get(topic_of(relation), ELSEWHERE)


def by_topic(relations: Mapping[str, int]) -> dict[str, int]:
    """Count rounds by topic, the most frequent first."""
    return _grouped((topic_of(relation), n) for relation, n in relations.items())


def by_area(relations: Mapping[str, int]) -> dict[str, int]:
    """Count rounds by area, the most frequent first."""
    return _grouped((area_of(relation), n) for relation, n in relations.items())


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, n in pairs:
        if name:
            found[name] += n
    return dict(found.most_common())
