/** `target` as seen from `folder`, both relative to the project's root. */
export function resolvePath(folder: string, target: string): string {
  const path = folder.split("/").filter((step) => step !== "");
  for (const step of target.split("/")) {
    if (step === "..") path.pop();
    else if (step !== "." && step !== "") path.push(step);
  }
  return path.join("/");
}
