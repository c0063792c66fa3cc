"""What the operator typed, turned into requests: selectors, amounts, options, scripts. Never prints data."""
