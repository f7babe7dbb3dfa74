"""SkyReels-A2 (arXiv:2504.02436): a prompt and one to three references with roles -> video.

The network is Wan2.1-I2V-14B unchanged: diffusers' ``WanTransformer3DModel`` and ``AutoencoderKLWan``, transformers'
``UMT5EncoderModel`` and ``CLIPVisionModel``. What is ours is what the paper adds around it, one file per question:

- `references`: images with roles, and how they are fitted to the frame.
- `layout`: which frames of the condition clip show which reference; the mask and the trim follow from it.
- `spatial`: references -> pixel clip -> VAE -> 4 mask channels and 16 latent channels.
- `semantic`: text tokens, and CLIP tokens of every reference.
- `pipeline`: noise -> latents -> frames.
- `request`: what can be asked for, and every refusal.
- `source`, `checkpoint`, `tensor_files`, `components`, `loading`: where the published folder is, checked key by key,
  then loaded; `foreign`: the layouts of others.
- `lora`, `lora_names`: files of others that are merged into the network.
- `memory`, `offload`: what stays on the device and what comes to it by groups; what is done when memory runs out.
- `acceleration`, `caching`: what makes it faster, and the tier that follows.
- `division`, `parallel`, `followers`: several GPUs on one video.

Five lines in Python::

    from pathlib import Path
    from a2bench.e2v.loading import load_pipeline
    from a2bench.e2v.references import read_reference
    from a2bench.e2v.request import Request
    references = (read_reference(Path("a.png"), "character"), read_reference(Path("b.jpg"), "background"))
    frames = load_pipeline(Path("SkyReels-A2"), device="cuda").generate(Request("A man in a park.", references))
"""
