import type { Files } from '../actions/files/Files.js';
import type { World } from '../actions/World.js';
import type { FileLinks } from '../auth/FileLinks.js';
import type { Principals } from '../auth/Principals.js';
import type { Tokens } from '../auth/Tokens.js';
import type { Viewer } from '../auth/Viewer.js';
import { unauthenticated } from '../errors.js';
import type { Links } from '../links.js';
import type { Streams } from '../live/Streams.js';
import { Loaders } from '../reads/Loaders.js';
import type { Translations } from '../reads/translations.js';

/** The parts that resolvers call. */
export interface Parts {
  world: World;
  tokens: Tokens;
  principals: Principals;
  streams: Streams;
  links: Links;
  /** what a browser needs to subscribe to pushes; null: web push is not configured */
  pushPublicKey: string | null;
  files: Files;
  fileLinks: FileLinks;
  translations: Translations;
  /** Counts an attempt to sign in with this e-mail; throws RATE_LIMITED when there were too many. */
  countSignIn(email: string): Promise<void>;
}

/** One operation, or one event of a stream. */
export class Context {
  private current: Loaders | undefined;

  constructor(
    readonly parts: Parts,
    /** null: no token was sent */
    public viewer: Viewer | null,
    readonly requestId: string,
  ) {}

  /** Whoever has just signed in may read who they are in the same answer. */
  becomes(viewer: Viewer): void {
    this.viewer = viewer;
    this.forgetReads();
  }

  get caller(): Viewer {
    if (this.viewer === null) throw unauthenticated();
    return this.viewer;
  }

  get loaders(): Loaders {
    const { world, translations } = this.parts;
    this.current ??= new Loaders(world.database, this.caller, world.clock.now(), translations);
    return this.current;
  }

  /** What was read before a write must not answer for what is after it. */
  forgetReads(): void {
    this.current = undefined;
  }

  /** For the next event of a stream: nothing loaded for the last one is kept. */
  fresh(): Context {
    return new Context(this.parts, this.viewer, this.requestId);
  }
}
