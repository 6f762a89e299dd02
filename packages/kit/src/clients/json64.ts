/** JSON whose integers keep all their digits: snapshot ids have 64 bits, and `JSON.parse` rounds them. */

/** Integers that a double can't hold become strings; everything else is as `JSON.parse` makes it. */
export function parseJson64(text: string): unknown {
  return JSON.parse(text, function (_key, value: unknown, context?: { source?: string }) {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source && /^-?\d+$/.test(source) ? source : value;
  } as (key: string, value: unknown) => unknown);
}

/** A 64-bit id as what `JSON.stringify` writes as a number with all its digits. */
export function int64(id: string): unknown {
  if (!/^-?\d+$/.test(id)) throw new RangeError(`'${id}' is not an integer`);
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(id);
}
