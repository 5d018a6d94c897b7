"""What KnowBLIP's paper reports on IWK (tables 3 to 5), in per cent: other data and a leakier protocol than ours.

They stand beside our figures to show the size of what was published, not to be compared with digit by digit.
"""

from dataclasses import dataclass

HEADS = ("T2T", "I2T", "T2I@1", "T2I@5", "I2I@1", "I2I@5")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the paper's; None where the model can't do it."""

    model: str
    harness: str
    figures: tuple[float | None, ...]  # as HEADS


PAPER = (
    Row("KnowBLIP", "mix", (66.73, 70.60, 29.71, 78.24, 17.47, 64.38)),
    Row("GILL", "mix", (47.38, 70.03, 6.79, 24.30, None, None)),
    Row("TextBind", "mix", (59.38, 64.29, 5.66, 6.30, 3.72, 6.79)),
    Row("KnowBLIP", "alone", (91.29, 71.32, 25.13, 72.54, 24.67, 70.88)),
    Row("GILL", "alone", (41.61, 61.12, 39.77, 71.92, None, None)),
    Row("TextBind", "alone", (91.00, 64.16, 6.86, 9.97, 3.88, 7.89)),
    Row("GILL", "zero-shot", (8.07, 11.75, 0.00, 2.95, None, None)),
    Row("TextBind", "zero-shot", (18.20, 21.02, 2.98, 4.13, 2.21, 4.70)),
)

# Where each baseline of ours comes from.
SOURCES = {
    "head_blind_prior": "ours: the relation's commonest answer in train, whoever is asked about",
    "question_blind_prior": "ours: the subject's commonest answer in train, whatever is asked",
    "nearest_image": "frozen encoder (EfficientNet-Lite0), nearest neighbour of the shown image",
    "described": "TextBind (Li et al. 2024, section 5: the model writes a description that a text tower encodes)",
    "transe": "TransE (Bordes et al. 2013) by PyKEEN, on the triples that train states",
    "complex": "ComplEx (Trouillon et al. 2016) by PyKEEN, on the triples that train states",
    "language_model": "a language model without the graph, asked in words after eight examples of train",
}
