package gridata.catalog;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.iceberg.inmemory.InMemoryFileIO;

/** The catalog as it is, its objects in memory: for tests of the publish protocol, which need no store. */
public final class InMemory {
  private InMemory() {}

  public static void main(String[] arguments) throws IOException {
    Main.start(Settings.read(Path.of(arguments[0])), new InMemoryFileIO());
  }
}
