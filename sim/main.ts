/** The commands about one node, about groups and about groups of whole nodes have options of their own. */
async function run(): Promise<boolean> {
  if (process.argv.includes("--cluster")) return (await import("./host/clusterMain.ts")).clusterMain();
  if (process.argv.includes("--group")) return (await import("./host/groupMain.ts")).groupMain();
  return (await import("./host/nodeMain.ts")).nodeMain();
}
process.exitCode = (await run()) ? 0 : 1;
