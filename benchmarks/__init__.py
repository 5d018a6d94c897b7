"""Our code against its peers, both sides in turn in one run: what is printed is the ratio of medians."""
