"""Self-hosted incident escalation: the right phone rings, and the next one, until somebody has it."""
