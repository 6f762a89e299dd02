package gridata.catalog;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** A catalog for each world, by the prefix of its requests. All share connections and the store's client. */
final class Worlds {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,31}");
  private final Map<String, JdbcCatalog> catalogs = new ConcurrentHashMap<>();
  private final Settings settings;
  private final ConnectionPool connections;
  private final FileIO store;

  Worlds(Settings settings, FileIO store) {
    this.settings = settings;
    this.store = store;
    this.connections =
        new ConnectionPool(
            settings.databaseUrl(),
            Map.of(
                "jdbc.user", settings.databaseUser(), "jdbc.password", settings.databasePassword()));
    // Makes the tables of the database and shows that it can be reached.
    open("default", true);
  }

  static String check(String world) {
    if (world == null || !NAME.matcher(world).matches()) {
      throw new BadRequestException(
          "'%s' is not the name of a world; give one as `warehouse` (lower case letters, digits, _)",
          world);
    }
    return world;
  }

  static String warehouse(String world) {
    return "s3://curated/" + world + "/warehouse";
  }

  JdbcCatalog catalog(String world) {
    return catalogs.computeIfAbsent(check(world), name -> open(name, false));
  }

  private JdbcCatalog open(String world, boolean createTables) {
    JdbcCatalog catalog =
        new JdbcCatalog(properties -> store, properties -> connections, createTables);
    Map<String, String> properties = new HashMap<>();
    properties.put("uri", settings.databaseUrl());
    properties.put("warehouse", warehouse(world));
    properties.put("jdbc.schema-version", "V1");
    properties.put("jdbc.strict-mode", "true");
    catalog.initialize(world, properties);
    return catalog;
  }
}
