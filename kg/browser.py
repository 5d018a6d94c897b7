"""What Neo4j Browser is given over HTTP: a style sheet for the labels there are, a guide, and where images lie."""

import json
from importlib.resources import files
from pathlib import Path

import neo4j

from kg import queries
from kg.graph import read

# Twelve hues that tell apart on white, the same label always in the same one within a graph's order of frequency.
COLOURS = (
    "#4C8EDA", "#F16667", "#57C7A3", "#F79767", "#C990C0", "#D9C8AE",
    "#8DCC93", "#ECB5C9", "#569480", "#FFC454", "#DA7194", "#848484",
)  # fmt: skip
IMAGE_COLOUR = "#2B2B2B"


def publish_assets(home: Path, driver: neo4j.Driver) -> None:
    """Write style sheet, guide and image roots for the static server, from what the graphs hold now."""
    folder = home / "assets"
    folder.mkdir(parents=True, exist_ok=True)
    graphs = read(driver, queries.GRAPHS)
    roots = {row["name"]: row["image_root"] for row in graphs if row["image_root"]}
    labels = [row["label"] for row in read(driver, queries.LABELS)]
    write(folder / "roots.json", json.dumps(roots, indent=2))
    write(folder / "kg.grass", style_sheet(labels))
    write(folder / "guide.html", (files("kg") / "guide.html").read_text("utf-8"))


def write(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader never sees half of it."""
    part = path.with_suffix(".part")
    part.write_text(text, "utf-8")
    part.replace(path)


def style_sheet(labels: list[str]) -> str:
    """Return a GraSS style sheet: names as captions, a colour for each label, pictures in black."""
    rules = [
        "node { diameter: 60px; color: #A5ABB6; border-color: #8F95A0; border-width: 2px; "
        'text-color-internal: #FFFFFF; caption: "{name}"; font-size: 11px; }',
        "relationship { color: #A5ABB6; shaft-width: 1px; font-size: 9px; padding: 3px; text-color-external: #000000; "
        'text-color-internal: #FFFFFF; caption: "<type>"; }',
    ]
    for n, label in enumerate(labels):
        colour = COLOURS[n % len(COLOURS)]
        rules.append(f'node.{label} {{ color: {colour}; border-color: {colour}; caption: "{{name}}"; }}')
    rules.append(
        f'node.Image {{ diameter: 40px; color: {IMAGE_COLOUR}; border-color: {IMAGE_COLOUR}; caption: "{{name}}"; }}'
    )
    rules.append('relationship.HAS_IMAGE { color: #2B2B2B; shaft-width: 2px; caption: "<type>"; }')
    return "\n".join(rules) + "\n"
