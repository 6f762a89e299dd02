/** The announcements of staged objects. The only file that knows kafkajs, which is unmaintained: another client replaces it here. */
import kafkajs from "kafkajs";
import { z } from "zod";
import type { Config } from "./config.ts";
import { errorText } from "./log.ts";

type Credentials = Pick<NonNullable<Config["kafka"]>, "brokers" | "username" | "password">;

/** One object was put. A hint: it may come twice, late or never. */
export interface ObjectEvent {
  bucket: string;
  key: string;
  at: Date;
}

export interface ConsumeOptions {
  onEvent(event: ObjectEvent): void;
  /** At each (re)connection: what was announced meanwhile is still to come, what was lost is not. */
  onConnected(): void;
  onLost(why: string): void;
  signal: AbortSignal;
}

const message = z.object({
  Records: z.array(
    z.object({
      eventTime: z.coerce.date(),
      s3: z.object({
        bucket: z.object({ name: z.string() }),
        object: z.object({ key: z.string() }),
      }),
    }),
  ),
});

export function parseEvents(text: string): ObjectEvent[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  const parsed = message.safeParse(document);
  if (!parsed.success) return [];
  return parsed.data.Records.map(({ eventTime, s3 }) => ({
    bucket: s3.bucket.name,
    key: decodeURIComponent(s3.object.key.replaceAll("+", " ")),
    at: eventTime,
  }));
}

export const kafkaClient = ({ brokers, username, password }: Credentials) =>
  new kafkajs.Kafka({
    clientId: username,
    brokers,
    sasl: { mechanism: "scram-sha-512", username, password },
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    retry: { retries: 2, initialRetryTime: 200, maxRetryTime: 2_000 },
  });

/** Topics, for a user who may list and change them. */
export async function withTopics<T>(
  credentials: Credentials,
  work: (admin: kafkajs.Admin) => Promise<T>,
): Promise<T> {
  const admin = kafkaClient(credentials).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Consumes until `signal` aborts; a broker that is away is waited for. */
export async function consumeEvents(
  config: NonNullable<Config["kafka"]>,
  { onEvent, onConnected, onLost, signal }: ConsumeOptions,
): Promise<void> {
  const kafka = kafkaClient(config);
  while (!signal.aborted) {
    const consumer = kafka.consumer({
      groupId: config.group,
      sessionTimeout: 6_000,
      heartbeatInterval: 2_000,
      rebalanceTimeout: 6_000,
      maxWaitTimeInMs: 500,
      // The loop below makes a new consumer, whatever the cause was.
      retry: { retries: 2, restartOnFailure: async () => false },
    });
    const failed = new Promise<string>((resolve) => {
      consumer.on("consumer.crash", ({ payload }) => resolve(errorText(payload.error)));
    });
    const stopped = new Promise<null>((resolve) =>
      signal.addEventListener("abort", () => resolve(null), { once: true }),
    );
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: config.topic, fromBeginning: false });
      consumer.on("consumer.group_join", onConnected);
      await consumer.run({
        eachMessage: async ({ message: { value } }) => {
          for (const event of parseEvents(value?.toString() ?? "")) onEvent(event);
        },
      });
      const why = await Promise.race([failed, stopped]);
      if (why !== null) onLost(why);
    } catch (error) {
      onLost(errorText(error));
    }
    await consumer.disconnect().catch(() => {});
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
