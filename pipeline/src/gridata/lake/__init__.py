"""The lake: tables through the REST catalog, objects in the store."""
