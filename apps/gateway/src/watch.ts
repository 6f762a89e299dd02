/** Hints that something changed below a folder. Losing one costs time: the periodic listing is the truth. */
import { mkdirSync } from "node:fs";
import watcher from "@parcel/watcher";

export interface Watch {
  close(): Promise<void>;
}

export async function watch(dir: string, onChange: () => void): Promise<Watch> {
  mkdirSync(dir, { recursive: true });
  const subscription = await watcher.subscribe(dir, (error) => {
    // A queue that overflowed says so: what it lost is found by listing, now.
    void error;
    onChange();
  });
  return { close: () => subscription.unsubscribe() };
}
