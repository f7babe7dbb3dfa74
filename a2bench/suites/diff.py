"""What differs between two versions of a suite: cases added, removed and changed, field by field, and images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from a2bench.model.cases import Case, Suite
from a2bench.suites.pack import suite_images


@dataclass(frozen=True)
class Change:
    """One field that differs; ``old`` or ``new`` is None where it is not there."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class SuiteDiff:
    """What differs between two suites.

    changed: fields by case id. moved: cases that stand in both but in another order. images_*: by file.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: dict[str, tuple[Change, ...]]
    moved: bool
    images_added: tuple[str, ...]
    images_removed: tuple[str, ...]
    images_changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.moved)

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON values."""
        changed = {case: [vars(change) for change in changes] for case, changes in self.changed.items()}
        return {"same": self.same, **vars(self), "changed": changed}


def diff_suites(old: Suite, new: Suite) -> SuiteDiff:
    """Compare two suites case by case, by their ids."""
    before, after = {case.id: case for case in old.cases}, {case.id: case for case in new.cases}
    changed = {}
    common = [case_id for case_id in after if case_id in before]
    for case_id in common:
        if changes := tuple(_changes(_plain(before[case_id]), _plain(after[case_id]))):
            changed[case_id] = changes
    old_images, new_images = suite_images(old), suite_images(new)
    return SuiteDiff(
        added=tuple(case_id for case_id in after if case_id not in before),
        removed=tuple(case_id for case_id in before if case_id not in after),
        changed=changed,
        moved=common != [case_id for case_id in before if case_id in after],
        images_added=tuple(sorted(new_images.keys() - old_images.keys())),
        images_removed=tuple(sorted(old_images.keys() - new_images.keys())),
        images_changed=tuple(
            file
            for file in sorted(old_images.keys() & new_images.keys())
            if old_images[file].sha256 != new_images[file].sha256
        ),
    )


def _plain(case: Case) -> dict[str, Any]:
    """A case with its elements by name, so that fields are named as people name them."""
    data = case.model_dump(mode="json")
    return {**data, "elements": dict(zip(case.element_ids, data["elements"], strict=True))}


def _changes(old: Any, new: Any, field: str = "") -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(old.get(key), new.get(key), f"{field}.{key}".lstrip("."))
    elif old != new:
        yield Change(field, old, new)
