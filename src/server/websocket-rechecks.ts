import { SignalingError } from '../errors.js';
import type { Viewer } from '../identity/viewer.js';

export interface RecheckOptions {
  /** Asked for all connected devices in one batch; none: nobody is asked. */
  readonly recheck: ((viewers: readonly Viewer[]) => Promise<readonly Viewer[]>) | undefined;
  readonly everyMs: number;
  readonly connected: () => readonly Viewer[];
  readonly revoke: (viewer: Viewer) => void;
  readonly onDefect: (error: unknown) => void;
}

/** Ends what devices have open that may no longer be served. One batch is asked for at a time. @returns what ends that */
export function startRechecks({ recheck, everyMs, connected, revoke, onDefect }: RecheckOptions): () => void {
  let isRechecking = false;
  const look = async (): Promise<void> => {
    const viewers = connected();
    if (!recheck || isRechecking || viewers.length === 0) return;
    isRechecking = true;
    try {
      for (const viewer of await recheck(viewers)) revoke(viewer);
    } catch (error) {
      // While the directory is down, devices are served on its last word.
      if (!(error instanceof SignalingError)) onDefect(error);
    } finally {
      isRechecking = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs);
  return () => clearInterval(timer);
}
