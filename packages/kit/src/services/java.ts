/** Arguments that every Java service gets. */
import { joined } from "./programs.ts";
import { tool, type Value } from "../model/service.ts";

/**
 * A class-data archive that the toolchain made; one that doesn't fit is left unused, and the start is slower. Without performance
 * data: its file in /tmp would outlive a killed process.
 */
export const javaArguments = (archive: string, file: string): Value[] => [
  joined("", "-XX:SharedArchiveFile=", tool(archive, file)),
  "-Xshare:auto",
  "-XX:-UsePerfData",
];
