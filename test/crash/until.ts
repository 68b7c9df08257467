const LOOK_AGAIN_MILLIS = 5;

/** Looks again and again until a condition holds; rejects at the deadline, naming what was waited for. */
export async function until(
  what: string,
  deadlineMillis: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + deadlineMillis;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMillis} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MILLIS));
  }
}
