"""A question to a grounded, illustrated answer: linking, slots filled from the graph, images, and how it is judged."""
