package gridata.catalog;

import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.RESTCatalogProperties.SnapshotMode;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.LoadTableResponse;

/** Tables of one world. */
final class Tables {
  /** One writer of first snapshots at a time: two would both succeed, and the second would move main. */
  private static final Object FIRST_SNAPSHOT = new Object();

  private Tables() {}

  static LoadTableResponse load(Catalog catalog, TableIdentifier name) {
    return CatalogHandlers.loadTable(catalog, name, SnapshotMode.ALL);
  }

  /** Makes a table with an empty snapshot on main, so that every publish has something to assert and every branch a root. */
  static LoadTableResponse create(
      Catalog catalog, String world, Namespace namespace, CreateTableRequest request, Role role) {
    checkLocation(world, request, role);
    TableIdentifier name = TableIdentifier.of(namespace, request.name());
    if (request.stageCreate()) {
      return CatalogHandlers.stageTableCreate(catalog, namespace, request);
    }
    try {
      CatalogHandlers.createTable(catalog, namespace, request);
    } catch (AlreadyExistsException already) {
      // Whoever made it may have died before the second commit.
      ensureSnapshot(catalog, name);
      throw already;
    }
    ensureSnapshot(catalog, name);
    return load(catalog, name);
  }

  static LoadTableResponse update(
      Catalog catalog, TableIdentifier name, UpdateTableRequest request, Role role) {
    UpdateTableRequest guarded = Rules.guarded(request, role);
    ensureSnapshotIfThere(catalog, name);
    return CatalogHandlers.updateTable(catalog, name, guarded);
  }

  private static void ensureSnapshotIfThere(Catalog catalog, TableIdentifier name) {
    if (catalog.tableExists(name)) {
      ensureSnapshot(catalog, name);
    }
  }

  private static void ensureSnapshot(Catalog catalog, TableIdentifier name) {
    if (catalog.loadTable(name).currentSnapshot() != null) {
      return;
    }
    synchronized (FIRST_SNAPSHOT) {
      Table table = catalog.loadTable(name);
      if (table.currentSnapshot() == null) {
        table.newFastAppend().set("gridata.created", "true").commit();
      }
    }
  }

  private static void checkLocation(String world, CreateTableRequest request, Role role) {
    String location = request.location();
    if (location != null
        && role != Role.ADMIN
        && !location.startsWith(Worlds.warehouse(world) + "/")) {
      throw new ForbiddenException(
          "a table of the world %s lies below %s", world, Worlds.warehouse(world));
    }
  }
}
