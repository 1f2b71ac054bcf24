"""Models that put the sea floor into few numbers: linear rivals and autoencoders."""
