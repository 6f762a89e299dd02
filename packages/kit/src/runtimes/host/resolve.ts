/** From references to text, for processes of this machine. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type {
  FileDef,
  IdentityDef,
  JsonValue,
  PortDef,
  StackDef,
  Value,
} from "../../model/service.ts";
import type { ToolHandle, ToolName } from "../../toolchain/types.ts";
import { writePrivate, type Facts } from "./facts.ts";
import { areaPath, type Layout } from "./layout.ts";

export interface Resolver {
  text(service: string, value: Value): string;
  /** Returns what it wrote. */
  writeFile(service: string, file: FileDef): string;
  writeIdentity(identity: IdentityDef): void;
  port(service: string, port: string): number;
  address(service: string, port: string): string;
}

export function resolver(
  layout: Layout,
  stack: StackDef,
  facts: Facts,
  toolOf: (name: ToolName) => ToolHandle,
): Resolver {
  const portOf = (service: string, port: string): number => {
    const found = facts.ports[`${service}/${port}`];
    if (found === undefined) throw new Error(`no port ${service}/${port}`);
    return found;
  };
  const portDef = (service: string, port: string): PortDef =>
    stack.services.find(({ name }) => name === service)!.ports[port]!;

  const address = (service: string, port: string): string =>
    `${portDef(service, port).scheme}://127.0.0.1:${portOf(service, port)}`;

  const text = (service: string, value: Value): string => {
    if (typeof value === "string") return value;
    switch (value.kind) {
      case "endpoint": {
        if (value.form === "url") return address(value.service, value.port);
        const port = portOf(value.service, value.port);
        return value.form === "port" ? String(port) : `127.0.0.1:${port}`;
      }
      case "secret": {
        const found = facts.secrets[value.name];
        if (found === undefined) throw new Error(`no secret ${value.name}`);
        return found;
      }
      case "path":
        return join(areaPath(layout, service, value.area), value.rest);
      case "tool":
        return join(toolOf(value.tool as ToolName).dir, value.rest);
      case "sized":
        return value[facts.profile];
      case "classpath":
        return value.tools
          .flatMap((name) => {
            const handle = toolOf(name as ToolName);
            return handle.jars.map((jar) => join(handle.dir, jar));
          })
          .join(":");
      case "concat":
        return value.parts.map((part) => text(service, part)).join("");
    }
  };

  const json = (service: string, value: JsonValue): unknown => {
    if (value === null || typeof value === "number" || typeof value === "boolean") return value;
    if (Array.isArray(value)) return value.map((item) => json(service, item));
    if (typeof value === "string" || isValue(value)) {
      const plain = text(service, value as Value);
      // A port alone is a number; in a text it is part of the text.
      return typeof value === "object" && value["kind"] === "endpoint" && value["form"] === "port"
        ? Number(plain)
        : plain;
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, json(service, member as JsonValue)]),
    );
  };

  return {
    text,
    writeFile(service, file) {
      const path = text(service, file.path);
      mkdirSync(dirname(path), { recursive: true });
      const { content } = file;
      const body =
        content.kind === "text"
          ? text(service, content.value)
          : content.kind === "json"
            ? `${JSON.stringify(json(service, content.value), null, 2)}\n`
            : Object.entries(content.value)
                .map(([name, value]) => `${name}=${text(service, value)}\n`)
                .join("");
      writePrivate(path, body, file.mode);
      return body;
    },
    writeIdentity(identity) {
      const config = {
        ...{ stack: layout.stack, identity: identity.name },
        ...{ state_dir: layout.state, checkout: layout.checkout },
        ...(json("", identity.config) as object),
      };
      writePrivate(
        join(layout.config, `${identity.name}.json`),
        `${JSON.stringify(config, null, 2)}\n`,
      );
    },
    port: portOf,
    address,
  };
}

const valueKinds = ["endpoint", "secret", "path", "tool", "sized", "classpath", "concat"];
const isValue = (value: object): boolean =>
  "kind" in value && valueKinds.includes(String((value as { kind: unknown }).kind));
