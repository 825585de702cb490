"""Record who created sessions, identities and platforms, and the order in which answers arrived."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


COLUMNS = {"session": "made_by", "identity": "made_by", "platform": "added_by"}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, sa.Integer))
            to = (f"fk_{table}_{column}", "person", [column], ["id"])
            batch.create_foreign_key(*to, ondelete="SET NULL")
            batch.create_index(f"ix_{table}_{column}", [column])

    op.execute("ALTER TABLE attempt ADD COLUMN number INTEGER DEFAULT 0 NOT NULL")
    op.create_index("ix_attempt_number", "attempt", ["number"])
    connection = op.get_bind()
    found = connection.exec_driver_sql("SELECT id FROM attempt ORDER BY arrived_at, id").scalars()
    numbered = [{"id": id, "number": number} for number, id in enumerate(found, start=1)]
    if numbered:
        change = sa.text("UPDATE attempt SET number = :number WHERE id = :id")
        connection.execute(change, numbered)

    op.drop_table("login_state")
    op.create_table(
        "used_step",
        sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_used_step_expires_at", "used_step", ["expires_at"])


def downgrade() -> None:
    """Leave nothing: the first edition's downgrade drops the other tables."""
    op.drop_table("used_step")
