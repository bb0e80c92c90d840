/** At most one run at a time; who calls meanwhile waits for one more run after it, the same for all of them. */
export function serially(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  async function run(): Promise<void> {
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      // In step with the last look at `again`: no call falls between the two.
      running = undefined;
    }
  }
  return () => {
    if (running) again = true;
    else running = run();
    return running;
  };
}
