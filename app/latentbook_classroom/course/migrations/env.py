"""Alembic runs this for each migration, on the connection that ``Database.migrate`` gives it."""

from alembic import context

from latentbook_classroom.course.platform_tables import platform

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=platform.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
