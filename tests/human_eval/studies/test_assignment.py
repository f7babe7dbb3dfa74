import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from sqlalchemy import Engine, func, select, update
from study_helpers import all_ballots, answer_all, new_rater, work

from a2bench_human_eval.assignment import CHECK_KINDS, next_ballot, queue_ballot, task_counts
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.raters import rater_of_session
from a2bench_human_eval.tables import Ballot, Stimulus, Task
from tests.loopback import PATIENCE


def test_tasks_get_the_wanted_votes_and_not_one_more(engine: Engine, make_study) -> None:
    study = make_study(votes_per_task=2)
    for _ in range(6):
        work(engine, study)
    with reading(engine, study) as (session, row):
        tasks = session.scalars(select(Task).where(Task.purpose == "rating")).all()
        assert len(tasks) == 6 * 3
        counts = task_counts(session, row)
    assert [counts[task.id] for task in tasks] == [2] * len(tasks)


def test_nobody_sees_a_task_twice_except_as_a_repeat_with_sides_exchanged(engine: Engine, make_study) -> None:
    study = make_study(check_every=3)
    for _ in range(3):
        work(engine, study)
    for ballots in all_ballots(engine, study).values():
        counted = Counter(ballot.task_id for ballot in ballots if ballot.purpose != "swap")
        assert max(counted.values()) == 1
        shown = {ballot.task_id: ballot.first_is_left for ballot in ballots if ballot.purpose == "rating"}
        for repeat in (ballot for ballot in ballots if ballot.purpose == "swap"):
            assert repeat.first_is_left is not shown[repeat.task_id]


def test_sides_are_balanced_within_each_task_and_over_each_rater(engine: Engine, make_study) -> None:
    study = make_study(votes_per_task=2, check_every=100)
    for _ in range(6):
        work(engine, study)
    by_task, by_rater = defaultdict(list), defaultdict(list)
    for rater, ballots in all_ballots(engine, study).items():
        for ballot in ballots:
            if ballot.purpose == "rating":
                by_task[ballot.task_id].append(ballot.first_is_left)
                by_rater[rater].append(ballot.first_is_left)
    assert all(sum(sides) == 1 for sides in by_task.values())
    assert sum(map(sum, by_rater.values())) * 2 == sum(map(len, by_rater.values()))


