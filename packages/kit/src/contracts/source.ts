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
  /** A number as the file spells it: a program's number would lose digits. Null when the value is none. */
  spelled(path: readonly (string | number)[]): string | null;
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
    spelled(path) {
      const node = document.getIn(path, true);
      return isScalar(node) && typeof node.value === "number" ? (node.source ?? null) : null;
    },
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
