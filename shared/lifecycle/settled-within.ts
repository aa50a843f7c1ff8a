/** Answers whether work ended in time. A rejection of the work is passed on; afterwards nobody waits for it any more. */
export async function settledWithin(work: Promise<unknown>, waitMs: number): Promise<boolean> {
  const timeout = Promise.withResolvers<false>();
  const timer = setTimeout(() => timeout.resolve(false), waitMs);
  try {
    return await Promise.race([work.then(() => true), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
