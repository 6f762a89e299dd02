/** What is left over: two looks at a stack, compared. Pure. */
export type LeakKind =
  | "process"
  | "port"
  | "folder"
  | "object"
  | "topic"
  | "catalog"
  | "row"
  | "run"
  | "session"
  /** It could not be looked at, which is no reason to pass. */
  | "unseen";

export interface Leak {
  kind: LeakKind;
  /** What it is, so that a person finds it: a path, an id, a pid. */
  name: string;
}

/** What lies in the layers of a running stack. Each list holds names; what was there before is nobody's leak. */
export interface Footprint {
  /** `<bucket>/<world>`, versions and delete markers too. */
  object: string[];
  topic: string[];
  /** `<world> <namespace or table>` */
  catalog: string[];
  /** `<table> of world <world>` */
  row: string[];
  /** `<dag> <run id>` of runs that a batch asked for. */
  run: string[];
  /** Folders and files of worlds, attempts and runs in the state folder. */
  folder: string[];
  /** How many the Spark server holds: it tells no names. */
  sessions: number;
  /** Sessions in its memory, those that ended too. */
  kept_sessions: number;
}

/** Idle threads of Spark's pools keep the session in which they were started. */
const keptByPools = 50;

const lists = ["object", "topic", "catalog", "row", "run", "folder"] as const;

export function leaked(before: Footprint, after: Footprint): Leak[] {
  const found = lists.flatMap((kind) => {
    const known = new Set(before[kind]);
    return after[kind].filter((name) => !known.has(name)).map((name): Leak => ({ kind, name }));
  });
  const more = after.sessions - before.sessions;
  if (more > 0)
    found.push({
      kind: "session",
      name: `${more} ${more === 1 ? "session" : "sessions"} of Spark that nobody ended`,
    });
  const kept = after.kept_sessions - before.kept_sessions;
  if (kept > keptByPools)
    found.push({
      kind: "session",
      name: `${kept} sessions of Spark that ended and stay in memory`,
    });
  return found;
}
