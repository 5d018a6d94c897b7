"""Conversations to a trained model: tokens, losses, negatives by graph proximity, training, checkpoints."""
