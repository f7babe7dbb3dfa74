"""A row is a system's name and revision, whatever the order in which runs are given."""

from itertools import permutations

import pytest

from a2bench.errors import InputError
from a2bench_human_eval.system_rows import SystemOf, row_names, runs_of_rows

ONE, TWO, OTHER = SystemOf("collage", "1"), SystemOf("collage", "2"), SystemOf("blur", "1")


def test_two_revisions_of_a_system_are_two_rows_and_one_is_called_by_its_name() -> None:
    assert row_names([ONE, TWO, OTHER]) == ["collage@1", "collage@2", "blur"]
    assert row_names([TWO, OTHER]) == ["collage", "blur"]


def test_only_one_name_in_one_revision_is_there_twice() -> None:
    with pytest.raises(InputError, match="two runs are of system 'blur' in one revision"):
        row_names([OTHER, ONE, OTHER])
    with pytest.raises(InputError, match="two runs are of system 'collage@1' in one revision"):
        row_names([ONE, TWO, ONE])


@pytest.mark.parametrize("given", list(permutations([(ONE, "first"), (TWO, "second"), (OTHER, "third")])))
def test_the_run_of_a_row_does_not_hang_on_the_order_of_the_runs(given: tuple[tuple[SystemOf, str], ...]) -> None:
    rows = row_names([ONE, TWO, OTHER])
    assert runs_of_rows(rows, given) == {"collage@1": "first", "collage@2": "second", "blur": "third"}
    with pytest.raises(InputError, match="one 'collage', and there are runs of its revisions '1' and '2'"):
        runs_of_rows(["collage", "blur"], given)


@pytest.mark.parametrize("given", list(permutations([(ONE, 1), (ONE, 2), (OTHER, 3)])))
def test_two_runs_of_one_revision_are_refused_by_name(given: tuple[tuple[SystemOf, int], ...]) -> None:
    with pytest.raises(InputError, match="two runs are of system 'collage' in one revision"):
        runs_of_rows(["collage", "blur"], given)
    assert runs_of_rows(["blur"], given) == {"blur": 3}  # the study does not speak of the others


def test_a_row_without_a_run_has_none() -> None:
    assert runs_of_rows(["collage", "blur"], [(OTHER, 3)]) == {"collage": None, "blur": 3}
