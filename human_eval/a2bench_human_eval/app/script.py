"""What Streamlit runs for each view of a page."""

import streamlit as st

from a2bench_human_eval.app.rater import rater_page


def admin_page() -> None:
    """The organiser's page, imported when it is wanted: it brings pandas and scipy."""
    from a2bench_human_eval.app import admin

    admin.admin_page()


st.set_page_config(page_title="Video study", page_icon="🎬", layout="wide", initial_sidebar_state="collapsed")
pages = [
    st.Page(rater_page, title="Study", url_path="rate", default=True),
    st.Page(admin_page, title="Organiser", url_path="organiser"),
]
st.navigation(pages, position="hidden").run()
