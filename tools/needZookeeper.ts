import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const JAR = "/usr/share/java/zookeeper.jar";
const PACKAGES = ["zookeeper", "default-jre-headless"];
const INSTALL_MILLIS_MAX = 300_000;

/**
 * Sees to it that there is a ZooKeeper to test with: installs Debian's packages where it may, which is for root on a machine with
 * apt-get. Answers what a person has to do otherwise.
 */
export function needZookeeper(): string | undefined {
  if (hasZookeeper()) return undefined;
  const advice = `some tests need ZooKeeper: apt-get install ${PACKAGES.join(" ")} (or Java, and ZOOKEEPER_HOME with Apache's archive)`;
  if (process.getuid?.() !== 0 || !canRun("apt-get", "--version")) return advice;
  console.log(`installing ${PACKAGES.join(" and ")} for the tests that need them`);
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...PACKAGES],
  ]) {
    const { status } = spawnSync("apt-get", args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      timeout: INSTALL_MILLIS_MAX,
    });
    if (status !== 0) return `${advice}; apt-get ${args[0]} failed`;
  }
  return hasZookeeper() ? undefined : advice;
}

function hasZookeeper(): boolean {
  const home = process.env["ZOOKEEPER_HOME"];
  return (existsSync(JAR) || (home !== undefined && existsSync(home))) && canRun("java", "-version");
}

function canRun(command: string, argument: string): boolean {
  return spawnSync(command, [argument], { stdio: "ignore" }).status === 0;
}
