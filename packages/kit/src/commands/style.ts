/** Colours of a terminal, or none. */
const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = Record<keyof typeof codes, (text: string) => string>;

export function style(color: boolean): Style {
  return Object.fromEntries(
    Object.entries(codes).map(([name, code]) => [
      name,
      color ? (text: string) => `\u001b[${code}m${text}\u001b[0m` : (text: string) => text,
    ]),
  ) as Style;
}

/** Left-aligned columns, two spaces apart; the first row is the heading. Cells hold no colour codes. */
export function columns(rows: string[][], heading: (text: string) => string = (t) => t): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows
    .map((row, n) => {
      const line = row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
        .join("  ")
        .trimEnd();
      return n === 0 ? heading(line) : line;
    })
    .join("\n");
}
