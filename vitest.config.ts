import { defineConfig } from "vitest/config";

const shared = {
  environment: "node",
  pool: "forks",
  // The Kafka client asks for timers in the past, which Node warns of.
  execArgv: ["--disable-warning=TimeoutNegativeWarning"],
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "apps/*/src/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
          // Properties take a second on a quiet machine; a busy one is no failure.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: "contract",
          include: ["tests/contract/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          // Of the faults those that stop nothing and strike their own world alone.
          include: ["tests/e2e/**/*.test.ts", "tests/chaos/intake.test.ts"],
          // They wait more than they compute: for the next attempt, for a sign of life that does not come.
          maxWorkers: 2,
          testTimeout: 240_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...shared,
          name: "chaos",
          include: ["tests/chaos/**/*.test.ts"],
          // A fault strikes the whole stack: one at a time.
          fileParallelism: false,
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...shared,
          name: "soak",
          include: ["tests/soak/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
