package gridata.catalog;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.io.FileIO;

/** An Iceberg REST catalog: pointers in PostgreSQL, metadata files in the store, the rules of publishing for every client. */
public final class Main {
  private static final int THREADS = 16;
  private static final int BACKLOG = 128;
  private static final String STORE = "org.apache.iceberg.aws.s3.S3FileIO";

  private Main() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 1) {
      System.err.println("usage: gridata.catalog.Main <settings file>");
      System.exit(2);
    }
    Settings settings = Settings.read(Path.of(arguments[0]));
    start(settings, CatalogUtil.loadFileIO(STORE, settings.storeProperties(), null));
  }

  static void start(Settings settings, FileIO store) throws IOException {
    // Without it every small answer waits for the client's delayed acknowledgement: 40 ms a request.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    Router router = new Router(new Worlds(settings, store), settings.roleOfToken());
    HttpServer server =
        HttpServer.create(new InetSocketAddress(settings.host(), settings.port()), BACKLOG);
    server.setExecutor(Executors.newFixedThreadPool(THREADS));
    server.createContext("/", exchange -> serve(router, exchange));
    server.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(2)));
    log("info", Map.of("msg", "serving", "port", server.getAddress().getPort()));
  }

  private static void serve(Router router, HttpExchange exchange) throws IOException {
    long begun = System.nanoTime();
    Router.Answer answer;
    try {
      answer = router.answer(exchange);
    } catch (Exception | LinkageError failure) {
      int status = Failures.status(failure);
      answer = new Router.Answer(status, Failures.body(status, failure));
      if (status == 500) {
        failure.printStackTrace();
      }
      report(exchange, answer, begun, failure);
    }
    boolean head = exchange.getRequestMethod().equals("HEAD");
    byte[] body = answer.body() == null || head ? new byte[0] : Json.write(answer.body());
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
    if (answer.status() < 400 && exchange.getRequestMethod().matches("POST|DELETE")) {
      report(exchange, answer, begun, null);
    }
  }

  private static void report(
      HttpExchange exchange, Router.Answer answer, long begun, Throwable failure) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("msg", exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath());
    line.put("status", answer.status());
    line.put("ms", (System.nanoTime() - begun) / 1_000_000);
    String[] parts = exchange.getRequestURI().getPath().split("/");
    if (parts.length > 3) {
      line.put("world", parts[2]);
    }
    if (failure != null) {
      line.put("why", failure.getClass().getSimpleName() + ": " + failure.getMessage());
    }
    log(answer.status() >= 500 ? "error" : answer.status() >= 400 ? "warn" : "info", line);
  }

  private static void log(String level, Map<String, Object> members) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("time", Instant.now().toString());
    line.put("level", level);
    line.put("service", "catalog");
    line.putAll(members);
    try {
      System.out.println(new String(Json.write(line), java.nio.charset.StandardCharsets.UTF_8));
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
