import { expect, it } from "vitest";
import { pauseAfter } from "./backoff.ts";

it("starts again at once the first time, then later and later, half a minute at most", () => {
  expect([0, 1, 2, 3, 6, 7, 50].map(pauseAfter)).toEqual([
    ...[0, 500, 1_000, 2_000, 16_000, 30_000, 30_000],
  ]);
});
