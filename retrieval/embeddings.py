"""Knowledge-graph embeddings by PyKEEN: what the triples alone tell of a missing one, without a word or a picture.

They are fitted on the triples that the training dialogues state, and asked each T2T question as (head, relation, ?) or
(?, relation, tail). That is easier than what a model is asked: the subject and the relation need not be understood.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from kg.progress import Progress
from retrieval.baselines import Baseline, Ranked
from retrieval.harness import stated_in
from retrieval.trials import Trial

Kind = Literal["transe", "complex"]
KINDS: tuple[Kind, ...] = get_args(Kind)
EPOCHS = 100
WIDTH = 64
BEST = 50  # answers that are ranked


def installed() -> bool:
    """Say whether PyKEEN is there."""
    return find_spec("pykeen") is not None


def tail_ranker(train: Path, kind: Kind, seed: int, progress: Progress) -> Baseline:
    """Fit an embedding on the triples of training dialogues; return what ranks answers by it. It needs kwk[pykeen]."""
    import torch
    from pykeen.models import ComplEx, TransE
    from pykeen.training import LCWATrainingLoop, SLCWATrainingLoop
    from pykeen.triples import TriplesFactory
    from torch.optim import Adam

    logging.getLogger("pykeen").setLevel(logging.WARNING)
    triples = np.array(sorted(set(stated_in(train))), dtype=str)
    factory = TriplesFactory.from_labeled_triples(triples)
    torch.manual_seed(seed)
    model, loss, training = {
        "transe": (TransE, "marginranking", SLCWATrainingLoop),
        "complex": (ComplEx, "crossentropy", LCWATrainingLoop),  # against all entities at once: Lacroix et al. 2018
    }[kind]
    made = model(triples_factory=factory, embedding_dim=WIDTH, random_seed=seed, loss=loss)
    loop = training(model=made, triples_factory=factory, optimizer=Adam(made.parameters(), lr=0.01))
    with progress(kind, 1) as advance:
        loop.train(factory, num_epochs=EPOCHS, batch_size=256, use_tqdm=False, use_tqdm_batch=False, pin_memory=False)
        advance(1)
    names: Sequence[str] = [factory.entity_id_to_label[i] for i in range(factory.num_entities)]

    def ranked(trial: Trial) -> Ranked:
        known = factory.entity_to_id.get(trial.subject), factory.relation_to_id.get(trial.relation)
        if None in known:
            return ()
        subject, relation = known
        with torch.inference_mode():
            if trial.direction == "tail":
                scores = made.score_t(torch.tensor([[subject, relation]]))[0]
            else:
                scores = made.score_h(torch.tensor([[relation, subject]]))[0]
        return [names[place] for place in scores.argsort(descending=True)[:BEST].tolist()]

    return ranked
