"""Write atlas.ttl and images/ again, byte for byte: `make sample`, from a checkout."""

import sys
import tempfile
from pathlib import Path

from ingest.sample.recipe import entities, flags
from ingest.sample.recipe.curation import city_choices, country_choices
from ingest.sample.recipe.turtle import document
from ingest.sample.recipe.vocabulary import vocabulary


def main() -> None:
    """Build the sample in the folder of this file."""
    folder = Path(__file__).parent
    choices = country_choices()
    atlas = entities.Atlas(choices, city_choices())
    with tempfile.TemporaryDirectory() as scratch:
        drawings = flags.drawings(sorted(atlas.records), Path(scratch))
    pictures = {style: {code: flags.draw(svg) for code, svg in by_code.items()} for style, by_code in drawings.items()}
    chosen = flags.choose(pictures, atlas.sovereign, choices["flag"]["of_state"], choices["outdated"])
    images = flags.write(chosen, folder / "images")
    subjects = {
        **vocabulary(),
        **entities.continents(atlas),
        **entities.countries(atlas, images),
        **entities.cities(atlas),
        **entities.currencies(atlas),
        **entities.languages(atlas),
        **entities.time_zones(atlas),
    }
    (folder / "atlas.ttl").write_text(document(subjects), encoding="utf-8", newline="\n")
    sys.stderr.write(f"{len(subjects)} subjects, {sum(map(len, images.values()))} images\n")


if __name__ == "__main__":
    main()
