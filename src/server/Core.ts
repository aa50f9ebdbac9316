import type { Principals } from '../auth/Principals.js';
import type { Viewer } from '../auth/Viewer.js';

/** One operation's context, as far as the doors look into it. */
export interface OperationContext {
  readonly viewer: Viewer | null;
  readonly requestId: string;
  /** The same caller for the next event of a stream, with nothing kept of what was read for the last one. */
  fresh(): OperationContext;
}

/** Told of the sockets that open and close; it holds neither up. */
export interface Attendance {
  arrived(viewer: Viewer): void;
  left(viewer: Viewer): void;
}

/** What the doors are handed of the rooms behind them; app.ts makes it. */
export interface Core {
  principals: Principals;
  presence: Attendance;
  contextOf(viewer: Viewer | null, requestId: string): OperationContext;
  /** Tells whenever somebody's role or activity has changed. Returns how to stop. */
  onStandingChange(listener: (actorId: string) => void): () => void;
}
