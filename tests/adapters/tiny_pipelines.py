"""Checkpoints of Wan-VACE and ConsisID in the published layouts, tiny and random, saved by the libraries themselves.

``python tests/adapters/tiny_pipelines.py wan-vace-1.3b DIR`` writes one, so that every command can be tried out.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2v"))

from tiny_checkpoint import GOLDEN, write_tiny_tokenizer  # noqa: E402


def write_wan_vace(folder: Path) -> Path:
    import torch
    from diffusers import AutoencoderKLWan, WanVACETransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    pieces = write_tiny_tokenizer(folder)
    torch.manual_seed(0)
    transformer = WanVACETransformer3DModel(
        num_attention_heads=2, attention_head_dim=12, text_dim=32, freq_dim=32, ffn_dim=32, num_layers=2,
        rope_max_seq_len=32, vace_layers=[0, 1],
    )  # fmt: skip
    transformer.save_pretrained(folder / "transformer", max_shard_size="60KB")
    AutoencoderKLWan.from_pretrained(GOLDEN / "model/vae").save_pretrained(folder / "vae")
    config = UMT5Config(vocab_size=pieces, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
    UMT5EncoderModel(config).save_pretrained(folder / "text_encoder")
    return folder


def write_consisid(folder: Path) -> Path:
    import torch
    from diffusers import AutoencoderKLCogVideoX, CogVideoXDPMScheduler, ConsisIDTransformer3DModel
    from transformers import T5Config, T5EncoderModel

    pieces = write_tiny_tokenizer(folder)
    torch.manual_seed(0)
    transformer = ConsisIDTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8, out_channels=4, time_embed_dim=2,
        text_embed_dim=32, num_layers=2, sample_width=8, sample_height=6, sample_frames=9,
        use_rotary_positional_embeddings=True, use_learned_positional_embeddings=True, cross_attn_interval=1,
        is_kps=True, is_train_face=True, cross_attn_dim_head=1, cross_attn_num_heads=1, LFE_id_dim=2, LFE_vit_dim=2,
        LFE_depth=5, LFE_dim_head=8, LFE_num_heads=2, LFE_num_id_token=1, LFE_num_querie=1, LFE_output_dim=21,
        LFE_ff_mult=1, LFE_num_scale=1,
    )  # fmt: skip
    transformer.save_pretrained(folder / "transformer")
    vae = AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
    )  # fmt: skip
    vae.save_pretrained(folder / "vae")
    config = T5Config(vocab_size=pieces, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
    T5EncoderModel(config).save_pretrained(folder / "text_encoder")
    CogVideoXDPMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type="v_prediction",
        rescale_betas_zero_snr=True, snr_shift_scale=1.0, timestep_spacing="trailing",
    ).save_pretrained(folder / "scheduler")  # fmt: skip
    return folder


if __name__ == "__main__":
    {"wan-vace-1.3b": write_wan_vace, "consisid": write_consisid}[sys.argv[1]](Path(sys.argv[2]))
