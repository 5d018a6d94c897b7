// Keys: an entity, an image, a relation and a type are unique within their graph.
CREATE CONSTRAINT graph_name IF NOT EXISTS FOR (g:Graph) REQUIRE g.name IS UNIQUE;
CREATE CONSTRAINT entity_id IF NOT EXISTS FOR (e:Entity) REQUIRE (e.graph, e.id) IS UNIQUE;
CREATE CONSTRAINT image_sha256 IF NOT EXISTS FOR (i:Image) REQUIRE (i.graph, i.sha256) IS UNIQUE;
CREATE CONSTRAINT relation_path IF NOT EXISTS FOR (r:Relation) REQUIRE (r.graph, r.path) IS UNIQUE;
CREATE CONSTRAINT relation_type IF NOT EXISTS FOR (r:Relation) REQUIRE (r.graph, r.type) IS UNIQUE;
CREATE CONSTRAINT type_path IF NOT EXISTS FOR (t:Type) REQUIRE (t.graph, t.path) IS UNIQUE;
CREATE CONSTRAINT type_label IF NOT EXISTS FOR (t:Type) REQUIRE (t.graph, t.label) IS UNIQUE;
CREATE CONSTRAINT batch_n IF NOT EXISTS FOR (b:Batch) REQUIRE (b.graph, b.source, b.n) IS UNIQUE;

// Entities are found by any of their labels and aliases, in all graphs at once: over-fetch and filter by graph.
CREATE FULLTEXT INDEX entity_names IF NOT EXISTS FOR (e:Entity) ON EACH [e.names];
