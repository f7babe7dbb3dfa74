"""The pages of a study: a Streamlit app for raters and organisers, with our own routes for links and media."""
