"""Sources and curation → what the atlas says about each country, city, continent, currency, language and time zone."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ingest.sample.recipe import sources
from ingest.sample.recipe.curation import CityChoice, sovereigns
from ingest.sample.recipe.turtle import Statements, Text, Value
from ingest.sample.recipe.vocabulary import LANGUAGES
from kg.errors import DataError

_CLEAR_LEAD = 1.2  # the largest city has at least this many times the people of the second
_WITH_ARTICLE = re.compile(
    r"^(United|Netherlands|Bahamas|Gambia|Maldives|Philippines|Seychelles|Comoros|Vatican City|Isle of|Republic of|"
    r"Democratic|British Indian|Central African|Dominican R|Caribbean N|French Southern)|(Islands|Territory)$"
)


class Atlas:
    """The atlas while it is put together: records by code, labels, and who is connected to what."""

    def __init__(self, choices: Mapping[str, Any], cities: Sequence[CityChoice]) -> None:
        self.choices = choices
        self.records = {code: record for code, record in sources.countries().items() if code not in choices["gone"]}
        self.sovereign = sovereigns(choices)
        self.cities = {choice.id: choice for choice in cities}
        self.capitals = {code: city for code in self.records if (city := self._capital(code)) is not None}
        self.languages: dict[str, list[str]] = defaultdict(list)  # ISO 639-1 -> countries
        self.currencies: dict[str, list[str]] = defaultdict(list)
        for code, record in self.records.items():
            for language in choices["languages"].get(code, sources.official_languages(code, record["languages"])):
                self.languages[language].append(code)
            if currency := self.currency(code):
                self.currencies[currency].append(code)

    def currency(self, code: str) -> str:
        """Return the ISO 4217 code of the country's currency, or nothing."""
        return str(self.choices["currency"].get(code, self.records[code]["currencycode"]))

    def continent(self, code: str) -> str:
        """Return GeoNames' code of the country's continent."""
        return str(self.choices["continent"].get(code, self.records[code]["continentcode"]))

    def country_label(self, code: str, lang: str) -> str | None:
        """Return the short, common name of the country in `lang`."""
        own: str | None = self.choices["labels"][lang].get(code)
        if own is not None:
            return own
        return self.records[code]["name"].strip() if lang == "en" else sources.country_name(code, lang)

    def in_sentence(self, code: str) -> str:
        """Return the English name as a sentence uses it: "Peru", "the Netherlands"."""
        label = str(self.country_label(code, "en"))
        return f"the {label}" if _WITH_ARTICLE.search(label) else label

    def name(self, code: str, lang: str, fallback: str | None) -> str | None:
        """Return the name of a currency or language: the one chosen by hand, else CLDR's."""
        own: str | None = self.choices["names"].get(lang, {}).get(code)
        return own or fallback

    def _capital(self, code: str) -> int | None:
        """Return the capital's id: by hand, or the one city of the atlas that bears the name GeoNames gives."""
        chosen: int | None = self.choices["capital"].get(code)
        name = self.records[code]["capital"]
        if chosen is None:
            found = [
                choice.id for choice in self.cities.values() if choice.country == code and choice.labels["en"] == name
            ]
            return found[0] if len(found) == 1 else None
        if chosen not in self.cities:
            raise DataError(f"countries.toml names {chosen} as the capital of {code}: add that city to cities.tsv.")
        return chosen


