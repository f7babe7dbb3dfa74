"""What alembic runs: migrations on the connection that `a2bench_human_eval.database.migrate` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
