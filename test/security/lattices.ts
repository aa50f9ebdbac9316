import { runDueJobs, runTimers } from '../support/jobs.js';
import { deeds, historiesOf, inOtherWords, type Step } from './deeds.js';
import { expectTheSame, Observer } from './Observer.js';
import { type Known, lookEverywhere, meetRefusals, type Thoroughness } from './probes.js';
import { beginScenario, closeWorld, type Owner, startWorld, type Who, type World } from './worlds.js';

/** Who watches, and what they must not be able to tell from its absence. */
export interface Lattice {
  watchers: readonly Who[];
  hides: (step: Step) => boolean;
  /** whose conversations there are */
  owners: readonly Owner[];
  /** Parley itself runs the AI agent, and its model watches too */
  builtInAi?: true;
}

const partOf = (step: Step) => deeds[step.does]?.part;
const isOfTeam = (step: Step) => ['TEAM_ENTRY', 'TEAM_STATE', 'NOTE'].includes(partOf(step)!);
const isOf = (owner: Owner) => (step: Step) =>
  step.of === owner && step.does in deeds && (owner === 'ivy' || deeds[step.does]!.about !== 'WORKSPACE');

export const lattices = {
  'a customer and an AI agent, and what is the team’s': {
    watchers: ['dana', 'bot'],
    hides: isOfTeam,
    owners: ['dana'],
  },
  'an integration without WHISPERS_READ, and whispers, notes, joins and leaves': {
    watchers: ['reader'],
    hides: (step) => partOf(step) === 'TEAM_ENTRY' || partOf(step) === 'NOTE',
    owners: ['dana'],
  },
  'an agent, an admin and an integration with all scopes, and a colleague’s notes': {
    watchers: ['ben', 'ada', 'crm'],
    hides: (step) => partOf(step) === 'NOTE' && step.by === 'fay',
    owners: ['dana'],
  },
  'everybody of one workspace, and another workspace': {
    watchers: ['ada', 'dana', 'bot', 'reader'],
    hides: isOf('ivy'),
    owners: ['dana', 'ivy', 'ivy'],
  },
  'a customer, and another customer': { watchers: ['dana'], hides: isOf('eli'), owners: ['dana', 'eli', 'eli'] },
  'an AI agent, and when the customer reads': {
    watchers: ['bot'],
    hides: (step) => partOf(step) === 'CUSTOMER_READ',
    owners: ['dana'],
  },
  'the model of the built-in AI agent, and what is the team’s': {
    watchers: ['dana', 'helper'],
    hides: isOfTeam,
    owners: ['dana'],
    builtInAi: true,
  },
} satisfies Record<string, Lattice>;

export const ofEach = Object.entries<Lattice>(lattices);
export const historiesFor = ({ owners }: Lattice, maxLength: number) => historiesOf(owners, maxLength);

/** Every history begins with conversations: two of the first customer, one of each other. */
const beginnings = ({ owners }: Lattice): Step[] =>
  [...new Set(owners), owners[0]!].map((of) => ({
    by: of,
    does: 'startConversation',
    of,
    at: 0,
    text: 'Hello?',
    chance: 0,
  }));

export interface Measures {
  steps: number;
  answers: number;
  bytes: number;
}

/** Three worlds: one without what is hidden, one with it, one with other secrets. */
export class Theatre {
  readonly measured: Measures = { steps: 0, answers: 0, bytes: 0 };
  private scenario = 0;

  private constructor(readonly worlds: readonly World[]) {}

  static async open(nodes = 1): Promise<Theatre> {
    return new Theatre(await Promise.all([1, 2, 3].map(() => startWorld(nodes))));
  }

  async close(): Promise<void> {
    await Promise.all(this.worlds.map(closeWorld));
  }

  /** Lives one history in every world. Throws if a watcher can tell them apart. */
  async live(history: readonly Step[], lattice: Lattice, how: Thoroughness): Promise<void> {
    this.scenario += 1;
    const whole = [...beginnings(lattice), ...history];
    const { hides } = lattice;
    const variants: (Step | null)[][] = [
      whole.map((step) => (hides(step) ? null : step)),
      whole,
      whole.map((step) => (hides(step) ? inOtherWords(step) : step)),
    ];
    const lives = await Promise.all(
      this.worlds.map((world, nr) => liveIn(world, variants[nr]!, whole, lattice, this.scenario)),
    );
    const known = this.known(variants.flat());
    const seen = await Promise.all(
      this.worlds.map((world, nr) => lookAtTheEnd(world, whole.length, lives[nr]!, known, how)),
    );
    this.measured.steps += whole.length;
    for (const name of Object.keys(seen[0]!)) {
      const ofAll = seen.map((one) => one[name]!);
      this.measured.answers += ofAll.reduce((sum, { size }) => sum + size, 0);
      this.measured.bytes += ofAll.reduce((sum, one) => sum + [...one.values()].join('').length, 0);
      expectTheSame(name, ofAll);
    }
  }

