"""Semantic branch: the tokens that every cross-attention looks at, CLIP's of the references beside those of the text.

Paper: SkyReels-A2, arXiv:2504.02436. The network attends to both with one query and adds the results; it knows the last
512 tokens as text. CLIP tokens carry no place and no role, so their order does not matter to the network.
"""

import html
import re
from functools import partial
from typing import Any

import torch

from a2bench.e2v.cache import EncodingCache
from a2bench.e2v.references import Reference, fit_to_square
from a2bench.e2v.request import MAX_TOKENS, check_prompt


def clean_prompt(prompt: str) -> str:
    """The prompt as the text encoder gets it: broken Unicode mended, HTML unescaped twice, white space collapsed."""
    import ftfy

    mended: str = ftfy.fix_text(prompt)
    return re.sub(r"\s+", " ", html.unescape(html.unescape(mended)).strip()).strip()


class PromptReader:
    """From a prompt to token ids.

    Args:
        tokenizer: the tokenizer of UMT5.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def check(self, prompt: str, max_tokens: int = MAX_TOKENS) -> None:
        """Refuse a prompt that does not fit.

        Raises:
            CaseError: more tokens than fit; the message says what would be cut.
        """
        check_prompt(
            clean_prompt(prompt),
            # verbose=False: the tokenizer would warn of what is said better here
            lambda text: self.tokenizer(text, verbose=False).input_ids,
            lambda ids: str(self.tokenizer.decode(ids, skip_special_tokens=True)),
            max_tokens,
        )

    def read(self, prompt: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and attention mask of a prompt, both ``[1, 512]`` int64, padded."""
        read = self.tokenizer(
            clean_prompt(prompt),
            padding="max_length",
            max_length=MAX_TOKENS,
            truncation=True,
            add_special_tokens=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        return read.input_ids, read.attention_mask


class SemanticBranch:
    """Prompts and references -> tokens.

    Args:
        reader: reads prompts.
        text_encoder: a ``UMT5EncoderModel``.
        image_encoder: a ``CLIPVisionModel`` in float32.
        image_processor: CLIP's preprocessing.
        device: where both compute; their weights may wait elsewhere.
    """

    def __init__(
        self, reader: PromptReader, text_encoder: Any, image_encoder: Any, image_processor: Any, device: str
    ) -> None:
        self.reader = reader
        self.text_encoder = text_encoder
        self.image_encoder = image_encoder
        self.image_processor = image_processor
        self.device = device
        self._texts = EncodingCache("encode:text")
        self._images = EncodingCache("encode:image")

    def text_tokens(self, prompt: str) -> torch.Tensor:
        """``[1, 512, d]`` in the text encoder's type; behind the prompt's own tokens all is 0."""
        own = self._texts.get(clean_prompt(prompt), lambda: self._encode_text(prompt))  # [1, n, d]
        return torch.nn.functional.pad(own, (0, 0, 0, MAX_TOKENS - own.shape[1]))  # [1, 512, d]

    def image_tokens(self, references: tuple[Reference, ...]) -> torch.Tensor:
        """``[1, N * 257, d]`` float32: class token and patches of each reference, one after the other."""
        tokens = [self._images.get(r.content, partial(self._encode_image, r)) for r in references]
        return torch.cat(tokens, dim=1)

    def _encode_text(self, prompt: str) -> torch.Tensor:
        ids, mask = self.reader.read(prompt)  # [1, 512] each
        output = self.text_encoder(ids.to(self.device), mask.to(self.device))
        states: torch.Tensor = output.last_hidden_state  # [1, 512, d]
        return states[:, : int(mask.sum())].clone()  # [1, n, d]

    def _encode_image(self, reference: Reference) -> torch.Tensor:
        # transformers 5 scales with torchvision; the released code's version did with Pillow: up to one grey level.
        values = self.image_processor(images=fit_to_square(reference), return_tensors="pt").pixel_values
        values = values.to(self.device, torch.float32)  # [1, 3, 224, 224]
        # The state before the last layer, as Wan's image-to-video network was trained with.
        states: torch.Tensor = self.image_encoder(values, output_hidden_states=True).hidden_states[-2]
        return states  # [1, 257, d]
