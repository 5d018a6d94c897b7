"""What a dataset is worth, measured and written down: statistics, ten principles, filters, a report, a card."""
