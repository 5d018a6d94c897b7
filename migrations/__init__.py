"""Schema of both stores: Alembic revisions for Postgres, numbered Cypher files for Neo4j."""
