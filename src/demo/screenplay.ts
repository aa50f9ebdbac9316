import sql from 'sql-template-tag';
import { startConversation } from '../actions/startConversation.js';
import type { World } from '../actions/World.js';
import type { Viewer } from '../auth/Viewer.js';
import type { Channel } from '../entities/Conversation.js';
import { idEpoch, seededIds } from './seededIds.js';

/** One conversation of the demo, as it is written down. */
export interface Script {
  /** of the fortnight before the demo was filled, 0 to 13; and when on that day, UTC */
  day: number;
  at: string;
  subject?: string;
  /** Not the web: the integration carries what the customer says. */
  channel?: Exclude<Channel, 'WEB'>;
  /** The customer's words come first. */
  steps: readonly Step[];
}

export interface Step {
  /** seconds after the step before */
  after: number;
  act(stage: Stage): Promise<unknown>;
}

export const pause = (hours: number): Step => ({ after: hours * 3600, act: async () => {} });

/**
 * Where one script is played. Time and ids are its own, so that it comes out the same whatever is played beside it: the
 * clock starts at the script's day, the ids' clock at the same moment of a fixed fortnight.
 */
export class Stage {
  readonly world: World;
  private elapsedMs: number;
  private conversation: string | null = null;
  private carried = 0;

  constructor(
    { database, bells }: Pick<World, 'database' | 'bells'>,
    readonly script: Script,
    private readonly seed: string,
    firstDay: Date,
  ) {
    const [hours, minutes] = script.at.split(':').map(Number);
    this.elapsedMs = ((script.day * 24 + hours!) * 60 + minutes!) * 60_000;
    const ids = seededIds(seed, { now: () => new Date(idEpoch + this.elapsedMs) });
    this.world = { database, bells, ids, clock: { now: () => new Date(firstDay.getTime() + this.elapsedMs) } };
  }

  async play(): Promise<void> {
    for (const step of this.script.steps) {
      this.elapsedMs += Math.round(step.after * 1000);
      await step.act(this);
    }
  }

  get started(): boolean {
    return this.conversation !== null;
  }

  get conversationId(): string {
    if (this.conversation === null) throw new Error(`The customer must speak first in ${this.seed}.`);
    return this.conversation;
  }

  async start(viewer: Viewer, input: { text: string; customerId?: string; externalId?: string }): Promise<void> {
    const { subject, channel } = this.script;
    const outcome = await startConversation(this.world, viewer, {
      ...input,
      ...(subject && { subject }),
      ...(channel && { channel }),
    });
    this.conversation = outcome.conversationId;
  }

  /** The id that the next message has in its channel. */
  nextExternalId(): string {
    this.carried += 1;
    return `${this.seed.replaceAll(' ', '-')}-${this.carried}`;
  }

  async openTurnId(): Promise<string> {
    const [turn] = await this.world.database.read<{ id: string }>(
      sql`select id from ai_turns where conversation_id = ${this.conversationId} and closed_at is null`,
    );
    if (!turn) throw new Error(`It is not the AI agent's turn in ${this.seed}.`);
    return turn.id;
  }

  async lastTransferId(): Promise<string> {
    const [transfer] = await this.world.database.read<{ id: string }>(sql`
      select id from transfers where conversation_id = ${this.conversationId} order by created_at desc, id desc limit 1`);
    if (!transfer) throw new Error(`Nobody has offered ${this.seed}.`);
    return transfer.id;
  }
}
