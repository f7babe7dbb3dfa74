"""What the organiser sees: coverage, checks, agreement, raters, votes over time. Behind a password, never linked."""

import hmac
import os
import time

import pandas as pd
import streamlit as st

from a2bench_human_eval.analysis import analyse
from a2bench_human_eval.app.server import ADMIN, open_desk
from a2bench_human_eval.database import reading
from a2bench_human_eval.raters import secret_sha256
from a2bench_human_eval.results import Number, PairBoard, StudyResults
from a2bench_human_eval.results_text import asked_text
from a2bench_human_eval.rubric import rubric_of
from a2bench_human_eval.status import study_status
from a2bench_human_eval.votes_table import votes_table


def admin_page() -> None:
    """The organiser's page."""
    st.title("Organiser")
    if not st.session_state.get("is_admin"):
        _login()
        return
    desk = open_desk()
    with reading(desk.engine, desk.study) as (session, study):
        status = study_status(session, study)
        results = analyse(votes_table(session, study), rubric_of(study))
    _numbers(status)
    _results(results)
    _raters(status)


def _login() -> None:
    expected = os.environ.get(ADMIN, "")
    if not expected:
        st.info("This page is closed. Start the server with `a2bench rate serve --admin` to open it.")
        return

    def check() -> None:
        given = secret_sha256(st.session_state.pop("password"))
        if hmac.compare_digest(given, expected):
            st.session_state["is_admin"] = True
        else:
            time.sleep(1)
            st.session_state["wrong"] = True

    with st.form("login"):
        st.text_input("Password", type="password", key="password")
        st.form_submit_button("Open", on_click=check)
    if st.session_state.pop("wrong", False):
        st.error("That is not the password that `a2bench rate serve --admin` printed.")


def _numbers(status: dict) -> None:  # type: ignore[type-arg]
    if status["tampering"]:
        st.error("The log does not fit the votes: " + "; ".join(status["tampering"][:5]))
    columns = st.columns(4)
    columns[0].metric("Votes", f"{status['votes']} of {status['wanted']}")
    columns[1].metric("Raters finished", status["stages"].get("finished", 0))
    columns[2].metric("Raters under way", status["stages"].get("rating", 0))
    columns[3].metric("Leases past their time", status["stuck_leases"])
    coverage = pd.DataFrame(
        [
            {"case": case, "votes": row["votes"], "wanted": row["wanted"], "share": row["votes"] / row["wanted"]}
            for case, row in status["coverage"].items()
        ]
    )
    st.subheader("Coverage")
    st.dataframe(
        coverage,
        column_config={"share": st.column_config.ProgressColumn("share", min_value=0, max_value=1)},
        hide_index=True,
    )
    left, right = st.columns(2)
    left.subheader("Checks")
    left.dataframe(pd.DataFrame(status["checks"]).T)
    right.subheader("Votes per hour")
    right.bar_chart(pd.Series(status["votes_per_hour"], name="votes"))


def _results(results: StudyResults) -> None:
    st.subheader("Agreement and sides")
    rows = []
    for board in results.boards:
        row = {"question": board.dimension, "votes": board.votes, "alpha": _text(board.alpha)}
        if isinstance(board, PairBoard):
            row |= {
                "left share": _text(board.left_share),
                "swap consistency": _text(board.swap_consistency),
                "both bad": board.both_bad_share,
            }
        rows.append(row | {"raters read": asked_text(board.text)})
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption("Results by system: `a2bench rate analyze`. They are kept from this page while the study is open.")


def _text(estimate: Number | None) -> str:
    if estimate is None or estimate.value is None:
        return f"undefined: {(estimate and estimate.reason) or 'no votes'}"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} ({estimate.reason})"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _raters(status: dict) -> None:  # type: ignore[type-arg]
    st.subheader("Raters")
    table = pd.DataFrame(status["raters"])
    if not table.empty:
        table["flags"] = table["flags"].str.join(", ")
    st.dataframe(table, hide_index=True)
