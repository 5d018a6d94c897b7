"""Whoever asks why a turn was learned wrongly is shown negatives that it never met, or none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dialogue.serialise import read_dialogues
from kg.errors import DataError
from model.data import Example
from model.gallery import Gallery
from model.loop import Report
from model.met import MOST, Met, negatives_met
from model.negatives import Drawn
from model.prepare import Material
from model.run import Run
from model.train import resume, train
from tests.model.conftest import settings_of


def test_each_negative_was_met_in_a_turn_that_shows_another_image(run: Run, material: Material) -> None:
    images = {
        f"{each.id}#{n}": {image.sha256 for image in turn.images}
        for each in read_dialogues(material.dialogues / "train.jsonl")
        for n, turn in enumerate(each.turns)
    }
    met = list(negatives_met(run.folder, run.manifest))
    assert len({each.turn for each in met}) > 50
    assert all(images[each.turn] and each.sha256 not in images[each.turn] for each in met)
    assert {each.tier for each in met} <= set(run.manifest.drawn["tiers"])
    assert max(sum(one.turn == each.turn for one in met) for each in met[:50]) <= MOST


def test_no_negative_is_an_image_that_its_question_allows(run: Run, material: Material, shown: Gallery) -> None:
    owners = {
        shown.sha256[i]: {material.graph.entities[each].id for each in shown.owners[i]} for i in range(len(shown))
    }
    answers = {
        f"{each.id}#{n}": set(turn.fact.answers) | {image.entity for image in turn.images}
        for each in read_dialogues(material.dialogues / "train.jsonl")
        for n, turn in enumerate(each.turns)
        if turn.fact and turn.fact.kind == "fact"
    }
    met = [each for each in negatives_met(run.folder, run.manifest) if each.turn in answers]
    assert met
    assert not [each for each in met if owners[each.sha256] & answers[each.turn]]


def test_turn_with_several_images_keeps_what_one_of_them_met(talks: list[Example]) -> None:
    one = next(each for each in talks if len(each.turns) > 1)
    twice = replace(one, turns=(one.turns[0],) * len(one.turns))
    met = Met.nothing([twice, *talks[:3]])
    image = np.arange(len(one.turns) * 6, dtype=np.int32).reshape(-1, 6)
    met.note([twice], Drawn(image, image, np.zeros(image.shape, np.int8)))
    row = met.rows[one.turns[0]]
    assert met.image[row].tolist() == [*image[-1].tolist(), -1, -1]
    assert len(met.image) == len(met.rows)


def test_what_was_met_before_a_stop_is_not_lost(material: Material, run: Run, tmp_path: Path) -> None:
    def stop(report: Report) -> None:
        if report.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(material, settings_of(material), tmp_path / "stopped", stop)
    stopped = resume(material, tmp_path / "stopped")
    whole = train(material, settings_of(material), tmp_path / "whole")
    assert list(negatives_met(tmp_path / "stopped", stopped)) == list(negatives_met(tmp_path / "whole", whole))


def test_run_that_draws_no_negatives_says_so(material: Material, tmp_path: Path) -> None:
    manifest = train(material, settings_of(material, negatives="gallery", steps=2), tmp_path / "all")
    with pytest.raises(DataError, match="--negatives gallery draws none"):
        list(negatives_met(tmp_path / "all", manifest))
