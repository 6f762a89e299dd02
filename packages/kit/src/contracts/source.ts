/** A YAML file whose values know where they stand. */
import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument, type Node } from "yaml";

export interface Problem {
  code: string;
  /** Relative to the checkout. */
  file: string;
  line: number;
  column: number;
  what: string;
  fix: string;
}

export interface Source {
  value: unknown;
  problems: Problem[];
  at(path: readonly (string | number)[], code: string, what: string, fix: string): Problem;
}

export function readSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problem = (offset: number, code: string, what: string, fix: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { code, file, line, column: col, what, fix };
  };
  const problems = document.errors.map((error) =>
    problem(
      error.pos[0],
      "CONTRACT_NOT_YAML",
      error.message.split("\n")[0]!.replace(/ at line \d+.*$/, ""),
      "mend the YAML at this place",
    ),
  );
  const value: unknown = problems.length > 0 ? null : document.toJS();
  return {
    value,
    problems,
    at: (path, ...rest) => problem(offsetOf(document.contents, path), ...rest),
  };
}

/** Where the deepest part of a path that exists begins. */
function offsetOf(root: unknown, path: readonly (string | number)[]): number {
  let node: unknown = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const step of path) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (isNode(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      next = pair?.value;
    } else if (isSeq(node)) next = node.items[Number(step)];
    if (!isNode(next)) return offset;
    node = next;
    offset = (next as Node).range?.[0] ?? offset;
  }
  return offset;
}

/** The known word nearest to a mistyped one, or null. */
export function nearest(word: string, known: readonly string[]): string | null {
  const ranked = known
    .map((candidate) => [distance(word.toLowerCase(), candidate.toLowerCase()), candidate] as const)
    .toSorted((a, b) => a[0] - b[0]);
  const best = ranked[0];
  return best && best[0] <= Math.max(2, word.length / 3) ? best[1] : null;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        next[j - 1]! + 1,
        row[j]! + 1,
        row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length]!;
}
