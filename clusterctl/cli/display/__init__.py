"""What the operator sees: listings, cards, bars, what is followed. Pictures become text here, and never elsewhere."""
