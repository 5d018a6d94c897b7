"""Build the dialogues of a graph: valid and test first, then train, which covers every fact that the others ask for.

A batch of dialogues is a pure function of the material and a list of tasks, so any number of workers write the same
bytes. Files are written beside their place and moved there when all is done.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from dialogue.asks import Ask
from dialogue.batches import BATCH, Engine, Written, batches_of
from dialogue.folder import SETTINGS, WORDINGS, check_target, new_folder
from dialogue.joining import joining
from dialogue.material import Material, Origin
from dialogue.parts import Parts, write_parts
from dialogue.relation_links import linked
from dialogue.serialise import SCHEMA
from dialogue.splits import TEST, TRAIN, VALID
from dialogue.tongues import Coverage, asked_in, coverage, prepare_in
from dialogue.topics_of_images import Topic
from dialogue.types import FORMATS, KINDS, SPLITS, Format, Kind
from dialogue.verbalise import read_lexicon
from dialogue.walk import LENGTHS, Task
from dialogue.wordings import Direction, Question, Wordings
from kg.adjacency import Adjacency
from kg.errors import DataError
from kg.progress import Progress, silent

ROUNDS = 100_000  # of a build that does not say how many, from a graph that has enough to ask
TOGETHER = 5  # facts that a dialogue which has to ask them asks at most
DIRECTIONS: tuple[Direction, ...] = ("tail", "head")
BARREN = 20 * BATCH  # tasks in a row without a dialogue, after which a split is given up


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What decides the dialogues of a graph: saved beside them as build.json."""

    rounds: int | None = None  # None: ROUNDS, or one for each triple and format where these are fewer
    seed: int = 0
    formats: tuple[Format, ...] = FORMATS
    kinds: tuple[Kind, ...] = KINDS
    lexicon: str | None = None  # a file of wordings of one's own in the first language, which come before ours
    languages: tuple[str, ...] = ("en",)  # every dialogue is written in each, the first being the one it is named by
    imaged: bool = False  # whether only triples are asked for of which both entities have images, as in IWK
    relations: tuple[str, ...] = ()  # paths of the relations that are asked for; none: all

    def __post_init__(self) -> None:
        if self.rounds is not None and self.rounds < 2:
            raise DataError(f"{self.rounds} rounds make no dialogue; ask for 2 at least.")
        if not 0 <= self.seed < 1 << 32:
            raise DataError(f"The seed {self.seed} is not between 0 and 2^32 - 1.")
        if not self.formats:
            raise DataError(f"No format was chosen; there are {', '.join(FORMATS)}.")
        if not self.languages or len(set(self.languages)) < len(self.languages):
            raise DataError(f"{', '.join(self.languages) or 'Nothing'} is no choice of languages: name each once.")
        for lang in self.languages:
            joining(lang)
        if "fact" not in self.kinds:
            raise DataError("Dialogues are built around facts: --kinds needs fact among its kinds.")


@dataclass(frozen=True, slots=True)
class Built:
    """What a build wrote: dialogues and rounds by split, and how many tasks were dropped by reason."""

    graph: str
    folder: str
    dialogues: dict[str, int]
    rounds: dict[str, int]
    dropped: dict[str, int]
    languages: dict[str, Coverage]  # what the graph has in each


def build(
    graph: Adjacency,
    settings: BuildSettings,
    out: Path,
    force: bool = False,
    workers: int = 1,
    progress: Progress = silent,
    parts: Parts | None = None,
    engine: Engine = "processes",
    topics: Sequence[Topic] = (),
) -> Built:
    """Build the dialogues of a graph into the folder `out`. Raises DataError if it can't, and leaves nothing then.

    `parts` splits the triples; without it their formats are split. `topics` are clusters of its images.
    """
    check_target(out, force)
    own = read_lexicon(Path(settings.lexicon), settings.languages[0]) if settings.lexicon else {}
    material = prepare_in(
        Origin(
            graph,
            settings.seed,
            settings.formats,
            settings.languages,
            settings.kinds,
            parts,
            tuple(topics),
            own,
            settings.imaged,
            settings.relations,
        )
    )
    quotas = _quotas(material, settings)
    with (
        batches_of(material, settings.seed, workers, engine) as run,
        new_folder(out, force) as folder,
        progress("rounds", sum(quotas)) as advance,
    ):
        writers = [_Writer(folder / f"{name}.jsonl", advance) for name in SPLITS]
        for split in (VALID, TEST):
            writers[split].write(run(Task(split, n) for n in count()), quotas[split])
        owed = writers[VALID].owed | writers[TEST].owed
        tasks, last = _train_tasks(_agendas(owed), quotas[TRAIN])
        train = writers[TRAIN]
        train.write(run(tasks), quotas[TRAIN], last)
        again = [Task(TRAIN, train.seen + i, (each,)) for i, each in enumerate(train.unmet)]
        train.write(run(again), 0, train.seen + len(again))
        built = _count(material, out, writers)
        if not sum(built.dialogues.values()):
            raise DataError(f"The graph '{graph.graph}' holds no two facts that a dialogue could ask for.")
        _save(folder, material, settings, built)
        if parts is not None:
            write_parts(folder, graph, parts)
    return built


