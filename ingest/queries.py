"""All Cypher of the package `ingest`. Values are parameters, always.

What the gates write on `(:Entity)-[h:HAS_IMAGE]->(:Image)`:

- `gate`: `unjudged`, `kept` or `dropped`; `chosen` where the experts agreed on this image
- `reason`: why it was dropped (`duplicate`, `typicality`, `semantic`), empty otherwise; `duplicate_of`: sha256
- `encoder`: the space of the features; `dhash_score`, `clip_score`, `typicality`, `typicality_rank`, `semantic`,
  `semantic_rank` (ranks begin at 1; absent where the gate was out of force or the image had left before)
- `voters`, `voted`: who chose this image for this entity, and when (ISO 8601), side by side
"""
