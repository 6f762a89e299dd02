package gridata.catalog;

import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.exceptions.NamespaceNotEmptyException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.exceptions.NotAuthorizedException;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.rest.responses.ErrorResponse;

/** Which status a failure has. */
final class Failures {
  private Failures() {}

  /**
   * Whatever is not known to have changed nothing is 500, which clients read as "unknown". Never 503, which they read as "not
   * committed".
   */
  static int status(Throwable failure) {
    if (failure instanceof NotAuthorizedException) {
      return 401;
    }
    if (failure instanceof ForbiddenException) {
      return 403;
    }
    if (failure instanceof NoSuchTableException || failure instanceof NoSuchNamespaceException) {
      return 404;
    }
    if (failure instanceof AlreadyExistsException
        || failure instanceof CommitFailedException
        || failure instanceof NamespaceNotEmptyException) {
      return 409;
    }
    if (failure instanceof BadRequestException
        || failure instanceof ValidationException
        || failure instanceof IllegalArgumentException) {
      return 400;
    }
    return 500;
  }

  static ErrorResponse body(int status, Throwable failure) {
    return ErrorResponse.builder()
        .responseCode(status)
        .withType(failure.getClass().getSimpleName())
        .withMessage(String.valueOf(failure.getMessage()))
        .build();
  }
}
