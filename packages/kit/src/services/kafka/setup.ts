/**
 * The topic, and who may use it: the store writes, the dispatcher reads, nobody else anything. `node setup.ts <settings.json>`.
 * Each act may have been done before.
 */
import { readFileSync } from "node:fs";
import kafkajs from "kafkajs";

interface Settings {
  brokers: string[];
  username: string;
  password: string;
  topic: string;
  group: string;
}

const { brokers, username, password, topic, group } = JSON.parse(
  readFileSync(process.argv[2]!, "utf8"),
) as Settings;
const {
  AclOperationTypes: operation,
  AclPermissionTypes: permission,
  AclResourceTypes: resource,
  ResourcePatternTypes: pattern,
} = kafkajs;

const admin = new kafkajs.Kafka({
  clientId: "gridata-setup",
  brokers,
  sasl: { mechanism: "scram-sha-512", username, password },
  logLevel: kafkajs.logLevel.ERROR,
  retry: { retries: 5, initialRetryTime: 100 },
}).admin();

const allow = (user: string, type: number, name: string, what: number) => ({
  principal: `User:${user}`,
  host: "*",
  resourceType: type,
  resourceName: name,
  resourcePatternType: pattern.LITERAL,
  operation: what,
  permissionType: permission.ALLOW,
});

await admin.connect();
// Announcements of objects; after a day the listing has long found what they announce.
const configEntries = [{ name: "retention.ms", value: String(24 * 3_600_000) }];
await admin.createTopics({
  waitForLeaders: true,
  topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }],
});
await admin.createAcls({
  acl: [
    allow("s3", resource.TOPIC, topic, operation.WRITE),
    allow("dispatcher", resource.TOPIC, topic, operation.READ),
    allow("dispatcher", resource.GROUP, group, operation.READ),
  ],
});
await admin.disconnect();
