"""Which platform let somebody in, so that its sessions end with it; ids of platforms, as long as
LTI allows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEPT = {"sqlite_autoincrement": True}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite heeds no length
        for table in ("deployment", "context", "resource_link"):
            op.alter_column(table, "name", type_=sa.String(255), existing_nullable=False)
    for table in ("session", "invite"):  # to which no other refers: copying erases nothing
        with op.batch_alter_table(table, table_kwargs=KEPT) as batch:
            batch.add_column(sa.Column("platform", sa.Integer))
            name = f"fk_{table}_platform"
            batch.create_foreign_key(name, "platform", ["platform"], ["id"], ondelete="CASCADE")
            batch.create_index(f"ix_{table}_platform", ["platform"])


def downgrade() -> None:
    """Ids stay as long as they are: some may need it."""
    for table in ("session", "invite"):
        with op.batch_alter_table(table, table_kwargs=KEPT) as batch:
            batch.drop_index(f"ix_{table}_platform")
            batch.drop_constraint(f"fk_{table}_platform", type_="foreignkey")
            batch.drop_column("platform")
