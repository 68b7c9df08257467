import { countSlots } from "../core/slots/slotRanges.ts";
import type { ClusterStatus, PlacedGroup } from "../main/group/clusterStatus.ts";
import type { MemberStatus } from "../main/group/groupStatus.ts";
import { slotsText } from "./figures.ts";

/** One line a group, for people. */
export function statusText({ groups, spares, masters, moves, notices }: ClusterStatus): string {
  const lines = [
    ...groups.map((group) => groupLine(group, groups.length > 1)),
    ...(spares.length === 0 ? [] : [`spares  ${spares.map(({ id, address }) => `${id} ${address}`).join(" | ")}`]),
    ...(masters.length === 0 ? [] : [`masters  ${masters.map(({ id, rpc }) => `${id} ${rpc}`).join(" | ")}`]),
    ...(moves === 0 ? [] : [`${moves === 1 ? "1 move" : `${moves} moves`} of slots under way; see holdfast moves`]),
    ...notices,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** `g1 ok  epoch 6  entry 1042  primary w2 127.0.0.1:7402 | w1 127.0.0.1:7401 in step | w3 127.0.0.1:7403 3 behind` */
function groupLine(
  { group, state, problem, epoch, commitSeq, slots, members }: PlacedGroup,
  isOneOfSeveral: boolean,
): string {
  const head = [
    `${group} ${state.replace("_", " ")}${problem === undefined ? "" : ` (${problem})`}`,
    ...(isOneOfSeveral && slots !== undefined ? [slots.length === 0 ? "no slots" : slotsText(countSlots(slots))] : []),
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
