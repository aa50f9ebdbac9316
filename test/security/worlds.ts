import { createHash } from 'node:crypto';
import sql from 'sql-template-tag';
import { TypeID } from 'typeid-js';
import type { AiConversation, AiModel, AiReply } from '../../src/adapters/AiModel.js';
import type { Clock } from '../../src/clock.js';
import type { IdKind, IdSource } from '../../src/ids.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { searchPrompt } from '../support/canaries.js';
import { type Cast, castOf, newPerson, setDefaultAiAgent } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { jobOf } from './jobsKnown.js';

/** So late that no job which goes by PostgreSQL's clock comes due while a test runs. */
const epoch = Date.UTC(2031, 0, 1);
const scenarioSeconds = 100_000;
const stepSeconds = 7;

/**
 * Time and ids of one world. Both are told by the number of the step, which the worlds share, and of ids by how many of
 * their kind the step made before: a step that one world leaves out shifts nothing in those that follow.
 */
export class Script implements Clock, IdSource {
  readonly made = new Set<string>();
  /** A source of ids as it must not be: it counts. For the proof that this would be found. */
  counts = false;
  private scenario = 0;
  private step = 0;
  private seconds = 0;
  private given = new Map<string, number>();

  begin(scenario: number): void {
    this.made.clear();
    this.scenario = scenario;
    this.step = 0;
    this.seconds = 0;
    this.given.clear();
  }

  /** The next step. Time passes in all worlds alike, also where a step is left out. */
  enter(step: number, seconds = stepSeconds): void {
    this.step = step;
    this.seconds += seconds;
    if (!this.counts) this.given.clear();
  }

  now(): Date {
    return new Date(epoch + (this.scenario * scenarioSeconds + this.seconds) * 1000);
  }

  next(kind: IdKind): string {
    const of = this.counts ? 'counting' : `${this.step} ${jobOf.getStore() ?? ''}`;
    const nr = this.given.get(of + kind) ?? 0;
    this.given.set(of + kind, nr + 1);
    const bytes = createHash('sha256').update([this.scenario, of, kind, nr].join(' ')).digest().subarray(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x70;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const id = TypeID.fromUUIDBytes(kind, bytes).toString();
    this.made.add(id);
    return id;
  }
}

/** A model that keeps all it is ever handed, and answers by it. It waits until it may: a test sees what came before. */
export class RecordingModel implements AiModel {
  readonly handed: string[] = [];
  private answering = Promise.withResolvers<void>();

  async reply(conversation: AiConversation): Promise<AiReply> {
    this.handed.push(JSON.stringify(conversation));
    searchPrompt(conversation);
    await this.answering.promise;
    const { unanswered, before } = conversation;
    const say = `${before.length} lines before: ${unanswered.join(' / ')}`.slice(0, 500);
    return unanswered.length > 2 ? { say, askForHuman: 'It asks too much.' } : { say };
  }

  mayAnswer(may: boolean): void {
    if (may) this.answering.resolve();
    else this.answering = Promise.withResolvers();
  }
}

export type Who = Exclude<keyof Cast, 'acme' | 'globex' | 'leave' | 'nobody'> | 'fay' | 'helper';
/** Whose conversations there are: two customers' of Acme, and one's of Globex. */
export const owners = ['dana', 'eli', 'ivy'] as const;
export type Owner = (typeof owners)[number];

/** One of the worlds: servers on a database of its own, with people of the same names and ids as in the others. */
export interface World {
  /** its nodes; most worlds have one */
  apps: [TestApp, ...TestApp[]];
  script: Script;
  model: RecordingModel;
  cast: Cast;
  people: Record<Who, Person>;
  conversations: Record<Owner, string[]>;
}

// Nobody's limits are in question here: what is looked at is large.
const settings = {
  // What is planted fails now and then, and would fill the page.
  LOG_LEVEL: 'silent',
  AUTH_SECRET: 'the same secret in every one of the worlds',
  // The URLs of files begin with it.
  PUBLIC_URL: 'https://parley.example.test',
  MAX_REQUEST_BYTES: '10000000',
  MAX_DEPTH: '100',
  MAX_ALIASES: '100000',
  MAX_TOKENS: '1000000',
  MAX_ERRORS: '1000',
  MAX_LIST: '10000',
  MAX_COST: '2000000000',
  RATE_BURST: '2000000000',
  MAX_SUBSCRIPTIONS_PER_SOCKET: '500',
};

export async function startWorld(nodes: number): Promise<World> {
  const script = new Script();
  const model = new RecordingModel();
  const options = { clock: script, ids: script, modelOf: () => model };
  const first = await startTestApp(settings, options);
  const apps: World['apps'] = [first];
  while (apps.length < nodes) apps.push(await startTestApp(settings, { ...options, databaseUrl: first.databaseUrl }));
  const cast = await castOf(first);
  const world = { apps, script, model, cast, people: {} as World['people'], conversations: noConversations() };
  await cast.leave();
  return world;
}

const noConversations = (): World['conversations'] => ({ dana: [], eli: [], ivy: [] });

/** New people in new workspaces: what happened before is over, and nothing of it is still to come. */
export async function beginScenario(world: World, nr: number, builtInAi: boolean): Promise<void> {
  const { apps, script, model } = world;
  const { database } = apps[0].world;
  await database.read(sql`delete from graphile_worker._private_jobs where locked_at is null`);
  await database.read(sql`update workspaces set auto_resolve_after_seconds = null, auto_finalize_after_seconds = null`);
  script.begin(nr);
  model.handed.length = 0;
  model.mayAnswer(true);
  world.cast = await castOf(apps[0], undefined, 90_000);
  const { acme, globex, leave: _, nobody: __, ...named } = world.cast;
  const fay = await newPerson(apps[0], apps[0].url, acme, 'Fay', { kind: 'AGENT', role: 'AGENT' }, 90_000);
  const byParley = { kind: 'AI_AGENT', answersBy: 'ARTICLES' } as const;
  const helper = await newPerson(apps[0], apps[0].url, acme, 'Helper', byParley, 90_000);
  if (builtInAi) await setDefaultAiAgent(apps[0], acme, helper.id);
  world.people = { ...named, fay, helper };
  world.conversations = noConversations();
  await database.read(sql`
    update workspaces set auto_resolve_after_seconds = 300, auto_finalize_after_seconds = 600
    where id in (${acme}, ${globex})`);
}

export async function closeWorld({ apps, model }: World): Promise<void> {
  model.mayAnswer(true);
  const [first, ...others] = apps;
  for (const app of others) await app.close();
  await first.close();
}
