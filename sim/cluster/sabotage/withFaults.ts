import type { ClusterOptions, FaultKind } from "../options.ts";

/** The same faults, but of these kinds. */
export function withFaults(drawn: ClusterOptions, kinds: readonly FaultKind[]): ClusterOptions {
  const { machines } = drawn;
  const faults = drawn.faults.map((fault) => {
    const victim = fault.victim % machines;
    const other = fault.other === victim || fault.other >= machines ? (victim + 1) % machines : fault.other;
    return { ...fault, victim, other, kind: kinds[fault.draw % kinds.length]! };
  });
  return { ...drawn, faults };
}
