/** Lines of a text file by their number, read no further than the last one that is asked for. */
import { createReadStream } from "node:fs";
import type { CompiledContract } from "../model/contract.ts";

const encodings: Record<string, string> = {
  ...{
    "utf-8": "utf-8",
    "utf-16": "utf-16le",
    "latin-1": "latin1",
    "windows-1252": "windows-1252",
  },
};
const longest = 1 << 16;

/** Empty for a file that is packed or has no lines. */
export async function textLines(
  path: string,
  contract: CompiledContract,
  wanted: ReadonlySet<number>,
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const last = Math.max(0, ...wanted);
  if (contract.compression !== "none" || !["csv", "jsonl"].includes(contract.format) || last === 0)
    return found;
  const decoder = new TextDecoder(encodings[contract.dialect.encoding]);
  let line = 1;
  let text = "";
  let returned = false;
  const keep = () => {
    if (wanted.has(line)) found.set(line, text);
    [text, line] = ["", line + 1];
  };
  for await (const chunk of createReadStream(path)) {
    // The same line ends as the validator's: \n, \r\n and \r.
    for (const part of decoder.decode(chunk as Buffer, { stream: true }).split(/(\n|\r)/)) {
      if (part === "\n") {
        if (!returned) keep();
        returned = false;
      } else if (part === "\r") {
        keep();
        returned = true;
      } else if (part !== "") {
        if (text.length < longest) text += part;
        returned = false;
      }
      if (line > last) return found;
    }
  }
  keep();
  return found;
}
