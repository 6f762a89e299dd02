package gridata.catalog;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.exceptions.NotAuthorizedException;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.Endpoint;
import org.apache.iceberg.rest.requests.CreateNamespaceRequest;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.RegisterTableRequest;
import org.apache.iceberg.rest.requests.RenameTableRequest;
import org.apache.iceberg.rest.requests.UpdateNamespacePropertiesRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.ConfigResponse;

/** From a request to its answer: who asks, for which world, what. */
final class Router {
  private static final String NAMESPACE_SEPARATOR = "\u001f";

  private static final List<Endpoint> SERVED =
      List.of(
          Endpoint.V1_LIST_NAMESPACES,
          Endpoint.V1_LOAD_NAMESPACE,
          Endpoint.V1_NAMESPACE_EXISTS,
          Endpoint.V1_CREATE_NAMESPACE,
          Endpoint.V1_UPDATE_NAMESPACE,
          Endpoint.V1_DELETE_NAMESPACE,
          Endpoint.V1_LIST_TABLES,
          Endpoint.V1_LOAD_TABLE,
          Endpoint.V1_TABLE_EXISTS,
          Endpoint.V1_CREATE_TABLE,
          Endpoint.V1_UPDATE_TABLE,
          Endpoint.V1_DELETE_TABLE,
          Endpoint.V1_RENAME_TABLE,
          Endpoint.V1_REGISTER_TABLE,
          Endpoint.V1_REPORT_METRICS);

  private final Worlds worlds;
  private final Map<String, Role> roleOfToken;

  Router(Worlds worlds, Map<String, Role> roleOfToken) {
    this.worlds = worlds;
    this.roleOfToken = roleOfToken;
  }

  /** Status and body; without a body nothing is sent. */
  record Answer(int status, Object body) {
    static Answer ok(Object body) {
      return new Answer(200, body);
    }

    static final Answer DONE = new Answer(204, null);
  }

  /** One request, taken apart. Segments are those after the prefix. */
  private record Request(
      String method,
      String world,
      List<String> segments,
      Map<String, String> query,
      Role role,
      HttpExchange exchange) {
    <T> T body(Class<T> type) throws IOException {
      return Json.read(exchange.getRequestBody(), type);
    }

    String segment(int index) {
      return decode(segments.get(index));
    }

    void allow(Role least) {
      if (!role.atLeast(least)) {
        throw new ForbiddenException("%s may not do that: it needs %s", role, least);
      }
    }
  }

