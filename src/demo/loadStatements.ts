const crockford = '0123456789abcdefghjkmnpqrstvwxyz';
/** 48 bits of time are ten characters of five bits, two of them zero. */
const timeCharacters = [45, 40, 35, 30, 25, 20, 15, 10, 5, 0]
  .map((shift) => `substr('${crockford}', ((ms >> ${shift}) & 31)::int + 1, 1)`)
  .join(' || ');

/**
 * What the load is made in: tables and functions of one session. All chance is drawn from md5 of what it is about, so that
 * it falls the same way every time. `ord` orders a conversation: message i at 100 i, what comes with it just around.
 */
export const loadTables = [
  `create function pg_temp.draw(hash text, nr int, below int) returns int language sql immutable as $$
     select ('x' || substr(hash, nr * 4 + 1, 4))::bit(16)::int % below $$`,
  // A UUIDv7: "e" and "9" carry the version and the variant, and every hexadecimal digit is a Crockford digit, too.
  `create function pg_temp.load_id(kind text, ms bigint, seed text) returns text language sql immutable as $$
     select kind || '_' || ${timeCharacters}
       || 'e' || substr(md5(seed), 1, 2) || '9' || substr(md5(seed), 3, 12) $$`,
  `create temp table load_world (
     workspace_id text, ai_agent_id text, ends_at timestamptz(3), window_ms bigint, id_epoch bigint, first int,
     customers int, team text[])`,
  `create temp table load_texts (about text, texts text[])`,
  `create temp table load_lengths (n int, messages int) on commit delete rows`,
  `create temp table load_plan (
     n int primary key, messages int, hash text, handling text, status text, ai_messages int, human_until int,
     asked boolean, asked_by_ai boolean, taken boolean, handed_back boolean, agent_id text, helper_id text,
     helper_leaves boolean, customer_id text, customer_reads boolean, agent_reads boolean, helper_reads boolean
   ) on commit delete rows`,
  `create temp table load_entries (
     n int, ord bigint, i int, type text, audience text, author text, event_kind text) on commit delete rows`,
  `create temp table load_timeline (
     n int, ord bigint, i int, type text, audience text, author text, event_kind text, hash text, position bigint,
     team_position bigint, note_position bigint, elapsed bigint, answered bigint, id text, actor_id text,
     created_at timestamptz(3)
   ) on commit delete rows`,
  `create index on load_timeline (n, position) where audience = 'EVERYONE'`,
  `create temp table load_facts (
     n int primary key, id text, started_at timestamptz(3), updated_at timestamptz(3), asked_at timestamptz(3),
     taken_at timestamptz(3), handed_back_at timestamptz(3), resolved_at timestamptz(3), position bigint,
     team_position bigint, notes bigint, answered bigint, last_message_id text, last_message_at timestamptz(3),
     last_author text
   ) on commit delete rows`,
];

/** Once a run: more colleagues, who have no password, and the customers. */
export const loadPeople = [
  `insert into actors (id, workspace_id, kind, display_name, email, role, active, scopes, created_at)
   select pg_temp.load_id('agent', id_epoch, 'load agent ' || nr), workspace_id, 'AGENT',
     first.texts[nr] || ' ' || last.texts[1 + nr % cardinality(last.texts)],
     lower(first.texts[nr]) || '@acme.test', 'AGENT', true, '{}', ends_at - window_ms * interval '1 ms'
   from load_world, generate_series(1, 20) nr, load_texts first, load_texts last
   where first.about = 'firstName' and last.about = 'lastName'
   on conflict (id) do nothing`,
  `update load_world set team = array(
     select id from actors where workspace_id = load_world.workspace_id and kind = 'AGENT' and active order by id)`,
  `insert into actors
     (id, workspace_id, kind, display_name, email, external_id, language, active, scopes, created_at)
   select pg_temp.load_id('cust', id_epoch, 'load customer ' || nr), workspace_id, 'CUSTOMER',
     first.texts[1 + pg_temp.draw(md5(nr::text), 0, cardinality(first.texts))] || ' ' ||
       last.texts[1 + pg_temp.draw(md5(nr::text), 1, cardinality(last.texts))],
     'customer' || nr || '@example.test', 'load-' || nr, (array['en', 'de', 'es', 'fr', 'pt'])[1 + nr % 5], true, '{}',
     ends_at - window_ms * interval '1 ms'
   from load_world, generate_series(first, first + customers - 1) nr, load_texts first, load_texts last
   where first.about = 'firstName' and last.about = 'lastName'`,
];

