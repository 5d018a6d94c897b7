"""The processes that train one model together: one on a CPU or a GPU, or as many as `torchrun` or `accelerate` starts.

Each holds the whole network and computes its parts of a step. Their gradients are added up in one exchange after the
last part, which is exact where a mean over all tokens of the step is wanted (`model.steps`), and asks nothing of the
network: no wrapper stands between the loop and its parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from accelerate import PartialState
from accelerate.utils import broadcast, reduce
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes, as one of them sees them."""

    state: PartialState

    @classmethod
    def here(cls) -> Workers:
        """Return the processes that this one was started among; without a launcher it is alone."""
        return cls(PartialState(cpu=not torch.cuda.is_available()))

    @property
    def device(self) -> torch.device:
        """Return where this process computes."""
        return torch.device(self.state.device)

    @property
    def rank(self) -> int:
        """Return this process's number; number 0 writes."""
        return int(self.state.process_index)

    @property
    def count(self) -> int:
        """Return how many there are."""
        return int(self.state.num_processes)

    @property
    def writes(self) -> bool:
        """Say whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def first_alone(self) -> AbstractContextManager[None]:
        """Let process 0 run a block before the others do."""
        alone: AbstractContextManager[None] = self.state.main_process_first()
        return alone

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.state.wait_for_everyone()

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes."""
        if self.count == 1:
            return values
        added: Tensor = reduce(values.to(self.device), "sum")
        return added

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Add up the gradients of all processes, in one exchange; one that a process lacks counts as zero."""
        if self.count == 1:
            return
        trained = list(parameters)
        own = [torch.zeros_like(each) if each.grad is None else each.grad for each in trained]
        added = self.sum(torch.cat([each.flatten().float() for each in own]))
        start = 0
        for each in trained:
            each.grad = added[start : start + each.numel()].view_as(each).to(each.dtype)
            start += each.numel()

    def agree(self, text: str) -> str:
        """Return the text that process 0 has."""
        if self.count == 1:
            return text
        length: Tensor = broadcast(torch.tensor([len(text.encode())], device=self.device))
        said = torch.zeros(int(length), dtype=torch.uint8, device=self.device)
        if self.writes:
            said = torch.tensor(list(text.encode()), dtype=torch.uint8, device=self.device)
        heard: Tensor = broadcast(said)
        return bytes(heard.tolist()).decode()
