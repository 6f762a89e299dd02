"""The steps of a batch, each an idempotent command: validate, process, check, publish."""
