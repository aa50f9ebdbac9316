import sql from 'sql-template-tag';
import { type SnapshotActor, type SnapshotHead, type SnapshotLine, SnapshotSeal } from '../../entities/SnapshotSeal.js';
import type { Scene } from '../Scene.js';

const batch = 1000;

/**
 * Copies the conversation as it is under its lock: every entry up to the last, as the team sees it, and everybody as
 * they are called now. The entries come into memory a batch at a time, however many there are.
 */
export async function takeSnapshot(scene: Scene, ticketId: string): Promise<void> {
  // What this call has appended so far was before the ticket.
  await scene.em.flush();
  const { customer, assignee, participants } = await readPeople(scene);
  const head = { ticketId, takenAt: scene.now, subject: scene.conversation.subject, customer, assignee };
  await writeHead(scene, head);
  const team = new View('TEAM', { ...head, participants: participants.TEAM });
  const everyone = new View('EVERYONE', { ...head, participants: participants.EVERYONE });
  for await (const line of copyEntries(scene, ticketId)) {
    team.add(line);
    if (line.audience === 'EVERYONE') everyone.add(line);
  }
  for (const view of [team, everyone]) await view.writeSeal(scene);
}

/** What some may see of the snapshot, with a seal of its own: so it tells them nothing of the rest. */
class View {
  private readonly seal: SnapshotSeal;
  private count = 0;

  constructor(
    private readonly name: 'TEAM' | 'EVERYONE',
    private readonly head: SnapshotHead,
  ) {
    this.seal = new SnapshotSeal(head);
  }

  add(line: SnapshotLine): void {
    this.seal.add(line);
    this.count += 1;
  }

  async writeSeal({ em }: Scene): Promise<void> {
    const { ticketId, participants } = this.head;
    await em.execute(
      `insert into ticket_snapshot_seals (ticket_id, view, participants, entry_count, sha256)
       values (?, ?, ?::jsonb, ?, ?)`,
      [ticketId, this.name, JSON.stringify(participants), this.count, this.seal.close()],
    );
  }
}

async function writeHead({ em, conversation }: Scene, head: Omit<SnapshotHead, 'participants'>): Promise<void> {
  const { ticketId, takenAt, subject, customer, assignee } = head;
  await em.execute(
    `insert into ticket_snapshots (ticket_id, workspace_id, taken_at, subject, customer, assignee)
     values (?, ?, ?, ?, ?::jsonb, ?::jsonb)`,
    [
      ticketId,
      conversation.workspaceId,
      takenAt,
      subject,
      JSON.stringify(customer),
      assignee && JSON.stringify(assignee),
    ],
  );
}

interface People {
  customer: SnapshotActor;
  assignee: SnapshotActor | null;
  /** by the time they came */
  participants: Record<'TEAM' | 'EVERYONE', SnapshotActor[]>;
}

async function readPeople({ em, conversation }: Scene): Promise<People> {
  const query = sql`
    select
      (select ${named} from actors a where a.id = c.customer_id) as customer,
      (select ${named} from actors a where a.id = c.assignee_id) as assignee,
      json_build_object(
        'TEAM', (select json_agg(${named} order by present.since, a.id) from (
          select c.customer_id as id, c.created_at as since
          union all select c.ai_agent_id, c.ai_since where c.handling = 'AI'
          union all select p.actor_id, p.joined_at from participants p
            where p.conversation_id = c.id and p.joined_at is not null) present
          join actors a on a.id = present.id),
        'EVERYONE', (select json_agg(${named} order by present.since, a.id) from (
          select c.customer_id as id, c.created_at as since
          union all select p.actor_id, p.public_since from participants p
            where p.conversation_id = c.id and p.public_since is not null) present
          join actors a on a.id = present.id)) as participants
    from conversations c where c.id = ${conversation.id}`;
  const [people] = await em.execute<[People]>(query.sql, query.values);
  return people;
}

const named = sql`json_build_object('actorId', a.id, 'displayName', a.display_name)`;

interface Copied extends SnapshotLine {
  nr: number;
  position: number;
  teamPosition: number;
}

/** In the order of the timeline. An entry for everyone is numbered by its position already, which counts nothing else. */
async function* copyEntries({ em, world, conversation }: Scene, ticketId: string): AsyncGenerator<SnapshotLine> {
  // Each entry's salt is made of what is kept nowhere, so that an erased one cannot be made again from the others.
  const secret = world.ids.next('salt') + world.ids.next('salt');
  let last: Pick<Copied, 'nr' | 'position' | 'teamPosition'> = { nr: 0, position: 0, teamPosition: 0 };
  for (;;) {
    const query = sql`
      with copied as (
        select e.*, actor.display_name as actor_name, agent.display_name as agent_name,
          (select jsonb_agg(jsonb_build_object('id', f.id, 'fileName', f.file_name, 'contentType', f.content_type,
            'byteSize', f.byte_size) order by f.position)
          from attachments f where f.entry_id = e.id) as attachments,
          left(encode(sha256(convert_to(${secret} || e.nr, 'UTF8')), 'hex'), 32) as salt
        from (
          select e.*, ${last.nr} + row_number() over (order by e.position, e.team_position) as nr from entries e
          where e.conversation_id = ${conversation.id} and e.audience in ('EVERYONE', 'TEAM')
            and (e.position, e.team_position) > (${last.position}, ${last.teamPosition})
          order by e.position, e.team_position limit ${batch}) e
        join actors actor on actor.id = e.actor_id
        left join actors agent on agent.id = e.agent_id),
      written as (
        insert into ticket_snapshot_entries (
          ticket_id, team_nr, everyone_nr, entry_id, kind, audience, actor_id, actor_name, agent_id, agent_name, text,
          attachments, salt, created_at)
        select ${ticketId}, nr, case when audience = 'EVERYONE' then position end, id, coalesce(event_kind, type),
          audience, actor_id, actor_name, agent_id, agent_name, text, attachments, salt, created_at
        from copied)
      select nr::int, position::int, team_position::int as "teamPosition", id as "entryId",
        coalesce(event_kind, type) as kind, audience,
        json_build_object('actorId', actor_id, 'displayName', actor_name) as actor,
        case when agent_id is not null then json_build_object('actorId', agent_id, 'displayName', agent_name) end as agent,
        text, attachments, salt, created_at as "createdAt", null as "erasedSha256"
      from copied order by nr`;
    const lines = await em.execute<Copied[]>(query.sql, query.values);
    for (const line of lines) yield { ...line, createdAt: new Date(line.createdAt) };
    if (lines.length < batch) return;
    last = lines.at(-1)!;
  }
}
