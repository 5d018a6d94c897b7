"""How the bundled sample is made; `python -m ingest.sample.build` follows it, from a checkout.

Its needs are pinned in `ingest/sample/requirements.txt` and are no part of kwk; it also runs the `npm` client.

    sources.py     GeoNames, ISO codes and CLDR as plain values
    curation.py    what was decided by hand: countries.toml and cities.tsv
    vocabulary.py  the classes and properties, named in five languages
    entities.py    sources and curation → statements
    flags.py       npm packages → 224-pixel pictures
    turtle.py      statements → sorted Turtle
"""