/** How each conversation goes. What the AI agent handles ends with its answer, or else a turn would stay open. */
const plan = `
  insert into load_plan
  select n, messages, hash,
    case when kind = 'ASKED' then 'UNATTENDED' when taken and not handed_back then 'HUMAN' else 'AI' end,
    case when kind like '%_FINALIZED' then 'FINALIZED' when kind like '%_RESOLVED' then 'RESOLVED' else 'OPEN' end,
    ai_messages, case when handed_back then messages - 2 else messages end,
    asked, asked and ai_messages % 2 = 1 and pg_temp.draw(hash, 3, 2) = 0, taken, handed_back,
    team[1 + agent], case when helped then team[1 + (agent + 1 + pg_temp.draw(hash, 5, size - 1)) % size] end,
    pg_temp.draw(more, 0, 100) < 30,
    pg_temp.load_id('cust', id_epoch, 'load customer ' || first + pg_temp.draw(more, 1, customers)),
    pg_temp.draw(more, 2, 100) < 60, taken and pg_temp.draw(more, 3, 100) < 80,
    helped and pg_temp.draw(more, 4, 100) < 50
  from (
    select *,
      case
        when not taken then messages
        else least(case when handed_back then messages - 3 else messages end, 1 + pg_temp.draw(hash, 1, 6))
      end as ai_messages,
      kind = 'ASKED' or taken and pg_temp.draw(hash, 2, 100) < 60 as asked,
      taken or pg_temp.draw(hash, 6, 100) < 15 as helped,
      cardinality(team) as size, pg_temp.draw(hash, 4, cardinality(team)) as agent
    from (
      select *, kind like 'HUMAN%' or kind = 'HANDED_BACK' as taken, kind = 'HANDED_BACK' as handed_back
      from (
        select *,
          case
            when lot < 24 and messages % 2 = 0 then 'AI'
            when lot < 40 then 'AI_FINALIZED'
            when lot < 46 then 'AI_RESOLVED'
            when lot < 52 then 'ASKED'
            when lot < 70 or lot >= 96 and messages < 4 then 'HUMAN'
            when lot < 78 then 'HUMAN_RESOLVED'
            when lot < 96 then 'HUMAN_FINALIZED'
            else 'HANDED_BACK'
          end as kind
        from (
          select *, case when messages > 60 then 52 + pg_temp.draw(hash, 0, 48) else pg_temp.draw(hash, 0, 100) end as lot
          from (select *, md5('conversation ' || n) as hash, md5('more of ' || n) as more from load_lengths) l
        ) l
      ) l
    ) l, load_world
  ) l`;