def countries(atlas: Atlas, images: Mapping[str, Sequence[str]]) -> dict[str, Statements]:
    """Return what the atlas says about each country; `images` are the names of its pictures' files."""
    subjects: dict[str, Statements] = {}
    largest = _largest_cities(atlas)
    for code, record in sorted(atlas.records.items()):
        languages = [language for language, speakers in atlas.languages.items() if code in speakers]
        neighbours = [other for other in record["neighbours"].split(",") if other in atlas.records]
        subjects[f"country:{code}"] = {
            "a": ["atlas:Country"],
            "rdfs:label": _labels({lang: atlas.country_label(code, lang) for lang in LANGUAGES}),
            "skos:altLabel": _aliases(str(atlas.country_label(code, "en")), _country_aliases(atlas, code)),
            "schema:description": [Text(_describe_country(atlas, code), "en")],
            "schema:image": [f"<images/{name}>" for name in images[code]],
            "atlas:capital": _nodes("city", [atlas.capitals.get(code)]),
            "atlas:continent": _nodes("continent", [atlas.continent(code)]),
            "atlas:currency": _nodes("currency", [atlas.currency(code)]),
            "atlas:largestCity": _nodes("city", [largest.get(code)]),
            "atlas:neighbour": _nodes("country", neighbours),
            "atlas:officialLanguage": _nodes("language", map(sources.language_code, languages)),
            "atlas:sovereignState": _nodes("country", [atlas.sovereign.get(code)]),
            "atlas:area": [Decimal(str(record["areakm2"]))] if record["areakm2"] else [],
            "atlas:isoCode2": [Text(code)],
            "atlas:isoCode3": [Text(record["iso3"])],
            "atlas:phonePrefix": [Text(prefix) for prefix in _phone_prefixes(record["phone"])],
            "atlas:population": [record["population"]] if record["population"] else [],
            "atlas:topLevelDomain": [Text(record["tld"])] if record["tld"] else [],
        }
    return subjects


def cities(atlas: Atlas) -> dict[str, Statements]:
    """Return what the atlas says about each city; every label is one that GeoNames or CLDR knows."""
    subjects: dict[str, Statements] = {}
    capital_of = {city: code for code, city in atlas.capitals.items()}
    for choice in sorted(atlas.cities.values(), key=lambda choice: choice.id):
        city = sources.cities().get(choice.id)
        if city is None or city.country != choice.country:
            raise DataError(
                f"cities.tsv has {choice.id} in {choice.country}, which GeoNames does not: correct the row."
            )
        for lang, label in choice.labels.items():
            if not sources.is_known_name(label, lang, city):
                raise DataError(f"cities.tsv calls {choice.id} {label!r} in {lang}, which no source does: remove it.")
        place = atlas.in_sentence(choice.country)
        role = f"Capital of {atlas.in_sentence(capital_of[city.id])}." if city.id in capital_of else f"City in {place}."
        subjects[f"city:{city.id}"] = {
            "a": ["atlas:City"],
            "rdfs:label": _labels(choice.labels),
            "skos:altLabel": _aliases(choice.labels["en"], choice.aliases),
            "schema:description": [Text(role, "en")],
            "atlas:country": _nodes("country", [city.country]),
            "atlas:timeZone": [f"<urn:kwk:atlas:timezone/{city.time_zone}>"],
            "atlas:latitude": [Decimal(str(city.latitude))],
            "atlas:longitude": [Decimal(str(city.longitude))],
            "atlas:population": [city.population] if city.population else [],
        }
    return subjects


def continents(atlas: Atlas) -> dict[str, Statements]:
    """Return the seven continents."""
    subjects: dict[str, Statements] = {}
    for code in sorted({atlas.continent(code) for code in atlas.records}):
        members = sum(atlas.continent(other) == code for other in atlas.records)
        subjects[f"continent:{code}"] = {
            "a": ["atlas:Continent"],
            "rdfs:label": _labels({lang: sources.continent_name(code, lang) for lang in LANGUAGES}),
            "schema:description": [Text(f"Continent with {members} countries and territories.", "en")],
        }
    return subjects


def currencies(atlas: Atlas) -> dict[str, Statements]:
    """Return the currencies that some country uses."""
    subjects: dict[str, Statements] = {}
    short = {code: sources.iso_currency_name(code) for code in atlas.currencies}
    for code, users in sorted(atlas.currencies.items()):
        labels = {lang: atlas.name(code, lang, sources.currency_name(code, lang)) for lang in LANGUAGES}
        subjects[f"currency:{code}"] = {
            "a": ["atlas:Currency"],
            "rdfs:label": _labels(labels),
            "skos:altLabel": _aliases(str(labels["en"]), _only_once(code, short)),
            "schema:description": [Text(f"Currency of {_users(atlas, users)}.", "en")],
            "atlas:currencyCode": [Text(code)],
        }
    return subjects


