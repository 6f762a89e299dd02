"""What is kept, and for how long. The sweep takes the rest; docs/retention.md says it for people."""