const entries = [
  `insert into load_entries
   select n, i * 100, i, 'MESSAGE', 'EVERYONE',
     case
       when i <= ai_messages then case when i % 2 = 1 then 'CUSTOMER' else 'AI' end
       when i > human_until then case when (i - human_until) % 2 = 1 then 'CUSTOMER' else 'AI' end
       when i = human_until and handed_back or lot between 48 and 89 then 'AGENT'
       when lot < 48 then 'CUSTOMER'
       else 'HELPER'
     end
   from (
     select *, pg_temp.draw(md5(concat_ws(' ', 'author', n, i)), 0, 100) as lot
     from load_plan, generate_series(1, messages) i) l`,
  `insert into load_entries
   select n, i * 100 + what.beside, i, 'WHISPER', what.audience,
     case when taken and i > ai_messages and pg_temp.draw(hash, 2, 100) < 60 then 'AGENT' else 'HELPER' end
   from (
     select n, i, taken, ai_messages, md5(concat_ws(' ', 'whisper', n, i)) as hash
     from load_plan, generate_series(1, messages) i where helper_id is not null) l
   join (values ('TEAM', 0, 250, 50), ('SELF', 1, 10, 70)) what (audience, nr, chance, beside)
     on pg_temp.draw(hash, what.nr, 1000) < what.chance`,
  `insert into load_entries
   select n, ord, ord / 100, 'EVENT', 'EVERYONE', author, kind from load_plan
   cross join lateral (values
     (true, 1, 'CUSTOMER', 'STARTED'),
     (asked, ai_messages * 100 + 60, case when asked_by_ai then 'AI' else 'CUSTOMER' end, 'HUMAN_REQUESTED'),
     (taken, ai_messages * 100 + 61, 'AGENT', 'TAKEN_OVER'),
     (handed_back, human_until * 100 + 62, 'AGENT', 'HANDED_BACK'),
     (status <> 'OPEN', messages * 100 + 90, 'AGENT', 'RESOLVED'),
     (status = 'FINALIZED', messages * 100 + 91, case when customer_reads then 'CUSTOMER' else 'AGENT' end, 'FINALIZED')
   ) event (happens, ord, author, kind) where happens`,
  `insert into load_entries
   select n, ord - 20 + nr, i, 'EVENT', 'EVERYONE', event.author, event.kind
   from load_entries e join load_plan p using (n)
   cross join (values (0, 'AGENT', 'RESOLVED'), (1, 'CUSTOMER', 'REOPENED')) event (nr, author, kind)
   where e.type = 'MESSAGE' and e.author = 'CUSTOMER' and p.taken and i between ai_messages + 2 and human_until
     and pg_temp.draw(md5(concat_ws(' ', 'reopened', n, i)), 0, 1000) < 8`,
  `insert into load_entries
   select n, event.ord, event.ord / 100, 'EVENT', 'TEAM', 'HELPER', event.kind
   from (
     select n, min(ord) as first from load_entries where author = 'HELPER' and audience <> 'SELF' group by n) joined
   join load_plan using (n)
   cross join lateral (values
     (true, first - 10, 'JOINED'),
     (helper_leaves, messages * 100 + 80, 'LEFT')) event (happens, ord, kind)
   where happens`,
];

/** Numbers as Conversation.takePlace gives them. An AI agent answers the entry before its own, people all up to theirs. */
const timeline = [
  `insert into load_timeline
     (n, ord, i, type, audience, author, event_kind, hash, position, team_position, note_position, elapsed, answered,
      actor_id)
   select n, ord, i, type, audience, author, event_kind, hash, position, team_position,
     case when audience = 'SELF'
       then row_number() over (partition by n, position, team_position, audience, actor_id order by ord) else 0 end,
     elapsed,
     coalesce(max(case when type = 'MESSAGE' then case author when 'AI' then position - 1 when 'CUSTOMER' then 0 else position end end)
       over (partition by n order by ord), 0),
     actor_id
   from (
     select *, count(*) filter (where audience = 'TEAM') over (partition by n, position order by ord) as team_position
     from (
       select e.*,
         count(*) filter (where audience = 'EVERYONE') over timeline as position,
         sum(case
           when ord <= 100 then 0
           when type = 'EVENT' then 1000 + pg_temp.draw(hash, 0, 7000)
           when type = 'WHISPER' then 3000 + pg_temp.draw(hash, 0, 12000)
           when author = 'AI' then 2000 + pg_temp.draw(hash, 0, 4000)
           when author = 'CUSTOMER' then 10000 + 590000::bigint * lot * lot / 65536 * lot / 65536 / 65536
             + case pg_temp.draw(hash, 1, 60) when 0 then 1000 * pg_temp.draw(hash, 2, 60000) else 0 end
           else 15000 + 345000::bigint * lot * lot / 65536 * lot / 65536 / 65536
         end) over timeline as elapsed
       from (
         select e.*, md5(concat_ws(' ', 'entry', n, ord)) as hash,
           pg_temp.draw(md5(concat_ws(' ', 'pause', n, ord)), 0, 65536) as lot,
           case author when 'CUSTOMER' then customer_id when 'AI' then ai_agent_id when 'AGENT' then agent_id
             else helper_id end as actor_id
         from load_entries e join load_plan using (n) cross join load_world) e
       window timeline as (partition by n order by ord)) e) e`,
  `update load_timeline t
   set elapsed = started + elapsed * scale,
     id = pg_temp.load_id(
       case type when 'MESSAGE' then 'msg' when 'WHISPER' then 'whis' else 'evt' end,
       (id_epoch + started + elapsed * scale)::bigint, concat_ws(' ', 'load entry', t.n, ord)),
     created_at = ends_at + (started + elapsed * scale - window_ms) * interval '1 ms'
   from (
     select n, least(1, window_ms::float8 / greatest(total, 1)) as scale,
       (window_ms - least(total, window_ms)) * pg_temp.draw(md5('start of ' || n), 0, 65536) / 65536 as started
     from (select n, max(elapsed) as total from load_timeline group by n) l, load_world) start, load_world
   where start.n = t.n`,
  'analyze load_timeline',
  `insert into load_facts
   select n, pg_temp.load_id('conv', (select id_epoch from load_world) + min(elapsed), 'load conversation ' || n),
     min(created_at), max(created_at) filter (where audience = 'EVERYONE'),
     min(created_at) filter (where event_kind = 'HUMAN_REQUESTED'),
     min(created_at) filter (where event_kind = 'TAKEN_OVER'),
     min(created_at) filter (where event_kind = 'HANDED_BACK'),
     max(created_at) filter (where event_kind = 'RESOLVED'),
     max(position), (array_agg(team_position order by ord desc))[1], count(*) filter (where audience = 'SELF'),
     max(answered), (array_agg(id order by ord desc) filter (where type = 'MESSAGE'))[1],
     max(created_at) filter (where type = 'MESSAGE'),
     (array_agg(author order by ord desc) filter (where type = 'MESSAGE'))[1]
   from load_timeline group by n`,
];

