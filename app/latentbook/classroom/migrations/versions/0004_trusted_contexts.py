"""Which courses of a platform have their teachers teach here: none, until an instructor says so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    added = sa.Column("is_trusted", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("context", added)


def downgrade() -> None:
    op.drop_column("context", "is_trusted")
