"""What a language model writes for dialogues, and what is believed of it."""
