/** What is said of a stack is said on the disk that the stack may fill: some room for that is kept. */
import { existsSync, rmSync, writeFileSync } from "node:fs";

const reserveBytes = 256 << 10;

export const isFull = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes(String((error as NodeJS.ErrnoException).code));

/**
 * Writes, on a full disk with the room of the file `reserve`. Where even that is gone nothing is said until there is some again:
 * whoever watches over services must not end for want of words.
 */
export function sayWithReserve(reserve: string, write: () => void): void {
  try {
    write();
    keep(reserve);
  } catch (error) {
    if (!isFull(error)) throw error;
    rmSync(reserve, { force: true });
    try {
      write();
    } catch (again) {
      if (!isFull(again)) throw again;
    }
  }
}

function keep(reserve: string): void {
  if (existsSync(reserve)) return;
  try {
    writeFileSync(reserve, Buffer.alloc(reserveBytes));
  } catch (error) {
    rmSync(reserve, { force: true });
    if (!isFull(error)) throw error;
  }
}
