package gridata.catalog;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.MetadataUpdate;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.UpdateRequirement;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.rest.requests.UpdateTableRequest;

/**
 * What a commit may do, whoever sends it. The rules are checked as requirements of the commit, so that they hold for exactly the
 * metadata that it replaces.
 */
final class Rules {
  static final String MAIN = SnapshotRef.MAIN_BRANCH;
  static final String AUDIT_PREFIX = "audit_";

  private Rules() {}

  /** The same commit with the rules for this role among its requirements. */
  static UpdateTableRequest guarded(UpdateTableRequest request, Role role) {
    boolean creates = createsTable(request);
    for (MetadataUpdate update : request.updates()) {
      checkRole(update, role, creates);
    }
    if (movesMain(request) && !assertsMain(request)) {
      throw new BadRequestException(
          "a commit that moves %s must assert the snapshot that %s has now", MAIN, MAIN);
    }
    List<UpdateRequirement> requirements = new ArrayList<>(request.requirements());
    requirements.add(new Descent(request.updates(), role));
    requirements.add(new KeptSnapshots(request.updates()));
    if (role != Role.ADMIN) {
      requirements.add(new Widening(request.updates()));
    }
    return new UpdateTableRequest(requirements, request.updates());
  }

  private static boolean createsTable(UpdateTableRequest request) {
    return request.requirements().stream()
        .anyMatch(requirement -> requirement instanceof UpdateRequirement.AssertTableDoesNotExist);
  }

  private static void checkRole(MetadataUpdate update, Role role, boolean creates) {
    if (update instanceof MetadataUpdate.SetSnapshotRef set) {
      checkRef(set.name(), role);
    } else if (update instanceof MetadataUpdate.RemoveSnapshotRef remove) {
      if (remove.name().equals(MAIN)) {
        throw new ForbiddenException("%s is never removed", MAIN);
      }
      checkRef(remove.name(), role);
    } else if (update instanceof MetadataUpdate.RemoveSnapshots) {
      if (!role.atLeast(Role.PUBLISHER)) {
        throw new ForbiddenException("%s may not remove snapshots: it needs %s", role, Role.PUBLISHER);
      }
    } else if (role != Role.ADMIN && !(creates || isData(update))) {
      throw new ForbiddenException(
          "only %s changes a table by %s; others add snapshots and widen the schema",
          Role.ADMIN, update.getClass().getSimpleName());
    } else if (update instanceof MetadataUpdate.SetLocation && role != Role.ADMIN) {
      throw new ForbiddenException("only %s moves a table to another place", Role.ADMIN);
    }
  }

  /** What a write needs: a snapshot, and columns that the table did not have. `Widening` says which. */
  private static boolean isData(MetadataUpdate update) {
    return update instanceof MetadataUpdate.AddSnapshot
        || update instanceof MetadataUpdate.AddSchema
        || update instanceof MetadataUpdate.SetCurrentSchema;
  }

  private static void checkRef(String name, Role role) {
    Role needed =
        name.equals(MAIN)
            ? Role.PUBLISHER
            : name.startsWith(AUDIT_PREFIX) ? Role.ENGINE : Role.ADMIN;
    if (!role.atLeast(needed)) {
      throw new ForbiddenException(
          "%s may not write the ref %s: engines write %s* branches, the publisher moves %s",
          role, name, AUDIT_PREFIX, MAIN);
    }
  }

  private static boolean movesMain(UpdateTableRequest request) {
    return request.updates().stream()
        .anyMatch(
            update ->
                update instanceof MetadataUpdate.SetSnapshotRef set && set.name().equals(MAIN));
  }

  private static boolean assertsMain(UpdateTableRequest request) {
    return request.requirements().stream()
        .anyMatch(
            requirement ->
                requirement instanceof UpdateRequirement.AssertRefSnapshotID ref
                        && ref.refName().equals(MAIN)
                    || requirement instanceof UpdateRequirement.AssertTableDoesNotExist);
  }

  /** main moves to descendants only; back only by the role that may. */
  private record Descent(List<MetadataUpdate> updates, Role role) implements UpdateRequirement {
    @Override
    public void validate(TableMetadata base) {
      if (role == Role.ADMIN || base == null || base.currentSnapshot() == null) {
        return;
      }
      Map<Long, Long> parents = new HashMap<>();
      for (Snapshot snapshot : base.snapshots()) {
        parents.put(snapshot.snapshotId(), snapshot.parentId());
      }
      for (MetadataUpdate update : updates) {
        if (update instanceof MetadataUpdate.AddSnapshot add) {
          parents.put(add.snapshot().snapshotId(), add.snapshot().parentId());
        } else if (update instanceof MetadataUpdate.SetSnapshotRef set
            && set.name().equals(MAIN)
            && !descends(set.snapshotId(), base.currentSnapshot().snapshotId(), parents)) {
          throw new ForbiddenException(
              "snapshot %s does not descend from %s (%s); only %s moves it elsewhere",
              set.snapshotId(), MAIN, base.currentSnapshot().snapshotId(), Role.ADMIN);
        }
      }
    }

    private static boolean descends(long snapshot, long ancestor, Map<Long, Long> parents) {
      Set<Long> seen = new HashSet<>();
      for (Long at = snapshot; at != null && seen.add(at); at = parents.get(at)) {
        if (at == ancestor) {
          return true;
        }
      }
      return false;
    }
  }

  /** An expiry asserts the table's uuid only, and removing a snapshot takes its refs with it. */
  private record KeptSnapshots(List<MetadataUpdate> updates) implements UpdateRequirement {
    @Override
    public void validate(TableMetadata base) {
      if (base == null) {
        return;
      }
      Map<String, Long> refs = new HashMap<>();
      base.refs().forEach((name, ref) -> refs.put(name, ref.snapshotId()));
      for (MetadataUpdate update : updates) {
        if (update instanceof MetadataUpdate.SetSnapshotRef set) {
          refs.put(set.name(), set.snapshotId());
        } else if (update instanceof MetadataUpdate.RemoveSnapshotRef remove) {
          refs.remove(remove.name());
        }
      }
      for (MetadataUpdate update : updates) {
        if (update instanceof MetadataUpdate.RemoveSnapshots removed) {
          refs.forEach(
              (name, snapshot) -> {
                if (removed.snapshotIds().contains(snapshot)) {
                  throw new ForbiddenException(
                      "snapshot %s is not removed: the ref %s points to it", snapshot, name);
                }
              });
        }
      }
    }
  }
}
