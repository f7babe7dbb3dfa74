"""What a rater sees: consent, playback test, training, ballots, breaks, the end.

Drawn anew at every step from the database; the session keeps only the answers to the open ballot and whether a break
is due.
"""

import time
from collections.abc import Callable
from html import escape

import streamlit as st

from a2bench_human_eval.app.components import ask, player
from a2bench_human_eval.app.server import COOKIE, open_desk
from a2bench_human_eval.database import StudyBusyError
from a2bench_human_eval.desk import Desk, Feedback, Place
from a2bench_human_eval.raters import AccessError, StageError
from a2bench_human_eval.voting import BallotError, BallotView

STYLE = """<style>
.stMainBlockContainer { padding: 1rem 1.5rem 2rem; max-width: 1500px; }
[data-testid="stHeader"] { display: none; }
.stMainBlockContainer [data-testid="stVerticalBlock"] { gap: 0.5rem; }
.a2refs { display: flex; gap: 0.75rem; flex-wrap: wrap; }
.a2refs figure { margin: 0; max-width: 9rem; }
.a2refs img { height: 6.5rem; max-width: 100%; object-fit: contain; border-radius: 6px; }
.a2refs figcaption { font-size: 0.8rem; line-height: 1.2; }
</style>"""
SKIP_REASONS = ("It does not play", "It is unpleasant", "Another reason")


def rater_page() -> None:
    """The page behind an invite link."""
    st.html(STYLE)
    desk = open_desk()
    secret = st.context.cookies.get(COOKIE, "")
    try:
        place = desk.place(secret)
    except AccessError as error:
        _ended(error)
        return
    except StudyBusyError:
        st.info("Many people are rating just now. One moment, please: the page goes on by itself.")
        time.sleep(2)
        st.rerun()
    draw = {
        "invited": _consent,
        "calibration": _playback_test,
        "training": _ballot,
        "rating": _ballot,
        "finished": _finished,
        "stopped": _stopped,
    }[place.stage]
    draw(desk, secret, place)


def _ended(error: AccessError) -> None:
    st.title("Video study")
    st.info(f"{str(error)[0].upper()}{str(error)[1:]}." if error.args else "Please open your link again.")


def _act(what: Callable[[], object]) -> None:
    """Run what a button does; what cannot be done is said on the page and changes nothing."""
    try:
        what()
    except (BallotError, StageError, AccessError, StudyBusyError) as error:
        st.session_state["problem"] = str(error)


def _show_problem() -> None:
    if problem := st.session_state.pop("problem", None):
        st.warning(problem)


def _consent(desk: Desk, secret: str, place: Place) -> None:
    st.title(plain(place.settings.title))
    st.markdown(place.settings.consent_text)
    left, right = st.columns(2)
    left.button(
        "I agree, let us start",
        type="primary",
        shortcut="Enter",
        width="stretch",
        on_click=_act,
        args=(lambda: desk.consent(secret),),
    )
    right.button("No, thank you", width="stretch", on_click=_act, args=(lambda: desk.stop(secret),))


def _playback_test(desk: Desk, secret: str, place: Place) -> None:
    st.title("Can you see this?")
    st.write("A video with a moving two-digit number plays below. Type the number and press Enter.")
    _show_problem()
    settings = place.settings
    player(
        "playback",
        [("", "/clip/playback")],
        seconds=2.0,
        fps=settings.fps,
        size=(settings.width, settings.height),
        preload=[],
    )

    def check() -> None:
        digits = st.session_state["digits"]
        if not desk.playback_test(secret, digits):
            st.session_state["problem"] = (
                f"{digits!r} is not the number. Look again; if no video plays, try another browser."
            )

    with st.form("playback", border=False):
        st.text_input("Number", key="digits", max_chars=4)
        st.form_submit_button("Go on", type="primary", on_click=_act, args=(check,))


def _ballot(desk: Desk, secret: str, place: Place) -> None:
    if not place.open or place.ballot is None:
        st.title("Thank you")
        st.info("There is nothing to rate at the moment. You may close this window.")
        return
    if feedback := st.session_state.get("feedback"):
        _show_feedback(feedback)
        return
    if st.session_state.get("break_at") == place.done and place.done:
        _break(place)
        return
    back = st.session_state.get("back", 0)
    view = desk.last_vote(secret, back) if back else None
    if back and view is None:
        st.session_state["back"] = 0
    _draw_ballot(desk, secret, place, view or place.ballot, changing=view is not None)


def _draw_ballot(desk: Desk, secret: str, place: Place, view: BallotView, *, changing: bool) -> None:
    _progress(place, view, changing)
    _show_problem()
    if view.note:
        st.info(view.note)
    words, pictures = st.columns([1, 1])
    words.markdown(f"#### {plain(view.prompt)}")
    pictures.html(_references(view))
    slots = [("Left", "left"), ("Right", "right")] if "left" in view.media else [("", "only")]
    key = f"{view.id}-{view.revision}"
    watched = player(
        key,
        [(label, f"/clip/{view.media[slot]}") for label, slot in slots],
        seconds=view.seconds,
        fps=place.settings.fps,
        size=(place.settings.width, place.settings.height),
        preload=[f"/clip/{token}" for token in place.next_media],
    )
    st.session_state.setdefault(f"shown-{key}", time.monotonic())
    _questions(desk, secret, place, view, watched=watched or changing, key=key, changing=changing)


