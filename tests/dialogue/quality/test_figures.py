"""Every figure, on inputs so small that the right one is known."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dialogue.quality.balance import balance, drawn_evenly, shared_out
from dialogue.quality.clusters import cluster
from dialogue.quality.communities import communities, community_of
from dialogue.quality.draw import Sample
from dialogue.quality.ngrams import NGrams, diversity
from dialogue.quality.pictures import below, measure, sharpness
from dialogue.quality.rounds import operations, rounds_of
from dialogue.quality.text import asked_about, elements, words
from dialogue.quality.textbind import check, check_described, edit_distance
from dialogue.statistics import Tally, numbers
from dialogue.types import Query, Turn

from .conftest import talk, told


def test_diversity_of_ngrams_is_the_papers_sum() -> None:
    # "a b a b": bigrams ab ba ab, trigrams aba bab, one 4-gram; nothing reaches over into the next text.
    assert diversity(["a b a b"]) == pytest.approx(2 / 3 + 1 + 1)
    assert diversity(["a b", "a b"]) == pytest.approx(1 / 2)
    assert diversity([]) == 0


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=12).map(" ".join), max_size=8))
def test_ngrams_are_counted_as_a_set_of_tuples_would(texts: list[str]) -> None:
    found = NGrams()
    for text in texts:
        found.add(text)
    unique = found.unique()
    for n in (2, 3, 4):
        all_of = [tuple(said[i : i + n]) for said in map(words, texts) for i in range(len(said) - n + 1)]
        assert (unique[n], found.total[n]) == (len(set(all_of)), len(all_of))


def test_words_of_scripts_without_spaces_are_its_characters() -> None:
    assert words("法国的首都是Paris。") == ["法", "国", "的", "首", "都", "是", "paris"]
    assert words("L'été, U.S. and <image>") == ["l'été", "u.s", "and", "image"]


def test_a_question_is_made_of_content_words_and_names() -> None:
    kept, names = asked_about("Who directed the film The Lord of the Rings in New Zealand?", "en")
    assert kept == ["directed", "film"]
    assert names == 2
    assert elements("Who directed the film High Anxiety?", 1, "en") == 4
    assert asked_about("Welche Sprache spricht man dort?", "de")[0] == ["sprache", "spricht", "dort"]


def test_what_an_answer_takes_is_counted_step_by_step(unanswerable: Query) -> None:
    plain, seen, hops, two, none = (
        next(rounds_of(talk("a", each))).fact
        for each in (
            told("What is its capital?", "Lima."),
            told("What is its capital?", "Lima.", asks=("peru",), shows=("lima",), refers=True),
            told("Q?", "Lima.", kind="multi_hop", query=Query(("peru",), (("r", "tail"), ("s", "tail")))),
            told("Q?", "Lima.", kind="comparison", query=Query(("peru", "chile"), (("r", "tail"),))),
            told("Q?", "Nobody knows.", kind="unanswerable", query=unanswerable, none=True),
        )
    )
    assert [operations(fact) for fact in (plain, seen, hops, two, none)] == [1, 4, 2, 3, 2]


def test_balance_of_even_and_lopsided_tasks() -> None:
    even = balance({"a": 5, "b": 5, "c": 5})
    assert (even.tasks, even.variance) == (3, 0)
    assert even.effective == pytest.approx(3)
    assert even.evenness == pytest.approx(1)
    lopsided = balance({"a": 9, "b": 1})
    assert lopsided.variance == pytest.approx(16 / 25)
    assert lopsided.evenness == pytest.approx(-(0.9 * math.log(0.9) + 0.1 * math.log(0.1)) / math.log(2))
    assert balance({}).tasks == 0


@given(st.integers(0, 200), st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=8))
def test_what_is_shared_out_is_all_there_is_and_as_even_as_can_be(total: int, sizes: dict[str, int]) -> None:
    quotas = shared_out(total, sizes)
    assert sum(quotas.values()) == min(total, sum(sizes.values()))
    for task, quota in quotas.items():
        assert quota <= sizes[task]
        if quota < sizes[task]:  # who got less than there was got as much as anybody, but for one
            assert quota >= max(quotas.values()) - 1


def test_the_sampler_draws_rare_tasks_as_often_as_common_ones() -> None:
    tasks = ["common"] * 90 + ["rare"] * 10
    drawn = drawn_evenly(tasks, 20, seed=1)
    assert Counter(tasks[place] for place in drawn) == {"common": 10, "rare": 10}
    assert drawn == sorted(set(drawn)) == drawn_evenly(tasks, 20, seed=1)


def test_a_sample_does_not_depend_on_the_order() -> None:
    keys = [str(n) for n in range(200)]
    mixed = sorted(keys, key=lambda key: key[::-1])
    samples = []
    for order in (keys, mixed, keys + mixed):
        sample = Sample[str](10, seed=3)
        sample.extend((key, key) for key in order)
        samples.append(sample.items())
    assert samples[0] == samples[1] == samples[2]
    assert len(samples[0]) == 10


def test_words_that_never_meet_are_different_communities() -> None:
    questions = [["capital", "country"]] * 3 + [["film", "director"]] * 3 + [["once", "seen"]]
    known = communities(questions)
    assert known["capital"] == known["country"] != known["film"] == known["director"]
    assert "once" not in known  # two words that met once
    assert community_of(["film", "other"], known) == known["director"]
    assert community_of(["other"], known) is None


def test_density_clusters_are_found_and_known_again() -> None:
    chance = np.random.default_rng(0)
    centres = np.eye(40, dtype=np.float32)[:3]
    features = np.concatenate([centre + 0.01 * chance.standard_normal((30, 40)) for centre in centres])
    found = cluster(features.astype(np.float32))
    assert found.count == 3
    assert len(set(found.assign(centres).tolist())) == 3
    assert found.assign(-centres).tolist() == [-1, -1, -1]
    assert cluster(features[:4].astype(np.float32)).count == 0


def test_a_blurred_image_is_less_sharp_and_a_plain_one_less_complex(tmp_path: Path) -> None:
    noise = Image.effect_noise((200, 150), 80)
    for name, picture in (("noise", noise), ("blurred", noise.resize((20, 15)).resize((200, 150))),
                          ("plain", Image.new("L", (200, 150), 90))):  # fmt: skip
        picture.save(tmp_path / f"{name}.png")
    found = {path.stem: measure(path) for path in tmp_path.iterdir()}
    assert found["noise"] and found["blurred"] and found["plain"]
    assert found["noise"].sharpness > found["blurred"].sharpness > found["plain"].sharpness == 0
    assert found["noise"].complexity > found["blurred"].complexity > found["plain"].complexity
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no more")
    assert measure(tmp_path / "broken.png") is None
    assert measure(tmp_path / "absent.png") is None


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    grey = np.zeros((3, 4))
    grey[1, 1] = 1  # Laplacian -4 at the point, 1 beside it: mean -1.5, deviations 2.5
    assert sharpness(grey) == pytest.approx(2.5**2)
    assert sharpness(np.ones((1, 9))) == 0


def test_an_image_is_not_read_from_outside_the_graphs_folder() -> None:
    assert below(Path("root"), "a/b.png") == Path("root/a/b.png")
    assert below(Path("root"), "../secret.png") is None
    assert below(None, "b.png") is None


def test_textbinds_checks_name_their_reasons() -> None:
    fine = talk("a", *(told(f"Q{n}?", f"Lima {n}.", shows=(f"i{n}",)) for n in range(3)))
    assert check(fine) == []
    short = talk("b", told("Q?", "Lima.", shows=("i",)), told("Q?", "Lima.", shows=("i",)))
    assert check(short) == ["too_few_turns", "repeated_image", "repeated_answer"]
    assert check(talk("c", *(told("Q?", f"Lima {n}.") for n in range(3)))) == ["no_image"]
    turns = (*fine.turns[:-2], Turn("human", "<img0> left over"), Turn("human", "two in a row"))
    assert check(fine.__class__("d", "isles", "en", "star", turns))[:2] == ["broken_tag", "wrong_role"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Look: <img0> a red boat on a lake </img0>", None),
        ("Look: <img0> a red boat on a lakes </img0>", None),  # 1 of 21 characters
        ("Look: <img0> a red boat on a sea </img0>", "description_changed"),
        ("Look: <img0> seventeen quick foxes </img0>", "description_unknown"),
        ("Look: <img5> a red boat on a lake </img5>", "description_unknown"),
        ("Look: <img0> a red boat on a lake", "broken_tag"),
        ("Look: <img0> a red boat on a lake </img1>", "broken_tag"),
        ("Look: </img0> a red boat on a lake <img0>", "broken_tag"),
        ("Look: <img0/> nothing", "broken_tag"),
        ("no image", None),
    ],
)
def test_descriptions_that_a_model_altered_are_caught(text: str, reason: str | None) -> None:
    assert check_described(text, ["a red boat on a lake", "a house"]) == reason


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_edit_distance_is_one(one: str, other: str) -> None:
    found = edit_distance(one, other)
    assert 0 <= found <= 1
    assert (found == 0) == (one == other)
    assert found == edit_distance(other, one)
    assert edit_distance("kitten", "sitting") == pytest.approx(3 / 7)


def test_statistics_count_rounds_that_rest_on_no_triple(unanswerable: Query) -> None:
    tally = Tally()
    tally.add(
        "train",
        talk(
            "a",
            told("What is the capital of Peru?", "Lima it is.", shows=("lima", "peru")),
            told(
                "What is its anthem?", "Nobody knows.", kind="unanswerable", query=unanswerable, none=True, refers=True
            ),
        ),
        lambda fact, text: False,
    )
    found = numbers(tally)
    assert found["kinds"]["train"] == {"fact": 1, "unanswerable": 1}
    assert found["images"]["per_dialogue_in_responses"] == 2
    assert found["images"]["by_round"]["model"] == {1: 2, 2: 0}
    assert found["words"]["per_dialogue"] == 6 + 3 + 4 + 2
    assert found["triples"] == 1
    assert found["rounds_that_refer"] == 1
    assert found["topics"] == {"location": 2}
    assert found["diversity"] == pytest.approx(10 / 11 + 1 + 1, abs=1e-4)  # "what is" comes twice
    assert found["words_per_question"] == {"mean": 5.0, "median": 5.0, "max": 6.0}
