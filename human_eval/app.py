"""The rating app as an ASGI application: `uvicorn human_eval.app:app` behind a proxy of one's own.

`a2bench rate serve` is the usual way. Which study is served is read from the environment:
`a2bench_human_eval.app.server`.
"""

from a2bench_human_eval.app.server import make_app

app = make_app()