def _progress(place: Place, view: BallotView, changing: bool) -> None:
    if view.purpose == "training":
        st.caption("Practice: you get an answer after each one, and nothing is counted.")
    else:
        left = max(0, place.total - place.done)
        minutes = max(1, round(left * 0.5))
        st.progress(min(1.0, place.done / place.total), f"{place.done} of {place.total}, about {minutes} minutes left")
    if changing:
        st.info("You are changing an earlier vote. The videos are those of that vote.")


def _references(view: BallotView) -> str:
    """The references side by side; every text in it is escaped."""
    figures = []
    for name, role, phrase in view.elements:
        url, words = escape(f"/clip/{view.media[name]}"), escape(f"{role}: {phrase}")
        figures.append(
            f'<figure><a href="{url}" target="_blank" rel="noreferrer" title="Enlarge"><img src="{url}" '
            f'alt="Reference of {words}"></a><figcaption>{words}</figcaption></figure>'
        )
    return f'<div class="a2refs">{"".join(figures)}</div>'


@st.fragment
def _questions(
    desk: Desk, secret: str, place: Place, view: BallotView, *, watched: bool, key: str, changing: bool
) -> None:
    """Questions and buttons; answers draw only these anew."""
    answers = ask(key, view.questions, view.answers)
    _footer(desk, secret, place, view, answers, watched=watched, key=key, changing=changing)


def plain(text: str) -> str:
    """Text of a suite as text: nothing in it becomes markup."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]()#+-.!|<>$~:&" else letter for letter in text)


def _footer(
    desk: Desk,
    secret: str,
    place: Place,
    view: BallotView,
    answers: dict[str, str],
    *,
    watched: bool,
    key: str,
    changing: bool,
) -> None:
    complete = all(question.id in answers for question in view.questions)
    if not watched:
        st.caption("You can answer while you watch; the vote is accepted once the videos were played to the end.")

    def vote() -> None:
        seconds = time.monotonic() - st.session_state[f"shown-{key}"]
        feedback = desk.vote(
            secret, view.id, view.revision, answers, seconds=round(seconds, 2), played=1.0 if watched else 0.0
        )
        st.session_state["back"] = 0
        if feedback:
            st.session_state["feedback"] = feedback
        elif not changing and (place.done + 1) % place.settings.break_every == 0:
            st.session_state["break_at"] = place.done + 1

    send, undo, skip = st.columns([4, 2, 2])
    moved = send.button(
        "Send vote",
        key=f"send-{key}",  # so that a second press is never taken for a vote on the next ballot
        type="primary",
        shortcut="Enter",
        disabled=not (complete and watched),
        width="stretch",
        on_click=_act,
        args=(vote,),
    )
    if place.can_undo and view.purpose != "training":
        moved |= undo.button("Earlier vote", key=f"undo-{key}", shortcut="Z", width="stretch", on_click=_go_back)
    if changing:
        moved |= skip.button(
            "Leave as it was", key=f"leave-{key}", shortcut="Escape", width="stretch", on_click=_go_forward
        )
    elif view.purpose != "training":
        with skip.popover("Skip", width="stretch"):
            for reason in SKIP_REASONS:
                moved |= st.button(
                    reason,
                    width="stretch",
                    key=f"skip-{view.id}-{reason}",
                    on_click=_act,
                    args=(lambda reason=reason: desk.skip(secret, view.id, reason),),
                )
    if moved:
        st.rerun()  # of the whole page, not of the questions alone


def _go_back() -> None:
    st.session_state["back"] = st.session_state.get("back", 0) + 1


def _go_forward() -> None:
    st.session_state["back"] = 0


def _show_feedback(feedback: Feedback) -> None:
    st.title("That is right." if feedback.right else "Not quite.")
    st.write(feedback.text)
    st.button("Next", type="primary", shortcut="Enter", on_click=st.session_state.pop, args=("feedback", None))


def _break(place: Place) -> None:
    st.title("A short break?")
    st.write(
        f"You have rated {place.done} of {place.total}. All your votes are stored: rest your eyes, or go on later."
    )
    st.button("Go on", type="primary", shortcut="Enter", on_click=st.session_state.pop, args=("break_at", None))


def _finished(desk: Desk, secret: str, place: Place) -> None:
    st.title("Thank you!")
    st.write("All your votes are stored. Your completion code:")
    st.code(place.completion_code, language=None)
    if place.can_undo:
        st.caption("You may close this window.")


def _stopped(desk: Desk, secret: str, place: Place) -> None:
    st.title("Thank you")
    st.write("You have left the study. You may close this window.")
