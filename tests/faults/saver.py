"""A process that saves a run over and over, to be killed: `python -m tests.faults.saver FOLDER`.

It trains a very small run, says that it is ready, and forks at each line that it reads: the child takes the run up and
saves without end, the parent says the child's number and, when it is dead, that it is gone.
"""

import os
import sys
from itertools import count
from pathlib import Path

from dialogue.build import BuildSettings, build
from ingest.sentences import minilm
from model.prepare import Material
from model.train import take_up, train
from tests.model.conftest import Remembering, make_isles, measured_isles, settings_of, small_trainings


def save_forever(material: Material, folder: Path) -> None:
    """Take a run up and save it, every second time as the best, until somebody kills this process."""
    training = take_up(material, folder)
    for step in count(training.manifest.step + 1):
        training.save(step, float(step), better=step % 2 == 0)


def main(folder: Path) -> None:
    """Make a run in `folder` / "run", and a child for each line of stdin."""
    build(make_isles(), BuildSettings(rounds=120, seed=3), folder / "dialogues")
    material = Material(make_isles(), *measured_isles(), folder / "dialogues")
    with small_trainings(Remembering(minilm().space, minilm().width, {})):
        train(material, settings_of(material, steps=2, every=1), folder / "run")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            child = os.fork()
            if not child:
                save_forever(material, folder / "run")
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
            os.waitpid(child, 0)
            sys.stdout.write("gone\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
