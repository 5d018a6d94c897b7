"""`kwk dialogues`: build, show, stats, verify, publish."""

from __future__ import annotations

from dialogue.leakage_commands import leakage

for command in (leakage, filter_command, report, card):
    dialogues.add_command(command)
