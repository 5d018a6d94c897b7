"""A graph as GraphML, which networkx, Gephi and yEd read: entities as nodes, facts as edges.

GraphML declares attributes before it uses them, so the graph is read twice; it is never in memory whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from kg.export import Exported, Node, text_file

_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
"""

Keys = Mapping[tuple[str, str], tuple[str, str]]  # (node or edge, attribute) -> (id, type)


def export_graphml(graph: Exported, out: Path | None) -> None:
    """Write a graph as GraphML. Lists stand as JSON; a character that XML does not know becomes U+FFFD."""
    kinds: dict[tuple[str, str], str] = {}
    for node in graph.nodes("looking"):
        for scope, properties in described(node):
            for name, value in properties.items():
                kinds[scope, name] = wider(kinds.get((scope, name)), kind_of(value))
    keys = {each: (f"k{n}", kinds[each]) for n, each in enumerate(sorted(kinds))}
    with text_file(out) as write:
        write(HEAD)
        for (scope, name), (each, kind) in keys.items():
            write(f'<key id="{each}" for="{scope}" attr.name={attribute(name)} attr.type="{kind}"/>\n')
        write(f'<graph id={attribute(graph.graph)} edgedefault="directed">\n')
        count = 0
        for node in graph.nodes():
            count = write_node(write, node, keys, count)
        write("</graph>\n</graphml>\n")


def write_node(write: Callable[[str], Any], node: Node, keys: Keys, count: int) -> int:
    """Write an entity and its facts; return the number of edges up to here."""
    (_, own), *edges = described(node)
    write(f"<node id={attribute(node.id)}>{data('node', own, keys)}</node>\n")
    for (_, properties), (_, _, tail) in zip(edges, node.facts, strict=True):
        ends = f"source={attribute(node.id)} target={attribute(tail)}"
        write(f'<edge id="e{count}" {ends}>{data("edge", properties, keys)}</edge>\n')
        count += 1
    return count


def described(node: Node) -> list[tuple[str, dict[str, Any]]]:
    """Return the attributes of an entity, then those of its facts."""
    own = {key: value for key, value in node.properties.items() if key not in ("graph", "id", "said")}
    pictures = [edge.get("path") or image.get("path") for edge, image in node.images]
    own |= {"labels": sorted(node.labels), "images": pictures}
    return [("node", own), *(("edge", {**properties, "type": kind}) for kind, properties, _ in node.facts)]


def kind_of(value: Any) -> str:
    """Return GraphML's type of a value."""
    if isinstance(value, bool):
        return "boolean"
    return "long" if isinstance(value, int) else "double" if isinstance(value, float) else "string"


def wider(one: str | None, other: str) -> str:
    """Return a type that holds both."""
    if one is None or one == other:
        return other
    return "double" if {one, other} == {"long", "double"} else "string"


def data(scope: str, properties: Mapping[str, Any], keys: Keys) -> str:
    """Return attributes as elements."""
    found = [(keys[scope, name], value) for name, value in properties.items()]
    return "".join(f'<data key="{each}">{content(value, kind)}</data>' for (each, kind), value in found)


def content(value: Any, kind: str) -> str:
    """Return a value as the text of an element."""
    if kind == "boolean":
        return str(value).lower()
    if kind == "double":
        return repr(float(value))
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list) else str(value)
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def attribute(text: str) -> str:
    """Return a quoted attribute."""
    return quoteattr(_NOT_XML.sub("\ufffd", text))
