"""Detail: what only some kinds of steps and attempts have (a lock, votes, parts), as JSON

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("steps", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("detail", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempts", "detail")
    op.drop_column("steps", "detail")
