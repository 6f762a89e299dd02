package gridata.catalog;

import java.sql.SQLException;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.jdbc.UncheckedSQLException;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.requests.CreateNamespaceRequest;
import org.apache.iceberg.rest.responses.CreateNamespaceResponse;

/** Namespaces of one world. */
final class Namespaces {
  private static final String UNIQUE_VIOLATION = "23505";

  private Namespaces() {}

  /**
   * Makes a namespace. Iceberg looks first and inserts then: of two at once one loses at the unique index. That is a statement
   * that changed nothing, so it is a conflict, and no unknown outcome.
   */
  static CreateNamespaceResponse create(SupportsNamespaces catalog, CreateNamespaceRequest request) {
    try {
      return CatalogHandlers.createNamespace(catalog, request);
    } catch (UncheckedSQLException failure) {
      if (failure.getCause() instanceof SQLException refused
          && UNIQUE_VIOLATION.equals(refused.getSQLState())) {
        throw new AlreadyExistsException(
            failure, "Namespace already exists: %s", request.namespace());
      }
      throw failure;
    }
  }
}
