/** What the rest of the kit sees of a tool. */
import type { tools } from "./catalogue.ts";

export type ToolName = keyof typeof tools;

/** Where a tool came from: a package registry's client, the machine itself, or a build from this checkout. */
export type ToolSource = "pypi" | "maven" | "jgo" | "machine" | "built";

/** A tool that is there and verified. `dir` never changes its content while the handle is in use. */
export interface ToolHandle {
  name: ToolName;
  version: string;
  /** Content address in the cache; null for what the machine brought. */
  key: string | null;
  /** Absolute path of the tool's folder. */
  dir: string;
  source: ToolSource;
  /** Size on disk; 0 for what the machine brought. */
  bytes: number;
  /** Its jars, relative to `dir`, in class path order. Class-data archives are valid for this order only. */
  jars: readonly string[];
}

export type ToolState =
  | "present"
  | "waiting"
  | "downloading"
  | "building"
  | "verifying"
  | "done"
  | "failed";

export interface ToolEvent {
  kind: "tool";
  tool: ToolName;
  state: ToolState;
  /** What it is doing just now, for a person. */
  what: string;
  /** Size on disk once known. */
  bytes: number | null;
  /** Since this tool's turn began. */
  seconds: number;
}

export interface TotalEvent {
  kind: "total";
  ok: boolean;
  /** How many tools were asked for or needed, and how many of them had to be made. */
  tools: number;
  made: number;
  /** Size on disk of all of them. */
  bytes: number;
  /** What all network interfaces of the machine received meanwhile; null where the system doesn't tell. */
  received: number | null;
  seconds: number;
}

export type ProvisionEvent = ToolEvent | TotalEvent;

export interface ProvisionOptions {
  /** Root of the checkout; its lock files and sources decide the keys. */
  checkout: string;
  /** Root of the cache; default `cacheRoot()`. */
  cache?: string;
  /** Never use the network: fail, listing what is missing. */
  offline?: boolean;
  onProgress?: (event: ProvisionEvent) => void;
  /** Ends the builds of this call. Finished pieces stay. */
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
}
