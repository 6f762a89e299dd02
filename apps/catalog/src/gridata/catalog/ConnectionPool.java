package gridata.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.apache.iceberg.jdbc.JdbcClientPool;

/**
 * Connections that are asked whether they live before they are used, and never used twice for one action: a statement whose
 * answer was lost may have taken effect, and sending it again would turn a success into a conflict.
 */
final class ConnectionPool extends JdbcClientPool {
  private static final int SIZE = 4;
  private static final int VALIDATION_SECONDS = 2;
  private final BlockingQueue<Slot> idle = new ArrayBlockingQueue<>(SIZE);

  private static final class Slot {
    private Connection connection;
  }

  ConnectionPool(String url, Map<String, String> properties) {
    super(SIZE, url, properties);
    for (int i = 0; i < SIZE; i++) {
      idle.add(new Slot());
    }
  }

  @Override
  public <R> R run(Action<R, Connection, SQLException> action)
      throws SQLException, InterruptedException {
    return run(action, false);
  }

  @Override
  public <R> R run(Action<R, Connection, SQLException> action, boolean retry)
      throws SQLException, InterruptedException {
    Slot slot = idle.take();
    try {
      if (slot.connection == null || !slot.connection.isValid(VALIDATION_SECONDS)) {
        if (slot.connection != null) {
          close(slot.connection);
        }
        slot.connection = null;
        slot.connection = newClient();
      }
      return action.run(slot.connection);
    } finally {
      idle.put(slot);
    }
  }
}
