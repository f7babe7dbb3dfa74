"""Encodings kept by content, so that each distinct prompt, image and set of references is encoded once in a process."""

from collections import OrderedDict
from collections.abc import Callable

import torch

from a2bench.base.counting import count


class EncodingCache:
    """Tensors by the content that they encode; the least recently used go when the limit is passed.

    Args:
        event: counted in `a2bench.base.counting` at every encoding, such as ``encode:text``.
        max_bytes: how much is kept; one entry is kept however large it is.
    """

    def __init__(self, event: str, max_bytes: int = 1 << 28) -> None:
        self.event = event
        self.max_bytes = max_bytes
        self._kept: OrderedDict[str, torch.Tensor] = OrderedDict()

    def get(self, content: str, encode: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The encoding of a content, computed if it is not there; it must not be changed in place."""
        if content not in self._kept:
            count(self.event)
            self._kept[content] = encode()
        self._kept.move_to_end(content)
        while len(self._kept) > 1 and sum(tensor.nbytes for tensor in self._kept.values()) > self.max_bytes:
            self._kept.popitem(last=False)
        return self._kept[content]
