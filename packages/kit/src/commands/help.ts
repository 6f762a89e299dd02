/** The help of the command line and of each command. */
import type { CommandDef, OptionDef } from "./command.ts";
import type { Registry } from "./registry.ts";
import { columns, type Style } from "./style.ts";

export async function formatHelp(
  groups: Record<string, Registry>,
  globals: Record<string, OptionDef>,
  { bold, dim }: Style,
  command?: CommandDef,
): Promise<string> {
  if (!command) {
    const width = Math.max(
      ...Object.values(groups)
        .flatMap(Object.keys)
        .map(({ length }) => length),
    );
    const blocks = Object.entries(groups).map(async ([group, commands]) => {
      const all = await Promise.all(
        Object.values(commands).map(async (load) => (await load()).default),
      );
      return [
        dim(group),
        ...all.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
        "",
      ];
    });
    return [
      `${bold("gridata")}: a lakehouse platform on your machine. Drop a file, get a checked Iceberg table.`,
      "",
      `${bold("usage")}  ./gridata COMMAND [options]      ./gridata COMMAND --help`,
      "",
      ...(await Promise.all(blocks)).flat(),
      columns([["everywhere", ""], ...optionRows(globals)], dim),
      "",
    ].join("\n");
  }
  const own = optionRows(command.options);
  return [
    `${bold(`gridata ${command.name}`)}: ${command.summary}`,
    "",
    `${bold("usage")}  ./gridata ${command.name} ${command.usage}`.trimEnd(),
    "",
    ...(own.length ? [columns([["options", ""], ...own], dim), ""] : []),
    dim("examples"),
    ...command.examples.map((example) => `  ./gridata ${example}`),
    "",
    columns([["everywhere", ""], ...optionRows(globals)], dim),
    "",
  ].join("\n");
}

function optionRows(options: Record<string, OptionDef>): string[][] {
  return Object.entries(options).map(([name, option]) => [
    `${option.short ? `-${option.short}, ` : ""}--${name}${option.placeholder ? ` ${option.placeholder}` : ""}`,
    option.summary,
  ]);
}
