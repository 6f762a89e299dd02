"""What a mode of a contract (append, upsert, replace, replace-partitions) makes of a batch. SQL and decisions are pure; `write` runs them."""
