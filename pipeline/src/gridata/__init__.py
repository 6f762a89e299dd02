"""The pipeline: from a staged file to a published snapshot."""
