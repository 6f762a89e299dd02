/** What every part of the platform agrees on: names, errors, contracts, services, the passport of a file. No I/O here. */
export * from "./contract.ts";
export * from "./errors.ts";
export * from "./names.ts";
export * from "./partial.ts";
export * from "./passport.ts";
export * from "./service.ts";
export * from "./text.ts";
