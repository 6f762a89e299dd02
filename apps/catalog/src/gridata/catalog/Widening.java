package gridata.catalog;

import java.util.List;
import java.util.Map;
import org.apache.iceberg.MetadataUpdate;
import org.apache.iceberg.Schema;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.UpdateRequirement;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types.NestedField;

/**
 * A schema that becomes current keeps every column of the one that it replaces, no narrower than it was, and adds optional ones only:
 * what was written and what is being written stays readable. Anything else is a migration.
 */
record Widening(List<MetadataUpdate> updates) implements UpdateRequirement {
  @Override
  public void validate(TableMetadata base) {
    if (base == null) {
      return;
    }
    for (MetadataUpdate update : updates) {
      if (update instanceof MetadataUpdate.AddSchema add) {
        check(base, add.schema());
      } else if (update instanceof MetadataUpdate.SetCurrentSchema set && set.schemaId() >= 0) {
        Schema known = base.schemasById().get(set.schemaId());
        if (known != null) {
          check(base, known);
        }
      }
    }
  }

  private static void check(TableMetadata base, Schema to) {
    Map<Integer, NestedField> now = TypeUtil.indexById(base.schema().asStruct());
    Map<Integer, NestedField> then = TypeUtil.indexById(to.asStruct());
    for (NestedField field : now.values()) {
      String name = base.schema().findColumnName(field.fieldId());
      NestedField kept = then.get(field.fieldId());
      if (kept == null || !name.equals(to.findColumnName(field.fieldId()))) {
        throw refused(name + " would be dropped or renamed");
      }
      if (field.isOptional() && kept.isRequired()) {
        throw refused(name + " would become required");
      }
      if (!widens(field.type(), kept.type())) {
        throw refused(name + " would change from " + field.type() + " to " + kept.type());
      }
    }
    for (NestedField field : then.values()) {
      if (!now.containsKey(field.fieldId()) && field.fieldId() <= base.lastColumnId()) {
        throw refused("the id " + field.fieldId() + " was another column's");
      }
    }
    for (NestedField field : to.columns()) {
      if (!now.containsKey(field.fieldId()) && field.isRequired()) {
        throw refused(field.name() + " is new and required");
      }
    }
  }

  private static boolean widens(Type from, Type to) {
    if (from.isPrimitiveType() && to.isPrimitiveType()) {
      return from.equals(to) || TypeUtil.isPromotionAllowed(from, to.asPrimitiveType());
    }
    return from.typeId() == to.typeId();
  }

  private static ForbiddenException refused(String why) {
    return new ForbiddenException("%s: only %s migrates a schema", why, Role.ADMIN);
  }
}