const conversations = `
  insert into conversations (
    id, workspace_id, customer_id, channel, subject, status, handling, assignee_id, assigned_at, ai_agent_id,
    needs_human_reason, needs_human_since, needs_human_by, priority, tags, created_at, updated_at, resolved_at,
    last_message_id, last_message_at, last_message_by_customer, answered_position, ai_since, human_from, human_to,
    position, team_position, note_count, public_version, team_version, handling_epoch)
  select f.id, workspace_id, customer_id,
    (array['WEB', 'WEB', 'WEB', 'EMAIL', 'WHATSAPP', 'MESSENGER', 'API'])[1 + pg_temp.draw(other, 0, 7)],
    case when pg_temp.draw(other, 1, 100) < 60 then subject.texts[1 + pg_temp.draw(other, 2, cardinality(subject.texts))] end,
    status, handling, case when handling = 'HUMAN' then agent_id end, case when handling = 'HUMAN' then taken_at end,
    ai_agent_id,
    case when handling = 'UNATTENDED' then reason.texts[case when asked_by_ai then 2 else 1 end] end,
    case when handling = 'UNATTENDED' then asked_at end,
    case when handling = 'UNATTENDED' then case when asked_by_ai then ai_agent_id else customer_id end end,
    priority,
    tags,
    started_at, f.updated_at, case when status <> 'OPEN' then f.resolved_at end,
    last_message_id, last_message_at, last_author = 'CUSTOMER', answered,
    case when handling = 'AI' then coalesce(handed_back_at, started_at) end, taken_at, handed_back_at,
    position, team_position, notes, customer_reads::int,
    (agent_reads and taken)::int + helper_reads::int + (tags <> '{}' or priority <> 'NORMAL')::int,
    asked::int + taken::int + handed_back::int
  from load_facts f join load_plan p using (n) cross join load_world
  join load_texts subject on subject.about = 'subject' join load_texts tag on tag.about = 'tag'
  join load_texts reason on reason.about = 'reason'
  cross join lateral (select md5('other of ' || n) as other) o
  cross join lateral (
    select
      (array['LOW', 'NORMAL', 'NORMAL', 'NORMAL', 'NORMAL', 'NORMAL', 'HIGH', 'URGENT'])[1 + pg_temp.draw(other, 3, 8)] as priority,
      tag.texts[1 + pg_temp.draw(other, 4, 12) : pg_temp.draw(other, 4, 12) + pg_temp.draw(other, 5, 4)] as tags) t
  order by n`;

