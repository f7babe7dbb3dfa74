"""``a2bench suites version`` and ``diff``: one version is one content, and what two of them differ in."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from a2bench.model.cases import load_suite

if TYPE_CHECKING:
    from a2bench.suites.diff import SuiteDiff


@click.command("version")
@click.argument("suite_name", metavar="SUITE")
@click.argument("new", metavar="[VERSION]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def version_command(suite_name: str, new: str | None, as_json: bool) -> None:
    """Say which version of a suite this is, or give it a new one (1.0, 1.0.1, 1.1-draft).

    Whoever changes a case, an image or a licence gives the suite a new version; `a2bench suites check` fails otherwise.
    Exit code 0 when the suite is what its version says, 2 when it was changed since.
    """
    from a2bench.errors import CaseError
    from a2bench.suites.header import changed_parts, contents_of, header_path, read_header, write_version

    suite = load_suite(suite_name)
    header = write_version(suite, new) if new else read_header(suite.path)
    if header is None:
        raise CaseError(f"{suite.name} has no version; type `a2bench suites version {suite.address} 1.0-draft`")
    changed = changed_parts(header, contents_of(suite))
    if as_json:
        document = {"suite": suite.name, "file": str(header_path(suite.path)), "changed": changed}
        click.echo(json.dumps({**document, **header.model_dump(mode="json")}, indent=2, ensure_ascii=False))
    else:
        now = header.contents
        click.echo(f"{header.name} {header.version}: {now.cases} cases, {now.images} images, revision {now.revision}")
        if changed:
            click.echo(f"changed since: {' and '.join(changed)}; give it a new version")
    if changed:
        click.get_current_context().exit(2)


@click.command("diff")
@click.argument("old_name", metavar="OLD")
@click.argument("new_name", metavar="NEW")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff_command(old_name: str, new_name: str, as_json: bool) -> None:
    """Say what differs between two suites: cases added, removed and changed, field by field, and images.

    Exit code 0 when nothing differs, 1 when something does.
    """
    from a2bench.suites.diff import diff_suites

    diff = diff_suites(load_suite(old_name), load_suite(new_name))
    if as_json:
        click.echo(json.dumps(diff.to_json(), indent=2, ensure_ascii=False))
    else:
        for line in _diff_lines(diff):
            click.echo(line)
    if not diff.same:
        click.get_current_context().exit(1)


def _diff_lines(diff: "SuiteDiff") -> Iterator[str]:
    for case_id in diff.removed:
        yield click.style(f"- {case_id}", fg="red")
    for case_id in diff.added:
        yield click.style(f"+ {case_id}", fg="green")
    for case_id, changes in diff.changed.items():
        yield click.style(f"~ {case_id}", fg="yellow")
        for change in changes:
            yield f"    {change.field}"
            yield f"      - {json.dumps(change.old, ensure_ascii=False)}"
            yield f"      + {json.dumps(change.new, ensure_ascii=False)}"
    if diff.moved:
        yield "the cases stand in another order"
    for sign, files in (("-", diff.images_removed), ("+", diff.images_added), ("~", diff.images_changed)):
        for file in files:
            yield f"{sign} image {file}"
    if diff.same:
        yield "nothing differs"
    else:
        images = len(diff.images_added) + len(diff.images_removed) + len(diff.images_changed)
        yield (
            f"{len(diff.added)} cases added, {len(diff.removed)} removed, {len(diff.changed)} changed; "
            f"{images} images differ"
        )
