"""What goes out of a node as RDF: what its sources said, as they said it, but for what was changed in Neo4j since.

`Entity.said` has the statements; the reader's own functions say what they would make of the node. Where a property of
the node is something else, somebody changed it: the statements that it came from stay behind, and it is said as it is.
What no statement of RDF would give back (the order of names, of types, of a list) is said as JSON beside.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import quote

from rdflib import RDF, RDFS, SKOS

from kg import rdf_entity as rdf
from kg.export_values import json_text, typed_literal
from kg.rdf_entity import ALIAS, DESCRIPTION, EXACT, IMAGE, LABEL, SAME_AS, TYPE, Reader, Said, label_key
from kg.rdf_lines import is_text
from kg.rdf_terms import is_iri, is_label, literal, literal_parts, node, node_id
from kg.types import Entity

OWN = {"graph", "id", "sources", "said", "name", "names", "description", "types", "same_as", "image_addresses"}
NEW_LABEL, NEW_ALIAS, NEW_DESCRIPTION = str(RDFS.label), str(SKOS.altLabel), rdf.SCHEMA[1] + "description"
NEW_IMAGE = rdf.SCHEMA[1] + "image"


@dataclass(slots=True)
class Names:
    """Makes IRIs of ids, relations, types and keys that are none; `used` says whether it had to."""

    prefix: str
    used: bool = False

    def node(self, each: str) -> str:
        """Return the term of an id."""
        return node(each) if is_label(each) else f"<{self.iri(each)}>"

    def iri(self, text: str) -> str:
        """Return an IRI as it is, and all else behind the prefix."""
        return text if is_iri(text) else self.made(text)

    def made(self, text: str) -> str:
        """Return a text behind the prefix."""
        self.used = True
        return self.prefix + quote(text, safe="/:.,;=@!$*()+~_-")


def statements(properties: Mapping[str, Any], names: Names) -> set[Said]:
    """Return what is to be said of an entity besides its facts and files."""
    sources = said_by_source(properties.get("said") or ())
    state = State(dict(properties), sources, names, {each for said in sources.values() for each in said})
    before = set(state.said)
    state.labels()
    state.description()
    state.listed("types", (TYPE,), lambda kind: [(TYPE, names.node(kind))], rdf.NOT_A_TYPE)
    state.listed("same_as", (SAME_AS,), lambda link: [(SAME_AS, names.node(link))])
    state.listed("image_addresses", tuple(IMAGE), lambda link: [(NEW_IMAGE, names.node(link))])
    state.typed()
    state.aliases()
    if not sources or state.changed or state.said != before:
        state.exact()
    return state.said


def said_by_source(lines: Iterable[str]) -> dict[str, list[Said]]:
    """Return the statements of each source: lines are source, tab, `<predicate> object`."""
    found: dict[str, list[Said]] = {}
    for line in lines:
        source, _, text = line.partition("\t")
        predicate, _, value = text.partition("> ")
        found.setdefault(source, []).append((predicate[1:], value))
    return found


class ToSay(Protocol):
    """Makes the statements of one item."""

    def __call__(self, item: str, /) -> list[Said]:
        """Return the statements."""
        ...


@dataclass(slots=True)
class State:
    """A node and the statements that remain to be said of it."""

    properties: dict[str, Any]
    sources: Mapping[str, list[Said]]
    names: Names
    said: set[Said]
    changed: bool = False  # a property is another, whether or not a statement says it
    reader: Reader = field(init=False)
    read: list[Entity] = field(init=False)  # as each source's statements make it, and as all of them do

    def __post_init__(self) -> None:
        """Read what each source said."""
        self.reader = Reader(prefix=self.names.prefix)
        each = [*self.sources.values(), *([sorted(self.said)] if len(self.sources) > 1 else [])]
        self.read = [rdf.entity(node_id(self.names.node(self.properties["id"])), said, self.reader) for said in each]

    def text(self, key: str) -> str:
        """Return a property as text; empty where it is not there."""
        value = self.properties.get(key)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def texts(self, key: str) -> list[str]:
        """Return a property as a list of texts."""
        value = self.properties.get(key)
        return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]

    def drop(self, predicates: Iterable[str], text: str, language: str | None = None) -> list[Said]:
        """Leave out the literals of a text under some predicates; return them."""
        wanted = set(predicates)
        gone = [
            each for each in self.said if each[0] in wanted and is_text(each[1]) and same_text(each[1], text, language)
        ]
        self.said.difference_update(gone)
        return gone

    def replace(self, gone: list[Said], text: str, predicate: str, language: str) -> None:
        """Say `text` in place of what was left out, in the same way, else by `predicate` and `language`."""
        if gone:
            predicate = min(gone)[0]
            language = literal_parts(min(gone)[1])[1]
        if text:
            self.said.add((predicate, literal(text, language)))

    def labels(self) -> None:
        """Say the labels by language and the name as they are now."""
        tags = {label_key("name", tag): tag for said in self.read for tag in said.labels}
        present = {key for key in self.properties if key.startswith("name_") and self.is_label(key)}
        for key in sorted(tags.keys() | present):
            known = {said.labels[tags[key]] for said in self.read if tags.get(key) in said.labels}
            now = self.text(key)
            if now not in known:
                tag = tags.get(key, key.removeprefix("name_").replace("_", "-"))
                gone = [each for old in sorted(known) for each in self.drop(LABEL, old, tag)]
                self.replace(gone, now, NEW_LABEL, tag)
        name = self.text("name")
        known = {said.name for said in self.read} | {rdf.makeshift(self.properties["id"])}
        if name and name not in known:
            labels = rdf.labels_of(self.said)
            best = rdf.best_label(labels)
            if name != best:
                tag = next((tag for tag in ("en", "", *sorted(labels)) if labels.get(tag) == best), "")
                self.replace(self.drop(LABEL, best, tag) if best else [], name, NEW_LABEL, tag)

    @staticmethod
    def is_label(key: str) -> bool:
        """Say whether a key is that of a label in some language, and not of a literal that is called so."""
        return all(part.isascii() and part.isalnum() for part in key.removeprefix("name_").split("_"))

    def description(self) -> None:
        """Say the description as it is now."""
        now = self.text("description")
        known = {said.description for said in self.read}
        if now not in known and (now or known):
            gone = [each for old in sorted(known - {""}) for each in self.drop(DESCRIPTION, old)]
            self.replace(gone, now, NEW_DESCRIPTION, "")

    def listed(self, key: str, predicates: tuple[str, ...], say: ToSay, hidden: Iterable[str] = ()) -> None:
        """Say the items of a list as they are now."""
        now = set(self.texts(key))
        if any(now == set(items(found, key)) for found in self.read):
            return  # as one of its sources said, or all of them
        fed: dict[str, list[Said]] = {}
        for predicate, value in self.said:
            if predicate in predicates and not (key == "types" and is_text(value)):
                item = self.reader.name(rdf.object_text(value))
                if key != "image_addresses" or rdf.is_remote(item):
                    fed.setdefault(item, []).append((predicate, value))
        for item in fed.keys() - now - set(hidden):
            self.said.difference_update(fed[item])
        given = {item for said in self.read for item in exact_items(said, key)}
        for item in now - fed.keys() - given:
            self.said.update(say(item))

    def aliases(self) -> None:
        """Say the other names as they are now."""
        now = set(self.texts("names"))
        known = {name for said in self.read for name in said.names}
        for name in sorted(known - now):
            self.drop(ALIAS, name)
        labels = {" ".join(text.split()) for text, _ in rdf.texts(self.said, (*LABEL, *ALIAS))}
        for name in now - known - labels - {rdf.makeshift(self.properties["id"])}:
            if " ".join(name.split()):
                self.said.add((NEW_ALIAS, literal(name)))

    def typed(self) -> None:
        """Say the typed properties as they are now."""
        fed: dict[str, dict[str, list[list[str]]]] = {}  # key -> predicate -> values of each source
        for said in self.sources.values():
            values: dict[str, list[str]] = {}
            for predicate, value in said:
                if is_text(value) and predicate not in rdf.STRUCTURAL and not predicate.startswith(EXACT):
                    values.setdefault(predicate, []).append(value)
            for predicate, each in values.items():
                for key in self.keys(predicate):
                    fed.setdefault(key, {}).setdefault(predicate, []).append(each)
        spoken = {predicate: self.spoken(predicate) for values in fed.values() for predicate in values}
        self.reader = replace(self.reader, keys={predicate: key for predicate, key in spoken.items() if key})
        for predicate, found in spoken.items():
            if found is None:  # somebody removed it
                self.said = {each for each in self.said if each[0] != predicate or not is_text(each[1])}
        for key, value in sorted(self.properties.items()):
            if key not in OWN and not (key.startswith("name_") and self.is_label(key)):
                predicates = sorted(fed.get(key, {}), key=lambda each: (spoken[each] != key, each))
                if not any(same(value, known) for known in self.known(key, fed.get(key, {}))):
                    self.say_typed(key, value, [each for each in predicates if spoken[each] == key])

    def keys(self, predicate: str) -> list[str]:
        """Return the keys that a predicate's literals may have, the surest first."""
        exact = [self.reader.key(predicate)] if predicate.startswith(self.names.prefix) else []
        return list(dict.fromkeys([predicate, *exact, rdf.short_key(predicate)]))

    def spoken(self, predicate: str) -> str | None:
        """Return the key that a predicate's literals have in this node."""
        return next((key for key in self.keys(predicate) if key in self.properties), None)

    def known(self, key: str, fed: Mapping[str, list[list[str]]]) -> Iterable[Any]:
        """Yield the values that a property has if nobody changed it."""
        for values in fed.values():
            yield from (rdf.plain(each) for each in values)
            yield rdf.plain({value for each in values for value in each})
        yield from (found.properties[key] for found in self.read if key in found.properties)

    def say_typed(self, key: str, value: Any, predicates: list[str]) -> None:
        """Say a property by the predicate that it came from, else by one of its own."""
        self.changed = True
        old = [each for each in self.said if each[0] in predicates and is_text(each[1])]
        self.said.difference_update(old)
        datatypes = {literal_parts(each[1])[2] for each in old}
        predicate = predicates[0] if predicates else self.names.made(key)
        if predicate in rdf.STRUCTURAL:
            predicate = self.names.made(key)
        kept = datatypes.pop() if len(datatypes) == 1 else ""
        items = value if isinstance(value, list) else [value]
        self.said.update((predicate, typed_literal(item, kept)) for item in items)

    def exact(self) -> None:
        """Say as JSON what the statements do not give back."""
        self.said = {each for each in self.said if not each[0].startswith(EXACT)}
        found = rdf.entity(node_id(self.names.node(self.properties["id"])), sorted(self.said), self.reader)
        would: dict[str, Any] = dict(found.properties)
        would |= {label_key("name", language): text for language, text in found.labels.items()}
        would |= {"name": found.name, "names": list(found.names) or [found.name], "description": found.description}
        would["types"] = list(found.types) if len(found.types) < 2 else None  # their order rests on the whole graph
        loose = {"names", "types", "same_as", "image_addresses"} if self.sources else set()
        now = {key: value for key, value in self.properties.items() if key not in ("graph", "id", "sources", "said")}
        for key, value in {"description": "", "types": [], **now}.items():
            if key in loose and set(self.texts(key)) == set(found.types if key == "types" else would.get(key) or ()):
                continue
            if would.get(key) != value or type(would.get(key)) is not type(value):
                text = json_text(value)
                if text is not None:
                    self.said.add((EXACT + quote(key, safe=""), literal(text, datatype=str(RDF.JSON))))


def items(found: Entity, key: str) -> Iterable[str]:
    """Return a list of an entity."""
    value = found.types if key == "types" else found.properties.get(key, ())
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def exact_items(found: Entity, key: str) -> Iterable[str]:
    """Return the items of a list that an earlier export gave as they are."""
    given = {name: literal_parts(value)[0] for name, value in rdf.exact_values(parsed(found.said))}
    value = json.loads(given[key]) if key in given else []
    return [str(each) for each in value] if isinstance(value, list) else []


def parsed(said: Iterable[str]) -> list[Said]:
    """Return fragments as pairs."""
    return [(text.partition("> ")[0][1:], text.partition("> ")[2]) for text in said]


def same_text(value: str, text: str, language: str | None) -> bool:
    """Say whether a literal has a text, but for its blanks, and a language where one is asked for."""
    found, tag, _ = literal_parts(value)
    return (found == text or " ".join(found.split()) == text) and (language is None or tag.lower() == language)


def same(value: Any, known: Any) -> bool:
    """Say whether a property has the value that it had."""
    return bool(value == known)
