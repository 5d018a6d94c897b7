// Lineage: a dialogue is unique within its graph, and so is a turn. Turns are found from the entities they rest on.
CREATE CONSTRAINT dialogue_id IF NOT EXISTS FOR (d:Dialogue) REQUIRE (d.graph, d.id) IS UNIQUE;
CREATE CONSTRAINT turn_id IF NOT EXISTS FOR (t:Turn) REQUIRE (t.graph, t.id) IS UNIQUE;
