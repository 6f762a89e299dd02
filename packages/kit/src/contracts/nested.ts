/** Nested types in one line, as `map<string,array<decimal(10,2)>>`. */
import type { ColumnType, NestedField } from "../model/contract.ts";
import { isNested, parsePlainType } from "./types.ts";

/** Null when it is no type. */
export function parseType(text: string): ColumnType | null {
  const trimmed = text.trim();
  const nested = /^(array|list|map|struct|row)\s*<(.*)>$/is.exec(trimmed);
  if (!nested) return parsePlainType(trimmed);
  const parts = split(nested[2]!);
  switch (nested[1]!.toLowerCase()) {
    case "map": {
      const [key, value] = parts.map(parseType);
      return parts.length === 2 && key && value && !isNested(key)
        ? { kind: "map", key, value }
        : null;
    }
    case "struct":
    case "row": {
      const fields = parts.map(parseField);
      return fields.length > 0 && fields.every((field) => field !== null)
        ? { kind: "struct", fields }
        : null;
    }
    default: {
      const element = parts.length === 1 ? parseType(parts[0]!) : null;
      return element && { kind: "list", element };
    }
  }
}

function parseField(text: string): NestedField | null {
  const found = /^\s*([A-Za-z]\w*)\s*(?::|\s)\s*(.+)$/s.exec(text);
  const type = found && parseType(found[2]!);
  return type
    ? { ...{ name: found[1]!, source: found[1]! }, type, required: false, classification: null }
    : null;
}

/** Splits at the commas that stand in no bracket. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === "<" || c === "(") depth++;
    else if (c === ">" || c === ")") depth--;
    else if (c === undefined || (c === "," && depth === 0)) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return parts;
}
