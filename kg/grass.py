"""The style sheet of Neo4j Browser (GraSS): captions are names, every type has its colour, pictures look like pictures.

Browser merges all rules that match a node, in the order of the sheet: the plain rules first, the types after them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_INK, _PAPER = "#1D2330", "#FFFFFF"

# Each is far from its neighbours in the list, dark and light take turns, and one of our two inks is legible on it.
_FILLS = (
    "#2F6FB3", "#F9C27A", "#2E7D4F", "#F5A9BC", "#6D4BA3", "#8FDAD0", "#B8430F", "#9CC9F0",
    "#A8215A", "#A5D9A0", "#7A5230", "#CDB7EC", "#0B6B68", "#F2DF74", "#4B5B7A", "#E0CDA9",
)  # fmt: skip

_PLAIN = """\
node { diameter: 72px; color: #5B6472; border-color: #474F5B; border-width: 2px; text-color-internal: #FFFFFF; \
font-size: 12px; caption: "{name}"; }
relationship { color: #98A1AE; shaft-width: 1px; font-size: 9px; padding: 3px; text-color-external: #1D2330; \
text-color-internal: #FFFFFF; caption: "<type>"; }
node.Entity { color: #5B6472; border-color: #474F5B; text-color-internal: #FFFFFF; caption: "{name}"; }
node.Image { diameter: 68px; color: #FFFFFF; border-color: #1D2330; border-width: 4px; \
text-color-internal: #1D2330; font-size: 11px; caption: "{name}"; }
relationship.HAS_IMAGE { color: #1D2330; shaft-width: 1px; caption: "{gate}"; }
node.Graph { diameter: 90px; color: #1D2330; border-color: #000000; text-color-internal: #FFFFFF; caption: "{name}"; }
node.Relation { color: #E8EBF0; border-color: #98A1AE; text-color-internal: #1D2330; caption: "{type}"; }
node.Type { color: #E8EBF0; border-color: #98A1AE; text-color-internal: #1D2330; caption: "{label}"; }
node.Dialogue { diameter: 96px; color: #3B3F8C; border-color: #1D2330; border-width: 4px; \
text-color-internal: #FFFFFF; font-size: 11px; caption: "{id}"; }
node.Turn { diameter: 112px; color: #FBF7EC; border-color: #8A7B52; text-color-internal: #1D2330; \
font-size: 10px; caption: "{value}"; }
node.Answer { diameter: 112px; color: #EAF3EE; border-color: #2F6B4F; text-color-internal: #1D2330; \
font-size: 10px; caption: "{text}"; }
node.Run { diameter: 96px; color: #6B2F5B; border-color: #1D2330; text-color-internal: #FFFFFF; \
font-size: 11px; caption: "{id}"; }
relationship.MET_NEGATIVE { color: #6B2F5B; caption: "{tier}"; }
relationship.HAS_TURN { color: #3B3F8C; shaft-width: 2px; font-size: 11px; caption: "{i}"; }
relationship.RESTS_ON { color: #8A7B52; caption: "{role}"; }
relationship.SHOWS { color: #1D2330; caption: "shows"; }
node.Vocabulary { color: #E8EBF0; border-color: #98A1AE; text-color-internal: #1D2330; font-size: 10px; \
caption: "{id}"; }
node.Batch { color: #E8EBF0; border-color: #98A1AE; text-color-internal: #1D2330; caption: "{source}"; }
"""


@dataclass(frozen=True, slots=True)
class Colour:
    """How a type is drawn: `#RRGGBB` each."""

    fill: str
    border: str
    text: str


def colours(graphs: Iterable[Sequence[str]]) -> dict[str, Colour]:
    """Give each label a colour, graph by graph, the commonest label of a graph first.

    Within a graph colours repeat as late as they can; a graph that is added at the end changes none given before it.
    """
    known = tuple(colour(fill) for fill in _FILLS)
    given: dict[str, Colour] = {}
    for labels in graphs:
        used = Counter(given[label] for label in labels if label in given)
        for label in labels:
            if label not in given:
                given[label] = min(known, key=lambda each: used[each])
                used[given[label]] += 1
    return given


def colour(fill: str) -> Colour:
    """Return a fill with a darker border, and the ink that is better read on it."""
    border = "#" + "".join(f"{int(fill[i : i + 2], 16) * 3 // 4:02X}" for i in (1, 3, 5))
    return Colour(fill, border, max(_INK, _PAPER, key=lambda ink: contrast(fill, ink)))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, from 1 to 21; 4.5 is legible."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def style_sheet(types: dict[str, Colour]) -> str:
    """Return the style sheet for these types."""
    rules = [
        f"node.{label} {{ color: {each.fill}; border-color: {each.border}; text-color-internal: {each.text}; }}\n"
        for label, each in types.items()
    ]
    return _PLAIN + "".join(rules)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
