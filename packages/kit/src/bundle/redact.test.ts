import { describe, expect, it } from "vitest";
import { formsOf, redactor } from "./redact.ts";

const secret = "c4n4ry/Value+with=signs";
const redact = redactor([secret, "short"]);

describe("a known secret", () => {
  it.each([
    ["as it is", `password is ${secret}, said twice: ${secret}`],
    ["in an address", `http://x/?t=${encodeURIComponent(secret)}`],
    ["in JSON", JSON.stringify({ t: secret })],
    ["alone in base 64", Buffer.from(secret).toString("base64")],
    ["in base 64 after a name", Buffer.from(`admin:${secret}`).toString("base64")],
    ["in base 64 after another name", Buffer.from(`ab:${secret}:more`).toString("base64")],
    ["in base 64 after a third one", Buffer.from(`abc:${secret}`).toString("base64")],
  ])("is taken out %s", (_, text) => {
    const clean = redact(text);
    expect(clean).toContain("***");
    for (const form of formsOf(secret)) expect(clean).not.toContain(form);
  });

  it("is no word that is too short to be one", () => {
    expect(redact("a short way")).toBe("a short way");
  });
});

describe("what looks like a secret", () => {
  it.each([
    ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123 end", "token *** end"],
    ["authorization: Bearer abcdefgh1234", "authorization: Bearer ***"],
    [
      "postgresql://airflow:pw1@127.0.0.1:5/airflow",
      "postgresql://airflow:***@127.0.0.1:5/airflow",
    ],
    ['{"secret_key":"abc","x":1}', '{"secret_key":"***","x":1}'],
    ["sasl.password = hunter2 next", "sasl.password = *** next"],
  ])("%s", (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it("leaves what is none", () => {
    for (const text of [
      '{"level":"info","msg":"published","batch":"b0abc","snapshot":"123"}',
      '{"token":null,"password":""}',
      "s3://raw/w/sales/transactions/dt=2026-11-01/x/a.csv",
    ])
      expect(redact(text)).toBe(text);
  });
});