def languages(atlas: Atlas) -> dict[str, Statements]:
    """Return the languages that are official in some country."""
    subjects: dict[str, Statements] = {}
    for short, speakers in atlas.languages.items():
        code = sources.language_code(short)
        labels = {lang: atlas.name(code, lang, sources.language_name(short, lang)) for lang in LANGUAGES}
        iso_name = sources.iso_language_name(short)
        subjects[f"language:{code}"] = {
            "a": ["atlas:Language"],
            "rdfs:label": _labels(labels),
            "skos:altLabel": _aliases(str(labels["en"]), [iso_name] if iso_name else []),
            "schema:description": [Text(f"Official language of {_users(atlas, speakers)}.", "en")],
            "atlas:languageCode": [Text(code)],
        }
    return dict(sorted(subjects.items()))


def time_zones(atlas: Atlas) -> dict[str, Statements]:
    """Return the time zones of the cities, by their names in the IANA time zone database."""
    users: dict[str, set[str]] = defaultdict(set)
    for city in atlas.cities:
        record = sources.cities()[city]
        users[record.time_zone].add(record.country)
    return {
        f"<urn:kwk:atlas:timezone/{zone}>": {
            "a": ["atlas:TimeZone"],
            "rdfs:label": [Text(zone, "en")],
            "schema:description": [Text(f"Time zone used in {_users(atlas, sorted(codes))}.", "en")],
        }
        for zone, codes in sorted(users.items())
    }


def _largest_cities(atlas: Atlas) -> dict[str, int]:
    """Return the city with the most people where GeoNames' figures leave no doubt and the atlas has that city."""
    by_country: dict[str, list[sources.City]] = defaultdict(list)
    for city in sources.cities().values():
        by_country[city.country].append(city)
    largest: dict[str, int] = {}
    for code, found in by_country.items():
        first, *rest = sorted(found, key=lambda city: (-city.population, city.id))
        clear = first.population >= _CLEAR_LEAD * max((city.population for city in rest), default=0)
        if (
            code in atlas.records
            and code not in atlas.choices["largest"]["unsure"]
            and clear
            and first.id in atlas.cities
        ):
            largest[code] = first.id
    return largest


def _describe_country(atlas: Atlas, code: str) -> str:
    continent = sources.continent_name(atlas.continent(code), "en")
    if code in atlas.sovereign:
        return f"Territory of {atlas.in_sentence(atlas.sovereign[code])} in {continent}."
    return "The continent around the South Pole." if code == "AQ" else f"Country in {continent}."


def _country_aliases(atlas: Atlas, code: str) -> list[str]:
    source_name = atlas.records[code]["name"].strip()
    official = None if code in atlas.choices["official"]["unused"] else sources.official_name(code)
    return [source_name, *([official] if official else []), *atlas.choices["aliases"].get(code, [])]


def _phone_prefixes(phone: str) -> list[str]:
    """Return "+51" for GeoNames' "51", and both of its "+1-809 and 1-829"."""
    return [f"+{part.strip().lstrip('+')}" for part in phone.split(" and ") if part.strip()]


def _users(atlas: Atlas, codes: Sequence[str]) -> str:
    """Return "Peru", "Peru and Bolivia" or "Mexico and 20 other countries and territories", the most populous first."""
    first, *others = sorted(codes, key=lambda code: (-atlas.records[code]["population"], code))
    if not others:
        return atlas.in_sentence(first)
    if len(others) == 1:
        return f"{atlas.in_sentence(first)} and {atlas.in_sentence(others[0])}"
    return f"{atlas.in_sentence(first)} and {len(others)} other countries and territories"


def _only_once(code: str, names: Mapping[str, str | None]) -> list[str]:
    """Return the name of `code` unless another bears it too."""
    name = names[code]
    return [name] if name and list(names.values()).count(name) == 1 else []


def _labels(labels: Mapping[str, str | None]) -> list[Text]:
    return [Text(label, lang) for lang, label in labels.items() if label]


def _aliases(label: str, aliases: Iterable[str]) -> list[Text]:
    return [Text(alias, "en") for alias in dict.fromkeys(aliases) if alias != label]


def _nodes(kind: str, keys: Iterable[str | int | None]) -> list[Value]:
    return [f"{kind}:{key}" for key in keys if key]
