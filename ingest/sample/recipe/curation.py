"""What was decided by hand: countries.toml and cities.tsv, checked as they are read."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.errors import DataError

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class CityChoice:
    """A city that is in the atlas, with its labels by language and its aliases."""

    id: int
    country: str
    labels: Mapping[str, str]
    aliases: tuple[str, ...]


def country_choices() -> dict[str, Any]:
    """Return countries.toml: corrections and additions by country code."""
    return tomllib.loads((_FOLDER / "countries.toml").read_text(encoding="utf-8"))


def city_choices() -> list[CityChoice]:
    """Return the rows of cities.tsv, each city once."""
    path = _FOLDER / "cities.tsv"
    choices: dict[int, CityChoice] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 2):
            city = int(row["geonameid"])
            if city in choices:
                raise DataError(f"{path.name}:{line} has the city {city} for the second time: remove one of the two.")
            labels = {"en": row["name"]} | {lang: row[lang] for lang in ("de", "fr", "es", "zh") if row[lang]}
            choices[city] = CityChoice(city, row["country"], labels, tuple(filter(None, row["aliases"].split(";"))))
    return list(choices.values())


def sovereigns(choices: Mapping[str, Any]) -> dict[str, str]:
    """Return the state that each territory belongs to."""
    return {territory: state for state, territories in choices["sovereign"].items() for territory in territories}