def _quotas(material: Material, settings: BuildSettings) -> list[int]:
    """Share out the rounds to the splits by what each has to ask: pairs of a triple and a format."""
    pairs = [pool.pairs for pool in material.pools]
    rounds = settings.rounds or min(ROUNDS, sum(pairs))
    return [round(rounds * each / max(sum(pairs), 1)) for each in pairs]


class _Writer:
    """Writes one split's file, and remembers what train owes it."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        self._path = path
        self._advance = advance
        self.dialogues = self.rounds = self.seen = self.dropped = 0
        self.owed: dict[int, Ask] = {}  # by triple
        self.unmet: list[Ask] = []
        path.touch()

    def write(self, batches: Iterable[Sequence[Written]], quota: int, owed: int = 0) -> None:
        """Append dialogues until the file has `quota` rounds and the first `owed` tasks were seen to."""
        barren = 0
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            if self.rounds >= quota and self.seen >= owed:
                return
            for batch in batches:
                for written in batch:
                    self._take(written)
                    barren = 0 if written.lines else barren + 1
                    if written.lines:
                        file.write(written.lines)
                    if (self.rounds >= quota or barren >= BARREN) and self.seen >= owed:
                        return

    def _take(self, written: Written) -> None:
        self.seen += 1
        self.unmet += written.unmet
        if written.lines:
            self.dialogues += 1
            self.rounds += written.rounds
            self.owed.update(written.owed)
            self._advance(written.rounds)
        else:
            self.dropped += 1


def _agendas(owed: Mapping[int, Ask]) -> list[tuple[Ask, ...]]:
    """Group facts that train has to ask into dialogues: by subject, shown before told, a question once in each."""
    layers: dict[tuple[int, int], list[Ask]] = defaultdict(list)
    times: dict[tuple[bool, int], int] = defaultdict(int)
    for _, asking in sorted(owed.items()):
        question = asking.asks_tail, asking.run
        layers[asking.subject, times[question]].append(asking)
        times[question] += 1
    agendas = []
    for _, askings in sorted(layers.items()):
        askings.sort(key=lambda asking: (not (asking.format or 0) & 1, asking.run))
        agendas += [tuple(askings[start : start + TOGETHER]) for start in range(0, len(askings), TOGETHER)]
    return agendas


def _train_tasks(agendas: Sequence[tuple[Ask, ...]], quota: int) -> tuple[Iterator[Task], int]:
    """Return train's tasks, agendas evenly among the free ones; and how many tasks there are to the last agenda."""
    dialogues = quota * len(LENGTHS) // sum(LENGTHS)
    step = max(1, dialogues // max(1, len(agendas)))

    def tasks() -> Iterator[Task]:
        due = iter(agendas)
        turn = 0
        for n in count():
            wanted = next(due, ()) if n % step == 0 else ()
            yield Task(TRAIN, n, wanted, turn)
            turn += not wanted

    return tasks(), (len(agendas) - 1) * step + 1 if agendas else 0


def _count(material: Material, out: Path, writers: Sequence[_Writer]) -> Built:
    versions = len(material.languages)
    return Built(
        material.graph.graph,
        str(out),
        {name: versions * writer.dialogues for name, writer in zip(SPLITS, writers, strict=True)},
        {name: versions * writer.rounds for name, writer in zip(SPLITS, writers, strict=True)},
        {"no_second_round": sum(writer.dropped for writer in writers)},
        {lang: coverage(material, lang) for lang in material.languages},
    )


def _save(folder: Path, material: Material, settings: BuildSettings, built: Built) -> None:
    """Write what decided the dialogues, and the wordings of every relation: the last of each direction is held out."""
    graph, asked = material.graph, asked_in(material, material.languages)
    record = {
        "schema": SCHEMA,
        "graph": graph.graph,
        "image_root": str(graph.image_roots[0]) if graph.image_roots else None,
        "settings": asdict(settings),
        "split": {"by": "format"} if material.parts is None else material.parts.summary(),
        "from": {"entities": len(graph.entities), "relations": len(graph.relations), "triples": len(graph)},
        "dialogues": built.dialogues,
        "rounds": built.rounds,
        "dropped": built.dropped,
        "relations": asdict(
            linked(
                [relation.path for relation in graph.relations],
                graph.triple_heads(),
                graph.outgoing.relation,
                graph.outgoing.neighbour,
            )
        ),
        "languages": {lang: asdict(found) for lang, found in built.languages.items()},
    }
    forms = {
        relation.path: {
            direction + tag: [_template(form) for form in worded.asking(direction).forms]
            for tag, worded in _worded(material, i)
            for direction in DIRECTIONS
        }
        for i, relation in enumerate(graph.relations)
        if asked[i]
    }
    for name, content in ((SETTINGS, record), (WORDINGS, forms)):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _worded(material: Material, relation: int) -> Iterator[tuple[str, Wordings]]:
    """Yield a relation's wordings in each language, after what marks that in wordings.json: "", then "@de"."""
    yield "", material.wordings[relation]
    for other in material.others:
        yield f"@{other.lang}", other.wordings[relation]


def _template(form: Question) -> str:
    """Return a wording as the lexicon writes it: {x} for what is asked about, [the film] for what may be left out."""
    lead = form.prefix[len(form.bare) :].rstrip()
    return f"{form.bare}[{lead}] {{x}}{form.suffix}" if lead else f"{form.prefix}{{x}}{form.suffix}"
