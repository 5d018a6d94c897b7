// Answers that `kwk trace --publish` brings into the graph.
CREATE CONSTRAINT answer_id IF NOT EXISTS FOR (a:Answer) REQUIRE (a.graph, a.id) IS UNIQUE;