  Answer answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    if (path.equals("/health")) {
      return Answer.ok(Map.of("status", "ok"));
    }
    Role role = roleOf(exchange.getRequestHeaders().getFirst("Authorization"));
    Map<String, String> query = queryOf(exchange.getRequestURI().getRawQuery());
    if (path.equals("/v1/config")) {
      return Answer.ok(
          ConfigResponse.builder()
              .withOverride("prefix", Worlds.check(query.get("warehouse")))
              .withEndpoints(SERVED)
              .build());
    }
    String[] parts = path.substring(1).split("/");
    if (parts.length < 3 || !parts[0].equals("v1")) {
      throw noRoute(exchange);
    }
    Request request =
        new Request(
            exchange.getRequestMethod(),
            Worlds.check(decode(parts[1])),
            List.of(parts).subList(2, parts.length),
            query,
            role,
            exchange);
    if (!request.method().equals("GET") && !request.method().equals("HEAD") && !isMetrics(request)) {
      request.allow(Role.ENGINE);
    }
    JdbcCatalog catalog = worlds.catalog(request.world());
    return switch (request.segment(0)) {
      case "namespaces" -> namespaces(request, catalog);
      case "tables" -> rename(request, catalog);
      default -> throw noRoute(exchange);
    };
  }

  private static boolean isMetrics(Request request) {
    return request.segments().size() == 5 && request.segment(4).equals("metrics");
  }

  private static Answer namespaces(Request request, JdbcCatalog catalog) throws IOException {
    int depth = request.segments().size();
    if (depth == 1) {
      return request.method().equals("POST")
          ? Answer.ok(Namespaces.create(catalog, request.body(CreateNamespaceRequest.class)))
          : Answer.ok(
              CatalogHandlers.listNamespaces(catalog, namespace(request.query().get("parent"))));
    }
    Namespace namespace = namespace(request.segment(1));
    if (depth == 2) {
      return switch (request.method()) {
        case "GET" -> Answer.ok(CatalogHandlers.loadNamespace(catalog, namespace));
        case "HEAD" -> {
          CatalogHandlers.namespaceExists(catalog, namespace);
          yield Answer.DONE;
        }
        case "DELETE" -> {
          request.allow(Role.ADMIN);
          CatalogHandlers.dropNamespace(catalog, namespace);
          yield Answer.DONE;
        }
        default -> throw noRoute(request.exchange());
      };
    }
    return switch (request.segment(2)) {
      case "properties" ->
          Answer.ok(
              CatalogHandlers.updateNamespaceProperties(
                  catalog, namespace, request.body(UpdateNamespacePropertiesRequest.class)));
      case "register" -> {
        request.allow(Role.ADMIN);
        yield Answer.ok(
            CatalogHandlers.registerTable(
                catalog, namespace, request.body(RegisterTableRequest.class)));
      }
      case "tables" -> tables(request, catalog, namespace);
      default -> throw noRoute(request.exchange());
    };
  }

  private static Answer tables(Request request, JdbcCatalog catalog, Namespace namespace)
      throws IOException {
    int depth = request.segments().size();
    if (depth == 3) {
      return request.method().equals("POST")
          ? Answer.ok(
              Tables.create(
                  catalog,
                  request.world(),
                  namespace,
                  request.body(CreateTableRequest.class),
                  request.role()))
          : Answer.ok(CatalogHandlers.listTables(catalog, namespace));
    }
    TableIdentifier name = TableIdentifier.of(namespace, request.segment(3));
    if (isMetrics(request)) {
      request.exchange().getRequestBody().readAllBytes();
      return Answer.DONE;
    }
    if (depth != 4) {
      throw noRoute(request.exchange());
    }
    return switch (request.method()) {
      case "GET" -> Answer.ok(Tables.load(catalog, name));
      case "HEAD" -> {
        CatalogHandlers.tableExists(catalog, name);
        yield Answer.DONE;
      }
      case "POST" ->
          Answer.ok(
              Tables.update(
                  catalog, name, request.body(UpdateTableRequest.class), request.role()));
      case "DELETE" -> {
        request.allow(Role.ADMIN);
        if ("true".equalsIgnoreCase(request.query().get("purgeRequested"))) {
          CatalogHandlers.purgeTable(catalog, name);
        } else {
          CatalogHandlers.dropTable(catalog, name);
        }
        yield Answer.DONE;
      }
      default -> throw noRoute(request.exchange());
    };
  }

  private static Answer rename(Request request, JdbcCatalog catalog) throws IOException {
    if (request.segments().size() != 2 || !request.segment(1).equals("rename")) {
      throw noRoute(request.exchange());
    }
    request.allow(Role.ADMIN);
    CatalogHandlers.renameTable(catalog, request.body(RenameTableRequest.class));
    return Answer.DONE;
  }

  private Role roleOf(String authorization) {
    if (authorization != null && authorization.startsWith("Bearer ")) {
      Role role = roleOfToken.get(authorization.substring("Bearer ".length()));
      if (role != null) {
        return role;
      }
    }
    throw new NotAuthorizedException("no token, or one that this catalog does not know");
  }

  private static Namespace namespace(String name) {
    return name == null || name.isEmpty()
        ? Namespace.empty()
        : Namespace.of(name.split(NAMESPACE_SEPARATOR));
  }

  private static Map<String, String> queryOf(String raw) {
    Map<String, String> query = new HashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&")) {
        String[] parts = pair.split("=", 2);
        query.put(decode(parts[0]), parts.length > 1 ? decode(parts[1]) : "");
      }
    }
    return query;
  }

  private static String decode(String text) {
    try {
      // In a path a plus is a plus.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      throw new BadRequestException(malformed, "'%s' is not percent-encoded text", text);
    }
  }

  private static RuntimeException noRoute(HttpExchange exchange) {
    return new NoSuchTableException(
        "no route: %s %s", exchange.getRequestMethod(), exchange.getRequestURI().getPath());
  }
}
