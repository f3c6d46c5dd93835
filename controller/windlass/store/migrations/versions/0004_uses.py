"""Uses: what a definition uses is kept with it, as JSON, deflated

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("definitions", sa.Column("uses", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("definitions", "uses")
