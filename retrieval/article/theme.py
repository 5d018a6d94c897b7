"""What a title is about: an entity, several, or all of a kind or a relation, as in "Capitals of Africa"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dialogue.grammar import noun_of_type
from dialogue.wordings import listed, opening
from dialogue.words import is_participle, plural
from kg.errors import GroundingError
from retrieval import queries
from retrieval.article.about import Shelf
from retrieval.names import Mention, Named, NameIndex, words_of
from retrieval.relations import Relation

READ = 60  # members of a theme that are read; all are counted
_SMALL = frozenset(
    "a about all an and article by for from history illustrated in list of on or overview story the to with".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an article is about. An entity is alone in `ids`; a theme has a noun, and may have a relation."""

    title: str
    ids: tuple[str, ...]  # the best connected first, READ at most
    total: int
    noun: str = ""  # of one of them; empty where they were named one by one
    relation: Relation | None = None  # whose tails they are
    anchor: Named | None = None  # that they have to do with
    by: str = "of"  # how they have to do with it: of, directed by
    via: str = ""  # path of the relation that joins them to it, where the title says which
    remark: str = ""  # what a user should know of how the title was read

    @property
    def is_entity(self) -> bool:
        """Say whether it is one entity that was named."""
        return self.total == 1 and not self.noun

    @property
    def nouns(self) -> str:
        """Return the noun of all of them: "capitals of Africa" without what they have to do with."""
        return plural(self.noun)


