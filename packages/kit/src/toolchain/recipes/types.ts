/** What a recipe is given. */
import type { RunOptions } from "../run.ts";
import type { ToolHandle, ToolName, ToolSource } from "../types.ts";

export interface Kitchen {
  name: ToolName;
  version: string;
  checkout: string;
  cache: string;
  /** The empty folder that it fills; it becomes the entry. */
  work: string;
  /** The machine's environment without what belongs to somebody's shell session. */
  env: NodeJS.ProcessEnv;
  /** A part or a maker of this tool. */
  tool(name: ToolName): Promise<ToolHandle>;
  /** Runs a program: its last line becomes the progress unless told otherwise. */
  run(command: string, args: string[], options?: Partial<RunOptions>): Promise<string>;
  say(what: string): void;
}

/** Filled `work` and where its content came from; or a tool that the machine has already. */
export type Dish = { source: ToolSource } | { machine: ToolHandle };
