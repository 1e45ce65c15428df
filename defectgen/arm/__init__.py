"""Arms: from the few real shots of a draw to the synthetic set of each generator, baseline and sanity check."""
