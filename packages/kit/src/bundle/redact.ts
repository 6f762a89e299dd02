/** Takes secrets out of a text: those that are known, in every form that they travel in, and what looks like one. Pure. */

const hidden = "***";
/** Shorter ones are words: replacing them would only make a text unreadable. */
const shortest = 8;

/** Forms that nobody's list has: tokens that a service signs itself, credentials in addresses and in settings. */
const looks: readonly [RegExp, string][] = [
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, hidden],
  [/(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{8,}/gi, `$1${hidden}`],
  [/(:\/\/[^/@\s:"']+:)[^/@\s"']+@/g, `$1${hidden}@`],
  [
    /(["']?\b[\w.-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)[\w.-]*["']?\s*[=:]\s*["']?)(?!["'\s,;}\])]|null\b|\*\*\*)[^\s"',;}\])]+/gi,
    `$1${hidden}`,
  ],
];

/** `secrets`: their values. Whatever the text, none of them is in the answer. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = [...new Set([...secrets].filter((s) => s.length >= shortest).flatMap(formsOf))]
    // One may be part of another.
    .toSorted((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const form of forms) clean = clean.replaceAll(form, hidden);
    for (const [pattern, by] of looks) clean = clean.replace(pattern, by);
    return clean;
  };
}

/** As it is, in an address, in JSON, and within base 64 at each of the three places where it can begin. */
export function formsOf(secret: string): string[] {
  const shifted = ["", "x", "xx"].map((before) => {
    const text = Buffer.from(before + secret)
      .toString("base64")
      .replaceAll("=", "");
    // Its first and last characters depend on what stands beside it.
    return text.slice(before === "" ? 0 : 4, -1);
  });
  return [
    ...[secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
    ...shifted.filter((text) => text.length >= shortest),
  ];
}
