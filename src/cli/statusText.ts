import type { ClusterStatus } from "../main/group/clusterStatus.ts";
import type { GroupStatus, MemberStatus } from "../main/group/groupStatus.ts";

/** One line a group, for people. */
export function statusText({ groups, notices }: ClusterStatus): string {
  const lines = groups.map(groupLine);
  return [...lines, ...notices].map((line) => `${line}\n`).join("");
}

/** `g1 ok  epoch 6  entry 1042  primary w2 127.0.0.1:7402 | w1 127.0.0.1:7401 in step | w3 127.0.0.1:7403 3 behind` */
function groupLine({ group, state, problem, epoch, commitSeq, members }: GroupStatus): string {
  const head = [
    `${group} ${state.replace("_", " ")}${problem === undefined ? "" : ` (${problem})`}`,
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    ...(commitSeq === undefined ? [] : [`entry ${commitSeq}`]),
  ].join("  ");
  return members.length === 0 ? head : `${head}  ${members.map(memberText).join(" | ")}`;
}

function memberText({ id, role, state, address, behind, problem }: MemberStatus): string {
  const name = `${role === "primary" ? "primary " : ""}${id}${address === undefined ? "" : ` ${address}`}`;
  if (state === "serving") return name;
  if (state === "missing") return `${name} missing`;
  if (state === "unreachable") return `${name} does not answer${problem === undefined ? "" : ` (${problem})`}`;
  const distance = behind === undefined || behind === 0 ? "" : `${behind} behind`;
  if (state === "in_step") return `${name} ${distance || "in step"}`;
  return `${name} ${state.replace("_", " ")}${distance && `, ${distance}`}`;
}
