"""A checkpoint of SkyReels-A2 in the published layout, of 100 thousand random parameters instead of 22 billion.

``python tests/e2v/tiny_checkpoint.py DIR`` writes it, so that every command can be tried out on any machine. Network,
VAE and CLIP are those of the golden vectors; text encoder and tokenizer, which these do not have, are made here. All
is saved by the libraries' own ``save_pretrained``.
"""

import json
import shutil
import string
import sys
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def write_tiny_checkpoint(folder: Path) -> Path:
    import torch
    from diffusers import AutoencoderKLWan, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    transformer = WanTransformer3DModel.from_pretrained(GOLDEN / "model/transformer")
    transformer.save_pretrained(folder / "transformer", max_shard_size="60KB")
    config_path = folder / "transformer/config.json"
    config = json.loads(config_path.read_text())
    config_path.write_text(json.dumps({**config, "_class_name": "A2Model"}, indent=2))
    AutoencoderKLWan.from_pretrained(GOLDEN / "model/vae").save_pretrained(folder / "vae")
    for name in ("image_encoder", "image_processor"):
        shutil.copytree(GOLDEN / "model" / name, folder / name)

    pieces = write_tiny_tokenizer(folder)
    torch.manual_seed(0)
    text_encoder = UMT5EncoderModel(
        UMT5Config(vocab_size=pieces, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
    )
    text_encoder.save_pretrained(folder / "text_encoder", max_shard_size="40KB")
    return folder


def write_tiny_tokenizer(folder: Path) -> int:
    """A tokenizer of single characters; returns the size of its vocabulary."""
    from transformers import T5Tokenizer

    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_letters, *string.digits, *string.punctuation]
    tokenizer = T5Tokenizer(vocab=[(piece, -float(i > 2)) for i, piece in enumerate(pieces)], extra_ids=0)
    tokenizer.save_pretrained(folder / "tokenizer")
    return len(pieces)


if __name__ == "__main__":
    write_tiny_checkpoint(Path(sys.argv[1]))
