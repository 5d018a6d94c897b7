"""A batch whose marks point elsewhere, or a row whose conversations see each other and so learn something else."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from dialogue.serialise import read_dialogues
from model.batches import Batch, Counts, collate, in_one_row, packed, padded
from model.data import Example, Index, examples
from model.export import filled, llama_config
from model.gallery import Gallery
from model.llama import Llama
from model.negatives import Sampler
from model.network import KnowBLIP, Sizes
from model.objective import Objective, Whole
from model.prepare import Material
from model.presets import preset
from model.steps import Lay
from model.tokens import IMAGE_ID, KNO_ID, PAD_ID, RET_ID
from tests.model.conftest import settings_of


def several(talks: list[Example], number: int = 9) -> list[Example]:
    """Return conversations of very different lengths."""
    sorted_talks = sorted(talks, key=lambda each: len(each.ids))
    return [sorted_talks[i] for i in np.linspace(0, len(talks) - 1, number).astype(int)]


@pytest.mark.parametrize("lay", [padded, packed])
def test_batch_points_at_the_same_tokens_as_its_conversations(talks: list[Example], lay: type[packed]) -> None:
    members = several(talks)
    rows = lay(members)
    batch = collate(members, rows)
    length = batch.ids.shape[1]
    flat = batch.ids.flatten().numpy()
    expected = []
    for line, row in enumerate(rows):
        start = line * length
        for number in row:
            each = members[number]
            assert flat[start : start + len(each.ids)].tolist() == each.ids.tolist()
            expected += [
                (start + place - 1, int(each.ids[place]), bool(each.named[place]))
                for place in np.flatnonzero(each.learned).tolist()
            ]
            start += len(each.ids)
        assert (flat[start : (line + 1) * length] == PAD_ID).all()
    assert [*zip(batch.predicts.tolist(), batch.next_ids.tolist(), batch.named.tolist(), strict=True)] == expected
    assert (flat[batch.slots.numpy()] == KNO_ID).all()
    assert (flat[batch.rets.numpy()] == RET_ID).all()
    assert batch.counts == Counts(
        predicted=len(expected),
        named=sum(named for _, _, named in expected),
        asked=int((batch.classes >= 0).sum()),
        shown=len(batch.rets),
        tokens=sum(len(each.ids) for each in members),
    )
    assert len(batch.slots) == len(batch.classes) == sum(len(each.slots) for each in members)
    assert len(batch.rets) == len(batch.anchors.image) == sum(len(each.rets) for each in members)
    assert int((batch.ids == IMAGE_ID).sum()) == len(batch.images) * preset("minute").queries
    of_step = np.concatenate([each.anchors.image for each in members])
    assert of_step[batch.of_step].tolist() == batch.anchors.image.tolist()


def test_packing_leaves_nobody_out_and_fills_its_rows(talks: list[Example]) -> None:
    members = [talks[i] for i in np.random.default_rng(1).permutation(len(talks))[:32]]
    rows = packed(members)
    assert sorted(number for row in rows for number in row) == list(range(32))
    whole = collate(members, rows)
    apart = collate(members, padded(members))
    assert whole.counts.tokens == apart.counts.tokens > 0.85 * whole.ids.numel()
    assert whole.ids.numel() < apart.ids.numel()
    assert packed(members) == rows
    assert packed(members[:1]) == [[0]]


@pytest.mark.parametrize("lay", [packed, in_one_row])
def test_conversations_that_are_read_apart_are_read_as_under_a_mask(talks: list[Example], lay: Lay) -> None:
    batch = collate(talks[:9], lay(talks[:9]))
    assert batch.packing is not None
    assert sum(batch.packing.lengths) == batch.ids.numel()
    torch.manual_seed(0)
    scratch = preset("minute").scratch
    assert scratch is not None
    language = Llama(scratch, 700)
    causal = filled(LlamaForCausalLM(llama_config(scratch, 700, 4 * batch.ids.shape[1])), language.causal)
    embedded = language.embed(batch.ids)
    mask = batch.packing.mask(embedded.dtype)
    masked = causal.model(
        inputs_embeds=embedded, attention_mask=mask, position_ids=batch.packing.positions
    ).last_hidden_state
    torch.testing.assert_close(language.read(embedded, packing=batch.packing), masked, rtol=1e-4, atol=1e-5)


def losses_of(objective: Objective, batch: Batch) -> dict[str, torch.Tensor]:
    return objective.losses(batch, Whole(batch.anchors, None, np.zeros(0), batch.counts))


@pytest.mark.parametrize(("adapter", "lay"), [("qformer", packed), ("bind", packed), ("bind", in_one_row)])
def test_packed_and_padded_batches_have_the_same_losses_and_gradients(
    material: Material, tokenizer: Tokenizer, shown: Gallery, monkeypatch: pytest.MonkeyPatch, adapter: str, lay: Lay
) -> None:
    shape = preset("minute", adapter=adapter)
    dialogues = read_dialogues(material.dialogues / "train.jsonl")
    talks = list(examples(dialogues, tokenizer, shape, Index.of(material.graph), shown))
    monkeypatch.setattr("model.objective.fast_bf16", lambda device: False)
    torch.manual_seed(0)
    sizes = Sizes(
        tokenizer.get_vocab_size(), len(material.graph.relations), shown.cells.shape[2], shown.descriptors.shape[1], 4
    )
    network = KnowBLIP(shape, sizes)
    if network.adapter.gates is not None:
        torch.nn.init.normal_(network.adapter.gates)  # zero at first: then nothing is added that could be wrong
    objective = Objective(network, settings_of(material, negatives="gallery"), shown, Sampler(material.graph, shown))
    members = several(talks, 12)
    rows = lay(members)
    assert len(rows) < len(members)
    one, other = collate(members, padded(members)), collate(members, rows)
    assert one.packing is None
    states = [network.states(each.ids, objective._images(each), packing=each.packing) for each in (one, other)]
    told = [state.flatten(0, 1)[each.predicts] for state, each in zip(states, (one, other), strict=True)]
    by_talk = np.argsort([number for row in rows for number in row], kind="stable")
    learned = [int(members[number].learned[1:].sum()) for row in rows for number in row]
    begins = np.cumsum([0, *learned])
    same_order = np.concatenate([np.arange(begins[i], begins[i + 1]) for i in by_talk])
    torch.testing.assert_close(told[1][torch.from_numpy(same_order)], told[0], rtol=1e-4, atol=1e-5)  # token by token
    gradients, totals = [], []
    for batch in (one, other):
        network.zero_grad()
        found = losses_of(objective, batch)
        found["total"].backward()
        totals.append({name: float(loss.detach()) for name, loss in found.items()})
        gradients.append({name: each.grad for name, each in network.named_parameters() if each.grad is not None})
    assert totals[1] == pytest.approx(totals[0], rel=1e-5)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-5, msg=name)
