"""Built-in systems: name -> where it is. Nothing is imported until a system is asked for.

Beside `a2bench.model.systems.VideoModel`, an adapter may have these hooks:

- ``prepare(suite: Suite) -> None`` is called once in every process, before the first ``identity`` or ``generate``, with
  the full suite (not cut by ``--limit``): for systems that need to know the other cases, such as ``shuffled``.
- ``identity(case: Case) -> dict[str, Any]`` is what the video depends on beside the case's prompt and references, the
  system's name and revision, the settings and the seed. It takes the place of the options in the sample's key, so it
  names those of them that change the video. A JSON value, cheap, and never an error: what is impossible is said by
  ``check`` and ``generate``.
- ``check(case: Case, settings: GenerationSettings) -> None`` raises `InputError` for a video that the system cannot
  make. It is called for all samples before the first is made, so nothing is loaded for what will not do.

A system that works in steps calls `a2bench.base.steps.tell_step` after each; the bar on the terminal then shows them.
"""

ADAPTERS = {
    "folder": "a2bench.adapters.folder:Folder",
    "command": "a2bench.adapters.command:Command",
    "skyreels-a2": "a2bench.adapters.skyreels_a2:SkyReelsA2",
    "wan-vace-1.3b": "a2bench.adapters.wan_vace:WanVACE13B",
    "wan-vace-14b": "a2bench.adapters.wan_vace:WanVACE14B",
    "consisid": "a2bench.adapters.consisid:ConsisID",
    "collage": "a2bench.adapters.controls:Collage",
    "slideshow": "a2bench.adapters.controls:Slideshow",
    "frozen": "a2bench.adapters.controls:Frozen",
    "shuffled": "a2bench.adapters.controls:Shuffled",
    "missing-character": "a2bench.adapters.controls:MissingCharacter",
    "missing-object": "a2bench.adapters.controls:MissingObject",
    "missing-background": "a2bench.adapters.controls:MissingBackground",
    "flicker": "a2bench.adapters.controls:Flicker",
    "half": "a2bench.adapters.controls:Half",
    "swapped": "a2bench.adapters.controls:Swapped",
    "duplicated": "a2bench.adapters.controls:Duplicated",
    "pasted": "a2bench.adapters.controls:Pasted",
    "mirrored": "a2bench.adapters.controls:Mirrored",
    "colour-shift": "a2bench.adapters.controls:ColourShift",
    "zoom": "a2bench.adapters.controls:Zoom",
    "blur": "a2bench.adapters.controls:Blur",
    "noise": "a2bench.adapters.controls:Noise",
}