  private known(steps: readonly (Step | null)[]): Known {
    const ids = [...new Set(this.worlds.flatMap(({ script }) => [...script.made]))].sort();
    const isOfAll = (id: string) => this.worlds.every(({ script }) => script.made.has(id));
    const secret = ids.filter((id) => !isOfAll(id));
    const kinds = [...new Set(secret.map((id) => id.split('_')[0]!))];
    const { people, conversations } = this.worlds[1]!;
    const words = steps.filter((step) => step !== null).map(({ text }) => text);
    return {
      ids,
      fewIds: [
        ...new Set([
          ...(['dana', 'ben', 'ivy'] as const).map((who) => people[who].id),
          ...Object.values(conversations).flatMap((of) => of.slice(0, 1)),
          ...kinds.map((kind) => secret.find((id) => id.startsWith(`${kind}_`))!),
          'whis_00000000000000000000000000',
        ]),
      ],
      words: [...new Set(['vip', ...words.slice(-2)])],
    };
  }
}

async function lookAtTheEnd(
  { apps, script, model }: World,
  step: number,
  observers: Record<string, Observer>,
  known: Known,
  how: Thoroughness,
): Promise<Record<string, ReadonlyMap<string, string>>> {
  const handed = new Map(model.handed.map((line, nr) => [`what it was handed, ${nr}`, line]));
  script.enter(step);
  for (const observer of Object.values(observers)) {
    await lookEverywhere(observer, known, how);
    await observer.roundTrip();
  }
  for (const observer of Object.values(observers)) observer.endLife();
  // Some have effects, which an AI agent would answer in between.
  model.mayAnswer(false);
  for (const observer of Object.values(observers)) await meetRefusals(observer, known);
  model.mayAnswer(true);
  await runDueJobs(apps[0]);
  return {
    'the model': handed,
    ...Object.fromEntries(Object.entries(observers).map(([name, { seen }]) => [name, seen])),
  };
}

async function liveIn(
  world: World,
  history: readonly (Step | null)[],
  whole: readonly Step[],
  { watchers, builtInAi, hides }: Lattice,
  scenario: number,
): Promise<Record<string, Observer>> {
  await beginScenario(world, scenario, builtInAi === true);
  const { script, people, model, conversations } = world;
  const opened = await Promise.all(watchers.map((name) => Observer.of(people[name], world)));
  const observers = Object.fromEntries(watchers.map((name, nr) => [name, opened[nr]!]));
  const catchUp = async (ids: readonly string[]) => {
    for (const observer of opened) await observer.catchUp(ids);
  };
  for (const [nr, step] of history.entries()) {
    const { does, chance } = whole[nr]!;
    script.enter(nr, does === 'time' ? secondsOf[chance % secondsOf.length] : undefined);
    if (step === null) continue;
    // Its answer is a change of its own: first everybody sees what it answers.
    if (builtInAi) model.mayAnswer(does === 'time');
    const known = Object.values(conversations).flat();
    const concerned = await carryOut(world, step, nr, opened, observers);
    if (hides(step)) {
      for (const observer of opened) await observer.roundTrip();
      continue;
    }
    for (const id of concerned.filter((one) => !known.includes(one)))
      for (const observer of opened) observer.follow(id);
    await catchUp(concerned);
    if (!builtInAi) continue;
    model.mayAnswer(true);
    await runDueJobs(world.apps[0]);
    await catchUp(concerned);
  }
  return observers;
}

/** An AI agent's turn is over, an idle conversation resolves, a resolved one is finalized. */
const secondsOf = [70, 320, 620];

/** Answers which conversations may have changed. */
async function carryOut(
  world: World,
  step: Step,
  nr: number,
  opened: readonly Observer[],
  observers: Record<string, Observer>,
): Promise<string[]> {
  const { apps, conversations, people } = world;
  const { does, by, of, at, chance } = step;
  if (does === 'time') {
    await runTimers(apps[0]);
    return Object.values(conversations).flat();
  }
  if (does === 'reconnect') {
    await opened[chance % opened.length]!.reconnect(chance);
    return [];
  }
  const { mutation = does.split(' ')[0]!, about, input } = deeds[does]!;
  const conversationId = conversations[of][at % conversations[of].length] ?? 'none';
  const given = { ...(await input?.(step, world, conversationId)), ...(about === undefined && { conversationId }) };
  const name = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}`;
  const asked = (selection: string) =>
    [`mutation ($input: ${name}Input!) { ${mutation}(input: $input) ${selection} }`, { input: given }] as const;
  const isStart = about === 'CUSTOMER';
  // A password is made at random.
  const all = observers[by]?.all(`${name}Payload`, 1, (_, field) => field === 'oneTimePassword');
  const node = apps[chance % apps.length]!;
  const answer = all
    ? await observers[by]!.sees(`step ${nr}`, ...asked(all))
    : JSON.parse(
        (await people[by].at(node.url).raw(...asked(isStart ? '{ conversation { id } }' : '{ errors { code } }'))).text,
      );
  if (!isStart) return conversations[of].includes(conversationId) ? [conversationId] : [];
  const { id } = answer.data[mutation].conversation;
  conversations[of].push(id);
  return [id];
}
