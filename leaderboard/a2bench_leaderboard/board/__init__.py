"""The board: one folder of pages and tables, made from one file of inputs.

    runs, votes, published tables ──inputs──> inputs.json ──document──> leaderboard.json ──> page, CSV, Markdown, LaTeX

Everything in the folder follows from ``inputs.json`` to the last byte, so who has the folder can check every number.
"""
