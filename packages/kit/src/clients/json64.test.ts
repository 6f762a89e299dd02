import { expect, it } from "vitest";
import { int64, parseJson64 } from "./json64.ts";

it("keeps every digit of a snapshot id, there and back", () => {
  const text = '{"main":7432981650938471293,"n":3,"x":1.5}';
  const parsed = parseJson64(text) as { main: string };
  expect(parsed).toEqual({ main: "7432981650938471293", n: 3, x: 1.5 });
  expect(JSON.stringify({ main: int64(parsed.main), n: 3, x: 1.5 })).toBe(text);
});
it("refuses what is no integer", () => {
  expect(() => int64("1e3")).toThrow(RangeError);
});
