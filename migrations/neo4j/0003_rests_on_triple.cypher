// A relationship can't be an endpoint, and a list can't be indexed: so what a turn rests on carries the triple's key.
CREATE INDEX rests_on_triple IF NOT EXISTS FOR ()-[r:RESTS_ON]-() ON (r.triple);
CREATE INDEX dialogue_folder IF NOT EXISTS FOR (d:Dialogue) ON (d.graph, d.folder);
