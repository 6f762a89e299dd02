package gridata.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/** What the server is told by its one file. */
record Settings(
    String host,
    int port,
    String databaseUrl,
    String databaseUser,
    String databasePassword,
    Map<String, String> storeProperties,
    Map<String, Role> roleOfToken) {

  static Settings read(Path file) throws IOException {
    JsonNode root = new ObjectMapper().readTree(file.toFile());
    JsonNode database = root.required("database");
    JsonNode s3 = root.required("s3");
    Map<String, String> store = new HashMap<>();
    store.put("s3.endpoint", s3.required("endpoint").asText());
    store.put("s3.path-style-access", "true");
    store.put("s3.access-key-id", s3.required("access_key").asText());
    store.put("s3.secret-access-key", s3.required("secret_key").asText());
    store.put("client.region", s3.required("region").asText());
    Map<String, Role> roles = new HashMap<>();
    for (Iterator<Map.Entry<String, JsonNode>> it = root.required("roles").fields(); it.hasNext(); ) {
      Map.Entry<String, JsonNode> entry = it.next();
      roles.put(entry.getValue().asText(), Role.valueOf(entry.getKey().toUpperCase(java.util.Locale.ROOT)));
    }
    return new Settings(
        root.required("listen").required("host").asText(),
        root.required("listen").required("port").asInt(),
        "jdbc:postgresql://%s:%d/%s?connectTimeout=5&socketTimeout=30&ApplicationName=gridata-catalog"
            .formatted(
                database.required("host").asText(),
                database.required("port").asInt(),
                database.required("database").asText()),
        database.required("user").asText(),
        database.required("password").asText(),
        Map.copyOf(store),
        Map.copyOf(roles));
  }
}
