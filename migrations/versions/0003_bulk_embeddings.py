"""Embeddings load several times as fast: no foreign key is looked up for each row, and rows stay in their page."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Drop the foreign key, whose check cost more than the rest of a COPY; find embeddings by image first.

    `kg.vectors` writes an image before its embeddings, in one transaction, and deletes both in one.
    """
    op.execute("ALTER TABLE embedding DROP CONSTRAINT embedding_sha256_fkey")
    op.execute("ALTER TABLE embedding DROP CONSTRAINT embedding_pkey")
    op.execute("ALTER TABLE embedding ADD PRIMARY KEY (sha256, space)")
    op.execute("ALTER TABLE embedding SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    """Put the keys back."""
    op.execute("ALTER TABLE embedding RESET (toast_tuple_target)")
    op.execute("ALTER TABLE embedding DROP CONSTRAINT embedding_pkey")
    op.execute("ALTER TABLE embedding ADD PRIMARY KEY (space, sha256)")
    op.execute("DELETE FROM embedding WHERE NOT EXISTS (SELECT FROM image WHERE image.sha256 = embedding.sha256)")
    op.execute("ALTER TABLE embedding ADD FOREIGN KEY (sha256) REFERENCES image ON DELETE CASCADE")
