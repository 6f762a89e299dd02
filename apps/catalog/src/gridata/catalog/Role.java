package gridata.catalog;

/** Who asks. Each may do what those before it may, and more. */
enum Role {
  /** Reads. */
  READER,
  /** Makes tables and writes their audit branches. */
  ENGINE,
  /** Moves main forward. */
  PUBLISHER,
  /** Drops, renames, and moves main back. */
  ADMIN;

  boolean atLeast(Role other) {
    return compareTo(other) >= 0;
  }
}
