/**
 * The environment of package clients. Registries, proxies and certificates are the machine's own affair: what pip is
 * told (its file or its variables) is handed on to uv, which doesn't read pip's settings. No host is named here.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Variables that belong to somebody's shell session and would change what is built. */
const foreign =
  /^(PYTHON(PATH|HOME|STARTUP|OPTIMIZE)|VIRTUAL_ENV|CONDA_PREFIX|PIP_(TARGET|PREFIX|USER|REQUIRE_VIRTUALENV|NO_BINARY|ONLY_BINARY|CONSTRAINT)|UV_(PYTHON|PROJECT_ENVIRONMENT|CONSTRAINT|OVERRIDE|NO_CACHE)|GOROOT|GOBIN|GOWORK|GOFLAGS|GOOS|GOARCH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|CLASSPATH)$/;

export function cleanEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
  return { ...kept, PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_INPUT: "1" };
}

/** Settings of pip as a map such as `index-url` -> value; variables win over files, as in pip. */
export function pipSettings(python: string, env: NodeJS.ProcessEnv): Map<string, string> {
  const asked = spawnSync(python, ["-I", "-m", "pip", "config", "list"], { env, encoding: "utf8" });
  const settings = new Map<string, string>();
  if (asked.status !== 0) return settings;
  const lines = asked.stdout.split("\n").flatMap((line) => {
    const parts = /^(:env:|global|install|user)\.([a-z-]+)='(.*)'$/.exec(line);
    return parts ? [{ scope: parts[1]!, name: parts[2]!, value: parts[3]! }] : [];
  });
  const rank = (scope: string) => (scope === ":env:" ? 1 : 0);
  for (const { name, value } of lines.toSorted((a, b) => rank(a.scope) - rank(b.scope)))
    settings.set(name, value.replaceAll("\\n", " ").trim());
  return settings;
}

/** uv's variables for pip's settings, unless uv has settings of its own. */
export function uvEnv(settings: Map<string, string>, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = {};
  const set = (name: string, value: string | undefined) => {
    if (value && !env[name]) own[name] = value;
  };
  const configured =
    env["UV_DEFAULT_INDEX"] ||
    env["UV_INDEX_URL"] ||
    env["UV_INDEX"] ||
    env["UV_CONFIG_FILE"] ||
    existsSync(join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "uv/uv.toml")) ||
    existsSync("/etc/uv/uv.toml");
  if (!configured) {
    set("UV_DEFAULT_INDEX", settings.get("index-url"));
    set("UV_INDEX", settings.get("extra-index-url"));
    const links = (settings.get("find-links") ?? "").split(/\s+/);
    // uv fails on a folder that doesn't exist, where pip only warns.
    set("UV_FIND_LINKS", links.filter((at) => /^https?:/.test(at) || existsSync(at)).join(","));
  }
  const certificates = settings.get("cert");
  set("SSL_CERT_FILE", certificates);
  set("REQUESTS_CA_BUNDLE", certificates ?? env["SSL_CERT_FILE"]);
  set("UV_SYSTEM_CERTS", "1");
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY"])
    if (!env[name.toLowerCase()]) set(name, settings.get("proxy"));
  set("UV_INSECURE_HOST", settings.get("trusted-host")?.split(/\s+/).join(" "));
  set("UV_HTTP_TIMEOUT", settings.get("default-timeout") ?? settings.get("timeout"));
  return {
    ...own,
    UV_NO_PROGRESS: "1",
    UV_PYTHON_DOWNLOADS: "never",
    // A hard link would share its bytes with uv's own cache: damage there would be damage here, and the other way.
    UV_LINK_MODE: "copy",
  };
}
