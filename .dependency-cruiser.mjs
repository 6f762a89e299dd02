/** Imports go one way: model <- {clients, contracts, services, runtimes, toolchain} <- commands <- scripts. */
const kit = "^packages/kit/src";
const only = (name, from, to) => ({
  name,
  severity: "error",
  from: { path: from },
  to: { path: "^(packages|apps|scripts|tests)/", pathNot: to },
});

export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    only("model-imports-nothing", `${kit}/model/`, `${kit}/model/`),
    only("clients-know-the-model", `${kit}/clients/`, `${kit}/(clients|model)/`),
    only("contracts-know-the-model", `${kit}/contracts/`, `${kit}/(contracts|model)/`),
    only("fixtures-know-clients", `${kit}/fixtures/`, `${kit}/(fixtures|clients|model)/`),
    only("services-know-the-model", `${kit}/services/`, `${kit}/(services|model)/`),
    only("toolchain-knows-the-model", `${kit}/toolchain/`, `${kit}/(toolchain|model)/`),
    only(
      "runtimes-know-no-service",
      `${kit}/runtimes/`,
      `${kit}/(runtimes|clients|model|toolchain)/`,
    ),
    only("worlds-know-clients", `${kit}/worlds/`, `${kit}/(worlds|clients|model)/`),
    only("warmup-knows-worlds", `${kit}/warmup/`, `${kit}/(warmup|worlds|clients|model)/`),
    only("rebuild-reads-as-verify", `${kit}/rebuild/`, `${kit}/(rebuild|verify|clients|model)/`),
    only("verify-knows-clients", `${kit}/verify/`, `${kit}/(verify|clients|model)/`),
    only(
      "apps-know-model-clients-contracts",
      "^apps/(gateway|dispatcher)/",
      `^apps/|${kit}/(model|clients|contracts)/`,
    ),
    {
      name: "kit-knows-no-test",
      severity: "error",
      from: { path: kit },
      to: { path: "^(packages/testkit|tests)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
