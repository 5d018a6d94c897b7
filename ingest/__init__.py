"""Files to graph, images to gates to embeddings."""
