/** The store's announcements, said by somebody else in its name: again, out of order, wrong. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { kafkaClient } from "@gridata/kit/clients/kafka";
import { readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { until, type World } from "@gridata/testkit";

interface Announcements extends AsyncDisposable {
  /** Announces staged objects, in this order. */
  say(...keys: string[]): Promise<void>;
  sayText(...texts: string[]): Promise<void>;
  /** Waits until the dispatcher has read all that was ever said. */
  heard(): Promise<void>;
}

export async function announcements({ checkout, stack }: World): Promise<Announcements> {
  const { brokers, topic, group } = readStackConfig(checkout, stack, "dispatcher").kafka!;
  const secrets = JSON.parse(
    readFileSync(join(stateFolder(checkout, stack), "secrets/generated.json"), "utf8"),
  ) as Record<string, string>;
  const as = (username: string) =>
    kafkaClient({ brokers, username, password: secrets[`kafka-${username}`]! });
  const producer = as("s3").producer({ allowAutoTopicCreation: false });
  const admin = as("admin").admin();
  await Promise.all([producer.connect(), admin.connect()]);
  const sayText = async (...texts: string[]) =>
    void (await producer.send({ topic, messages: texts.map((value) => ({ value })) }));
  return {
    sayText,
    say: (...keys) =>
      sayText(
        ...keys.map((key) =>
          JSON.stringify({
            EventName: "s3:ObjectCreated:Put",
            Key: `staging/${key}`,
            Records: [
              {
                eventTime: new Date().toISOString(),
                s3: { bucket: { name: "staging" }, object: { key: encodeURIComponent(key) } },
              },
            ],
          }),
        ),
      ),
    async heard() {
      const [end] = await admin.fetchTopicOffsets(topic);
      let seen: unknown;
      await until(
        "the dispatcher to have read all events",
        async () => {
          const [of] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
          seen = { of, end };
          return Number(of?.partitions[0]?.offset ?? -1) >= Number(end!.high);
        },
        { every: 300, seen: () => seen },
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    },
  };
}
