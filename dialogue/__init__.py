"""Graph neighbourhoods become conversations: many rounds, images on both sides, every answer traced to its triples."""
