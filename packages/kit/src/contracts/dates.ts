/** Patterns of dates and times in a file: Java's DateTimeFormatter letters, as far as the validator reads them. */
const fields: Record<
  string,
  "year" | "month" | "day" | "hour" | "minute" | "second" | "fraction" | "zone" | "half"
> = {
  ...{ yyyy: "year", MM: "month", M: "month", dd: "day", d: "day" },
  ...{
    HH: "hour",
    hh: "hour",
    h: "hour",
    a: "half",
    mm: "minute",
    ss: "second",
    SSS: "fraction",
    SSSSSS: "fraction",
    XXX: "zone",
  },
};

export const patternLetters = Object.keys(fields);

/** Why the pattern can't be read as a value of that kind; null when it can. */
export function patternProblem(
  pattern: string,
  kind: "date" | "timestamp" | "timestamptz",
): string | null {
  const letters = lettersOf(pattern);
  if (letters === null) return "a literal that begins with ' does not end";
  const unknown = letters.find((run) => !(run in fields));
  if (unknown) return `'${unknown}' is not among ${patternLetters.join(" ")}`;
  const found = letters.map((run) => fields[run]!);
  const twice = found.find((field, i) => found.indexOf(field) !== i);
  if (twice) return `it has the ${twice} twice`;
  const missing = (["year", "month", "day"] as const).find((field) => !found.includes(field));
  if (missing) return `it has no ${missing}`;
  const zone = found.includes("zone");
  const twelve = letters.includes("h") || letters.includes("hh");
  if (twelve !== letters.includes("a"))
    return twelve ? "hh counts to 12, and no a says which half of the day" : "a needs hh, not HH";
  if (kind === "date") {
    const time = found.find((field) => !["year", "month", "day"].includes(field));
    return time ? `a date has no ${time}: the type would be timestamp` : null;
  }
  if (!found.includes("hour")) return "it has no hour: the type would be date";
  if (kind === "timestamp" && zone) return "it has a zone: the type would be timestamptz";
  if (kind === "timestamptz" && !zone) return "it has no zone: the type would be timestamp";
  return null;
}

/** Runs of pattern letters, literals left out; null when a quote stays open. */
function lettersOf(pattern: string): string[] | null {
  const bare = pattern.replaceAll(/'[^']*'/g, " ");
  return bare.includes("'") ? null : (bare.match(/([A-Za-z])\1*/g) ?? []);
}
