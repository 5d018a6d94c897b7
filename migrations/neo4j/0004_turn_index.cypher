// A turn is written in the transaction that creates its dialogue, which is unique: so its own id need only be found.
DROP CONSTRAINT turn_id IF EXISTS;
CREATE INDEX turn_id IF NOT EXISTS FOR (t:Turn) ON (t.graph, t.id);
