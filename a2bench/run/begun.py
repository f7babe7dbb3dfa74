"""What a run was begun with, which it keeps: its system and the settings of its videos."""

from dataclasses import dataclass

from pydantic import ValidationError

from a2bench.model.systems import GenerationSettings
from a2bench.run.store import RunStore


@dataclass(frozen=True)
class Begun:
    """The name of a run's system and the settings of its videos."""

    system: str
    settings: GenerationSettings


def begun_with(store: RunStore) -> Begun | None:
    """What a run was begun with, by its ``run.json``, or where that is damaged by its last finished sample.

    None where there is neither.
    """
    manifest = store.intact_manifest
    if manifest:
        return Begun(manifest.system.name, manifest.settings)
    for record in reversed(store.samples.values()):
        if record.status != "done":
            continue
        try:
            settings = GenerationSettings.model_validate(record.identity["settings"])
            return Begun(str(record.identity["system"]["name"]), settings)
        except (LookupError, TypeError, ValidationError):  # a record from elsewhere, which says less
            continue
    return None