def test_one_check_comes_in_each_block_and_its_place_differs_between_raters(engine: Engine, make_study) -> None:
    study = make_study(check_every=4, votes_per_task=20, ballots_per_rater=12)
    places = set()
    for _ in range(4):
        work(engine, study)
    for ballots in all_ballots(engine, study).values():
        served = [ballot for ballot in ballots if ballot.purpose != "training"]
        checks = [place for place, ballot in enumerate(served) if ballot.purpose in CHECK_KINDS]
        assert Counter(place // 4 for place in checks) == {block: 1 for block in range(len(served) // 4)} | (
            {len(served) // 4: 1} if any(place // 4 == len(served) // 4 for place in checks) else {}
        )
        places.add(tuple(checks))
    assert len(places) > 1


def test_the_systems_of_each_case_stay_connected_with_many_systems(engine: Engine, tmp_path: Path) -> None:
    from demo_run import Demo, write_demo_run
    from study_helpers import tiny_settings

    from a2bench.model.cases import load_suite
    from a2bench_human_eval.design import create_study

    mini = load_suite("a2bench-mini")
    runs = [write_demo_run(tmp_path / f"s{n}", Demo(system=f"s{n}"), mini, (mini.cases[0].id,)) for n in range(6)]
    create_study(engine, tiny_settings(), runs, tmp_path / "media")
    with reading(engine, "tiny") as (session, _):
        tasks = session.scalars(select(Task).where(Task.purpose == "rating")).all()
        systems = dict(session.execute(select(Stimulus.id, Stimulus.system_id)).all())
    met = Counter(systems[side] for task in tasks for side in (task.first_id, task.second_id))
    assert len(tasks) == 6
    assert set(met.values()) == {2}


def test_a_closed_tab_loses_nothing_the_same_ballot_comes_back(engine: Engine, make_study) -> None:
    study = make_study()
    secret = new_rater(engine, study)
    desk = Desk(engine, study)
    answer_all(desk, secret, ballots=4)
    first, again = desk.place(secret).ballot, desk.place(secret).ballot
    assert first and again
    assert (first.id, first.media) == (again.id, again.media)


def test_an_abandoned_ballot_is_handed_to_somebody_else(engine: Engine, make_study) -> None:
    study = make_study(votes_per_task=1, check_every=100, ballots_per_rater=100)
    leaver = new_rater(engine, study)
    answer_all(Desk(engine, study), leaver, ballots=2)
    abandoned = Desk(engine, study).place(leaver).ballot
    assert abandoned
    with writing(engine, study) as (session, _):
        session.execute(update(Ballot).where(Ballot.state.in_(("open", "queued"))).values(lease_until=1.0))
    work(engine, study)
    with reading(engine, study) as (session, row):
        wanted = session.scalar(select(func.count()).where(Task.study_id == row.id, Task.purpose == "rating"))
        voted = session.scalar(select(func.count()).where(Ballot.purpose == "rating", Ballot.state == "voted"))
        assert session.get_one(Ballot, abandoned.id).state == "expired"
    assert voted == wanted


def test_the_next_ballot_is_queued_and_then_opened(engine: Engine, make_study) -> None:
    study = make_study()
    secret = new_rater(engine, study)
    answer_all(Desk(engine, study), secret, ballots=2)
    with writing(engine, study) as (session, row):
        rater = rater_of_session(session, row, secret)
        ballot = next_ballot(session, row, rater)
        queued, again = queue_ballot(session, row, rater), queue_ballot(session, row, rater)
        assert ballot and queued and again
        assert (queued.id, queued.state) == (again.id, "queued")
        ballot.state = "skipped"
        session.flush()
        opened = next_ballot(session, row, rater)
        assert opened and (opened.id, opened.state) == (queued.id, "open")


WORKER = """
import sys
sys.path.insert(0, {here!r})
from study_helpers import work
from a2bench_human_eval.database import open_database
work(open_database({database!r}), "tiny", raters=3)
"""


def test_processes_at_once_fill_every_task_exactly(engine: Engine, database: str, make_study) -> None:
    study = make_study(votes_per_task=2, ballots_per_rater=8, check_every=50)
    code = WORKER.format(here=str(Path(__file__).parent), database=database)
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(timeout=PATIENCE) for process in running] == [0] * 3
    with reading(engine, study) as (session, row):
        tasks = session.scalars(select(Task).where(Task.purpose == "rating")).all()
        counts = task_counts(session, row)
    assert sum(counts.values()) == 2 * len(tasks)
    assert set(counts.values()) == {2}


def test_two_checkpoints_of_one_system_are_two_rows_of_a_study_and_its_agreement(
    engine: Engine, tmp_path: Path
) -> None:
    from demo_run import Demo, write_demo_run
    from study_helpers import tiny_settings

    from a2bench.model.cases import load_suite
    from a2bench_human_eval.design import create_study
    from a2bench_human_eval.metrics_and_people import metrics_and_people
    from a2bench_human_eval.votes_table import votes_table

    mini = load_suite("a2bench-mini")
    cases = tuple(case.id for case in mini.cases[:3])
    one, two = (
        write_demo_run(tmp_path / f"r{n}", Demo(revision=str(n), quality=0.2 + 0.3 * n, flaws=0.0), mini, cases)
        for n in (1, 2)
    )
    create_study(engine, tiny_settings(), [one, two], tmp_path / "media")
    for _ in range(2):
        work(engine, "tiny")
    with reading(engine, "tiny") as (session, study):
        table = votes_table(session, study)
    assert {*table["left"], *table["right"]} <= {"alpha@1", "alpha@2", "(check)"}
    found = metrics_and_people(table, [one, two], "overall")
    assert found == metrics_and_people(table, [two, one], "overall")
    assert any(row["unscored"] == 0 and row["vote_accuracy"] is not None for row in found)
