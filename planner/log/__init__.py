"""Log: what makes the decision log tamper-evident, maskable and erasable; pure, its SQL is in the store."""
