"""The relation of a question in wordings never trained on, in which the relation's own phrase stands.

Four frames around the relation's label, none of which any dialogue uses; asked of every distinct T2T question about a
tail in the test split of KWK_BENCH_DIALOGUES, with the newest run on their graph. The wordings that dialogues keep for
the test, which put the relation in other words altogether, are judged by `kwk evaluate`.
"""

import os
from dataclasses import replace
from pathlib import Path

from benchmarks.stores import opened
from dialogue.folder import read_settings
from model import checkpoint
from model.run import load
from retrieval.assemble import open_answerer
from retrieval.evaluate import Judged, judged
from retrieval.intervals import wilson
from retrieval.trials import read_trials

FRAMES = ("Tell me the {r} of {x}.", "{x}: {r}?", "I am looking for the {r} of {x}.", "Do you know the {r} of {x}?")


def main() -> None:
    """Ask each question in each frame; print how often relation and answer are right."""
    folder = os.environ.get("KWK_BENCH_DIALOGUES")
    if not folder:
        print("phrases: KWK_BENCH_DIALOGUES names no folder of dialogues: NOT MEASURED")
        return
    graph = read_settings(Path(folder))["graph"]
    with opened() as (stores, home):
        run = load(checkpoint.find(home, os.environ.get("KWK_BENCH_RUN"), graph))
        answerer = open_answerer(stores, graph, home, run)
        relations, names = answerer.understanding.relations, answerer.understanding.names.by_id
        asked = {each.question: each for each in read_trials(Path(folder)) if each.format == "T2T"}
        trials = [each for each in asked.values() if each.direction == "tail" and each.relation in relations.by_path]
        kinds = len({each.relation for each in trials})
        print(f"run {run.manifest.id}, {len(trials):,} questions of {kinds} relations")
        for frame in FRAMES:
            found: list[Judged] = []
            for trial in trials:
                label = relations.each[relations.by_path[trial.relation]].label
                turn = replace(trial.turn, value=frame.format(r=label, x=names[trial.subject].name))
                found.append(judged(answerer, replace(trial, turn=turn), None, prior_fails=False))
            print(f"{frame}: relation {told([each.related for each in found])}, ", end="")
            print(f"answer {told([each.outcome.rank == 1 for each in found])}")


def told(right: list[bool]) -> str:
    """Return a share with its interval, in per cent."""
    low, high = wilson(sum(right), len(right))
    return f"{sum(right) / len(right):.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
