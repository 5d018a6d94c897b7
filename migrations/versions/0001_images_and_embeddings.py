"""Images by content, embeddings by space, and the ledger of batches that are in."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables. The partial HNSW index of a space is made when the space is filled."""
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute(
        """
        CREATE TABLE image (
            sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
            dhash  bit(64) NOT NULL,
            width  integer NOT NULL CHECK (width > 0),
            height integer NOT NULL CHECK (height > 0),
            size   bigint  NOT NULL CHECK (size > 0),
            format text    NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE embedding (
            space  text    NOT NULL,
            sha256 bytea   NOT NULL REFERENCES image ON DELETE CASCADE,
            vector halfvec NOT NULL,
            PRIMARY KEY (space, sha256)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE batch (
            graph  text NOT NULL,
            source text NOT NULL,
            stage  text NOT NULL,
            digest text NOT NULL,
            rows   integer NOT NULL,
            at     timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (graph, source, stage, digest)
        )
        """
    )


def downgrade() -> None:
    """Drop the tables; the extension stays, because others may use it."""
    for table in ("batch", "embedding", "image"):
        op.execute(f"DROP TABLE {table}")
