"""The classes and properties of the atlas, each named in English, German, French, Spanish and Chinese."""

from ingest.sample.recipe.turtle import Statements, Text

LANGUAGES = ("en", "de", "fr", "es", "zh")

_CLASSES = {
    "Continent": ("Continent", "Kontinent", "Continent", "Continente", "大洲"),
    "Country": ("Country", "Land", "Pays", "País", "国家"),
    "City": ("City", "Stadt", "Ville", "Ciudad", "城市"),
    "Currency": ("Currency", "Währung", "Monnaie", "Moneda", "货币"),
    "Language": ("Language", "Sprache", "Langue", "Idioma", "语言"),
    "TimeZone": ("Time zone", "Zeitzone", "Fuseau horaire", "Zona horaria", "时区"),
}
# property -> domain, range, labels
_OBJECT_PROPERTIES = {
    "capital": ("Country", "City", ("capital", "Hauptstadt", "capitale", "capital", "首都")),
    "continent": ("Country", "Continent", ("continent", "Kontinent", "continent", "continente", "大洲")),
    "country": ("City", "Country", ("country", "Land", "pays", "país", "国家")),
    "currency": ("Country", "Currency", ("currency", "Währung", "monnaie", "moneda", "货币")),
    "largestCity": (
        "Country",
        "City",
        ("largest city", "größte Stadt", "plus grande ville", "ciudad más grande", "最大城市"),
    ),
    "neighbour": ("Country", "Country", ("neighbouring country", "Nachbarland", "pays voisin", "país vecino", "邻国")),
    "officialLanguage": (
        "Country",
        "Language",
        ("official language", "Amtssprache", "langue officielle", "idioma oficial", "官方语言"),
    ),
    "sovereignState": (
        "Country",
        "Country",
        ("sovereign state", "souveräner Staat", "État souverain", "Estado soberano", "主权国家"),
    ),
    "timeZone": ("City", "TimeZone", ("time zone", "Zeitzone", "fuseau horaire", "zona horaria", "时区")),
}
_DATA_PROPERTIES = {
    "area": (
        "Country",
        "decimal",
        ("area in km²", "Fläche in km²", "superficie en km²", "superficie en km²", "面积（平方公里）"),
    ),
    "currencyCode": (
        "Currency",
        "string",
        ("currency code", "Währungscode", "code de la monnaie", "código de moneda", "货币代码"),
    ),
    "isoCode2": (
        "Country",
        "string",
        (
            "two-letter country code",
            "zweistelliger Ländercode",
            "code de pays à deux lettres",
            "código de país de dos letras",
            "两位字母国家代码",
        ),
    ),
    "isoCode3": (
        "Country",
        "string",
        (
            "three-letter country code",
            "dreistelliger Ländercode",
            "code de pays à trois lettres",
            "código de país de tres letras",
            "三位字母国家代码",
        ),
    ),
    "languageCode": (
        "Language",
        "string",
        ("language code", "Sprachcode", "code de langue", "código de idioma", "语言代码"),
    ),
    "latitude": ("City", "decimal", ("latitude", "geografische Breite", "latitude", "latitud", "纬度")),
    "longitude": ("City", "decimal", ("longitude", "geografische Länge", "longitude", "longitud", "经度")),
    "phonePrefix": (
        "Country",
        "string",
        ("telephone prefix", "Telefonvorwahl", "indicatif téléphonique", "prefijo telefónico", "国际电话区号"),
    ),
    "population": (None, "integer", ("population", "Einwohnerzahl", "population", "población", "人口")),
    "topLevelDomain": (
        "Country",
        "string",
        ("top-level domain", "Top-Level-Domain", "domaine de premier niveau", "dominio de nivel superior", "顶级域名"),
    ),
}


def vocabulary() -> dict[str, Statements]:
    """Return the statements about the classes and properties themselves."""
    subjects: dict[str, Statements] = {}
    for name, labels in _CLASSES.items():
        subjects[f"atlas:{name}"] = {"a": ["owl:Class"], "rdfs:label": _labels(labels)}
    for name, (domain, range_, labels) in _OBJECT_PROPERTIES.items():
        kinds = ["owl:ObjectProperty", "owl:SymmetricProperty"] if name == "neighbour" else ["owl:ObjectProperty"]
        subjects[f"atlas:{name}"] = {
            "a": kinds,
            "rdfs:label": _labels(labels),
            "rdfs:domain": [f"atlas:{domain}"],
            "rdfs:range": [f"atlas:{range_}"],
        }
    for name, (data_domain, kind, labels) in _DATA_PROPERTIES.items():
        subjects[f"atlas:{name}"] = {
            "a": ["owl:DatatypeProperty"],
            "rdfs:label": _labels(labels),
            "rdfs:domain": [f"atlas:{data_domain}"] if data_domain else [],
            "rdfs:range": [f"xsd:{kind}"],
        }
    return subjects


def _labels(labels: tuple[str, ...]) -> list[Text]:
    return [Text(label, lang) for label, lang in zip(labels, LANGUAGES, strict=True)]