@dataclass(frozen=True, eq=False)
class Titles:
    """Reads titles in the light of a graph's names, types and relations."""

    shelf: Shelf
    index: NameIndex

    def read(self, title: str, keywords: Sequence[str] = ()) -> Subject:
        """Return what a title is about; without one, the names among the keywords. Raises GroundingError."""
        graph = self.shelf.reader.graph
        if not title:
            named = [each for word in keywords if (each := self._called(word))]
            if not named:
                raise GroundingError(
                    f"None of the keywords {', '.join(map(repr, keywords))} names an entity of the graph '{graph}': "
                    "give one that does, or a --title."
                )
            return self._several(listed([each.name for each in named]), named)
        if found := self._called(title):
            return Subject(
                title if title != found.id else found.name, (found.id,), 1, remark=self._homonyms(title, found)
            )
        places = self._longest(title)
        rest = [word.folded for word in words_of(title) if not any(m.start <= word.start < m.end for m in places)]
        rest = [word for word in rest if word not in _SMALL]
        entities = [mention.entity for mention in places]
        theme = self._theme(title, rest, entities)
        if theme:
            return theme
        if not entities:
            raise GroundingError(
                f"The graph '{graph}' has nothing that is called {title!r}: give the name or the id of an entity, or a "
                "kind of thing, alone or with a name, as in “Capitals of Africa”."
            )
        remark = (
            f"The graph has nothing for “{' '.join(rest)}” in the title; the article is about what it names."
            if rest
            else ""
        )
        return self._several(title, entities, remark)

    def _several(self, title: str, named: Sequence[Named], remark: str = "") -> Subject:
        ids = tuple(dict.fromkeys(each.id for each in named))
        return Subject(title, ids[:READ], len(ids), remark=remark)

    def _called(self, text: str) -> Named | None:
        """Return the entity of an id, or of a name: of several the best connected; misspelt where nothing else is."""
        if text in self.index.by_id:
            return self.index.by_id[text]
        count = len(words_of(text))
        found = [each for each in self.index.mentions(text) if each.words == count]
        if not found and not self._theme(text, [word.folded for word in words_of(text)], []):
            found = [each for each in self.index.misspelt(text, frozenset(range(count))) if each.words == count]
        return self._best(found)

    def _best(self, found: Sequence[Mention]) -> Named | None:
        own = [each.entity for each in found if each.main] or [each.entity for each in found]
        if len(own) < 2:
            return own[0] if own else None
        degrees = {id: about.facts for id, about in self.shelf.about([each.id for each in own]).items()}
        return max(own, key=lambda each: (degrees.get(each.id, 0), each.id))

    def _homonyms(self, title: str, found: Named) -> str:
        count = len(words_of(title))
        others = {each.entity.id for each in self.index.mentions(title) if each.words == count and each.main} - {
            found.id
        }
        return f"Taking {found.id}; also called {title}: {', '.join(sorted(others))}." if others else ""

    def _longest(self, title: str) -> list[Mention]:
        """Return the names in a title, the longest at each place, that are no kind of thing."""
        kept: list[Mention] = []
        found = [each for each in self.index.mentions(title) if title[each.start].isupper() or each.words > 1]
        by_place: dict[tuple[int, int], list[Mention]] = {}
        for each in found:
            by_place.setdefault((each.start, each.end), []).append(each)
        for (start, end), group in sorted(by_place.items(), key=lambda item: item[0][0] - item[0][1]):
            taken = any(start < other.end and other.start < end for other in kept)
            if not taken and title[start:end].casefold() not in self._kinds:
                best = self._best(group)
                kept += [each for each in group if best and each.entity.id == best.id][:1]
        return sorted(kept, key=lambda each: each.start)

    def _theme(self, title: str, words: Sequence[str], named: Sequence[Named]) -> Subject | None:
        """Return all of a kind or of a relation that the words name, in connection with who else is named."""
        phrase = " ".join(words)
        if not phrase or len(named) > 1:
            return None
        anchor = named[0] if named else None
        if phrase in self._kinds:
            noun, kinds = self._kinds[phrase]
            if found := self._members(queries.OF_KIND, anchor, kinds=sorted(kinds)):
                return Subject(opening(title), *found, noun, anchor=anchor)
        for relation in self.shelf.relations.each:
            asking = relation.asking("tail")
            if phrase in (asking.noun.casefold(), asking.nouns.casefold()) and (
                found := self._members(queries.OF_RELATION, anchor, type=relation.type)
            ):
                return Subject(opening(title), *found, asking.noun, relation, anchor)
        return self._done_by(title, words, anchor) if anchor else None

    def _done_by(self, title: str, words: Sequence[str], anchor: Named) -> Subject | None:
        """Return what of a kind somebody directed, wrote or founded: "films directed by" is a kind and a participle."""
        noun, kinds = self._kinds.get(" ".join(words[:-1]), ("", frozenset()))
        if not noun or not is_participle(words[-1]):
            return None
        for run in self.shelf.about([anchor.id])[anchor.id].runs:
            stated = [form.before + form.between + form.after for form in run.relation.wordings.statements]
            others = [each.id for each in run.others if kinds.intersection(each.types)]
            if others and any(words[-1] in text.casefold().split() for text in stated):
                return Subject(
                    opening(title), tuple(others), max(run.total, len(others)), noun, None, anchor,
                    f"{words[-1]} by", run.relation.path,
                )  # fmt: skip
        return None

    def _members(self, query: str, anchor: Named | None, **values: object) -> tuple[tuple[str, ...], int] | None:
        rows = self.shelf.reader.rows(query, anchor=anchor.id if anchor else None, most=READ, **values)
        ids = [id for row in rows for id in row["ids"] if anchor is None or id != anchor.id]
        return (tuple(ids), sum(row["total"] for row in rows)) if ids else None

    @cached_property
    def _kinds(self) -> Mapping[str, tuple[str, frozenset[str]]]:
        """Map the nouns of types, small letters, of one and of several, to the noun and the types."""
        labels = self.shelf.relations.labels
        found: dict[str, set[str]] = {}
        for kind in all_types(self.index.by_id.values()):
            noun = noun_of_type(kind if kind.startswith("/") else labels.get(kind, kind))
            found.setdefault(noun, set()).add(kind)
        return {
            form.casefold(): (noun, frozenset(kinds))
            for noun, kinds in sorted(found.items(), reverse=True)
            for form in (noun, plural(noun))
            if noun
        }


def all_types(entities: Iterable[Named]) -> set[str]:
    """Return the types of some entities."""
    return {kind for entity in entities for kind in entity.types}
