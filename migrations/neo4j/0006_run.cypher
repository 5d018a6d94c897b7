// Runs that `kwk runs publish` brings into the graph, with the negatives that each turn met while they were trained.
CREATE CONSTRAINT run_id IF NOT EXISTS FOR (r:Run) REQUIRE (r.graph, r.id) IS UNIQUE;
CREATE INDEX met_negative_turn IF NOT EXISTS FOR ()-[m:MET_NEGATIVE]-() ON (m.turn);