const rows = [
  `insert into entries (
     id, workspace_id, conversation_id, position, team_position, note_position, type, audience, actor_id, created_at,
     text, mention_ids, event_kind, agent_id)
   select t.id, workspace_id, f.id, t.position, t.team_position, note_position, type, audience, actor_id, created_at,
     case when type <> 'EVENT' then (
       select string_agg(texts[1 + pg_temp.draw(md5(t.hash || k), 0, cardinality(texts))], ' ' order by k)
       from load_texts,
         generate_series(1, case pg_temp.draw(t.hash, 3, 100) when 0 then 30 else 1 + pg_temp.draw(t.hash, 4, 3) end) k
       where about = case when type = 'WHISPER' then 'whisper' when author = 'CUSTOMER' then 'customer'
         when author = 'AI' then 'aiAgent' else 'agent' end) end,
     case when type = 'WHISPER' and audience = 'TEAM' and pg_temp.draw(t.hash, 5, 5) = 0
       then array[team[1 + pg_temp.draw(t.hash, 6, cardinality(team))]] else '{}' end,
     event_kind,
     case when event_kind in ('TAKEN_OVER', 'JOINED', 'LEFT') then actor_id end
   from load_timeline t join load_facts f using (n) cross join load_world
   order by n, ord`,
  `insert into participants (workspace_id, conversation_id, actor_id, joined_at, public_since)
   select workspace_id, f.id, actor_id,
     case when author = 'AI' or author = 'HELPER' and helper_leaves then null else coalesce(joined_at, taken_at) end,
     case author when 'AGENT' then taken_at else heard_at end
   from (
     select n, author, actor_id, min(created_at) filter (where event_kind = 'JOINED') as joined_at,
       min(created_at) filter (where type = 'MESSAGE') as heard_at
     from load_timeline where audience <> 'SELF' and author <> 'CUSTOMER' group by n, author, actor_id) l
   join load_plan using (n) join load_facts f using (n) cross join load_world
   where case author when 'AI' then heard_at is not null when 'AGENT' then taken else true end`,
  `insert into read_marks (workspace_id, conversation_id, actor_id, position, team_position, note_position, read_at)
   select workspace_id, f.id, reader, case when isUpToDate then position else greatest(1, position - behind) end,
     case when isUpToDate and reader <> customer_id then team_position else 0 end, 0, updated_at
   from load_plan join load_facts f using (n) cross join load_world
   cross join lateral (values
     (customer_reads, customer_id, 0), (agent_reads, agent_id, 1), (helper_reads, helper_id, 2)) mark (reads, reader, nr)
   cross join lateral (select md5(concat_ws(' ', 'mark', n, nr)) as lot) l
   cross join lateral (select pg_temp.draw(lot, 0, 100) < 70 as isUpToDate, 1 + pg_temp.draw(lot, 1, 20) as behind) m
   where reads`,
  `insert into ai_turns (
     id, workspace_id, conversation_id, ai_agent_id, attempt, opened_at, expires_at, closed_at, after_position,
     up_to_position, human_from, human_to, handling_epoch)
   select pg_temp.load_id('turn', id_epoch + asking.elapsed, concat_ws(' ', 'load turn', asking.n, asking.ord)),
     workspace_id, f.id, ai_agent_id, 1, asking.created_at, asking.created_at + interval '60 s', closing.created_at,
     asking.answered, asking.position,
     case when asking.i > human_until then taken_at end, case when asking.i > human_until then handed_back_at end,
     case when asking.i > human_until then asked::int + taken::int + 1 else 0 end
   from load_plan join load_facts f using (n) cross join load_world
   join load_timeline asking using (n)
   join load_timeline closing
     on closing.n = load_plan.n and closing.position = asking.position + 1 and closing.audience = 'EVERYONE'
   where asking.type = 'MESSAGE' and asking.author = 'CUSTOMER' and (asking.i <= ai_messages or asking.i > human_until)`,
];

/** One batch: what `load_lengths` holds. */
export const loadStatements = [plan, ...entries, ...timeline, conversations, ...rows];
