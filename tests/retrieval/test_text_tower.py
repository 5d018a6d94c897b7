"""What a model wrote finds the image it describes, by names that the fit has seen and images it may have seen."""

from collections.abc import Callable, Sequence

import numpy as np

from retrieval.album import View
from retrieval.names import Named, NameIndex
from retrieval.text_tower import fit_text_tower

WORDS = ("peru", "japan", "kenya")


def encode(texts: Sequence[str]) -> np.ndarray:
    """Say which known words a text has, (N, 3)."""
    return np.array([[float(word in text.casefold()) for word in WORDS] for text in texts], np.float32)


def test_description_is_looked_for_where_the_images_of_its_entity_lie(make_view: Callable[..., View]) -> None:
    names = NameIndex([Named(word, word.title(), (word.title(),), ()) for word in WORDS])
    view = make_view([["peru"], ["japan"], ["kenya"]], [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    tower = fit_text_tower(view, None, names, encode)
    for place, word in enumerate(WORDS):
        query = tower.query(f"Here is the flag of {word.title()}.")
        assert int(np.argmax(view.vectors @ query)) == place
        assert np.isclose(np.linalg.norm(query), 1.0)


def test_style_that_is_held_out_is_not_fitted_on(make_view: Callable[..., View]) -> None:
    names = NameIndex([Named(word, word.title(), (word.title(),), ()) for word in WORDS])
    view = make_view([["peru"], ["japan"]], [(1, 0), (0, 1)])
    blind = fit_text_tower(view, view.album.styles[0], names, encode)
    assert not blind.weights[:, 0].any()  # where Peru's image lies, which has a style of its own
    assert blind.weights[:, 1].any()
