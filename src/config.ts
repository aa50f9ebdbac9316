import { z } from 'zod';

/** A setting is wrong. The message is one line that names the setting and what it takes. */
export class ConfigError extends Error {}

function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

const port = wholeNumber(0, 65535);
const count = wholeNumber(1, 2_000_000_000);
const flag = z.enum(['0', '1', 'true', 'false', 'on', 'off']).transform((text) => ['1', 'true', 'on'].includes(text));
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'a URL that begins with postgres://' });
const httpUrl = z.url({ protocol: /^https?$/, error: 'a URL that begins with http:// or https://' });
const bytes = (length: number) =>
  z.base64url().refine((text) => Buffer.from(text, 'base64url').length === length, `${length} bytes in base64url`);
/** One address, perhaps with a name before it. */
const mailbox = /^([^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/;

/** Where files are kept: a folder, or `s3://bucket?endpoint=…&region=…`. */
export type FileStoreSetting =
  | { folder: string }
  | { bucket: string; endpoint?: string | undefined; region?: string | undefined };

function fileStoreOf(text: string, context: z.RefinementCtx): FileStoreSetting {
  if (!text.includes('://')) return { folder: text };
  const url = URL.parse(text);
  const [endpoint, region] = ['endpoint', 'region'].map((name) => url?.searchParams.get(name) ?? undefined);
  const isEndpointGood = endpoint === undefined || httpUrl.safeParse(endpoint).success;
  if (url?.protocol === 's3:' && url.host && ['', '/'].includes(url.pathname) && isEndpointGood) {
    return { bucket: url.host, endpoint, region };
  }
  context.addIssue({ code: 'custom', message: 'a folder, or s3://bucket?endpoint=http(s)://…&region=…' });
  return z.NEVER;
}

/** Names, defaults and meaning: the operators' guide (README, "Settings"). */
const settings = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(4000),
  DATA_DIR: z.string().min(1).default('./.data'),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_POOL_SIZE: wholeNumber(2, 1000).default(16),
  FILE_STORE: z.string().transform(fileStoreOf).optional(),
  PUBLIC_URL: httpUrl.optional(),
  CONVERSATION_URL: z
    .string()
    .includes('{id}')
    .refine((form) => /^https?:/.test(form) && URL.canParse(form), 'a URL with {id} in it')
    .optional(),
  ALLOWED_ORIGINS: z
    .string()
    .transform((text) => text.split(',').map((origin) => origin.trim()))
    .pipe(z.array(httpUrl.transform((url) => new URL(url).origin)))
    .optional(),
  AUTH_SECRET: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= 32, 'at least 32 bytes')
    .optional(),
  TRUST_PROXY: z
    .string()
    .transform((text) => text.split(',').map((address) => address.trim()))
    .pipe(
      z.array(
        z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], { error: 'addresses or networks, with commas between' }),
      ),
    )
    .optional(),
  AUTH_JWKS_URL: httpUrl.optional(),
  AUTH_ISSUER: z.string().min(1).optional(),
  AUTH_AUDIENCE: z.string().min(1).optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.string().regex(mailbox, 'one address, such as Acme <support@acme.test>').optional(),
  VAPID_PUBLIC_KEY: bytes(65).optional(),
  VAPID_PRIVATE_KEY: bytes(32).optional(),
  VAPID_SUBJECT: z.url({ protocol: /^(https|mailto)$/ }).optional(),
  ALLOW_PRIVATE_ADDRESSES: flag.default(false),
  DEMO: flag.optional(),
  GRAPHIQL: flag.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LOG_PRETTY: flag.optional(),

  MAX_REQUEST_BYTES: count.default(256 * 1024),
  MAX_DEPTH: count.default(12),
  MAX_ALIASES: count.default(30),
  MAX_TOKENS: count.default(2000),
  MAX_DIRECTIVES: count.default(50),
  MAX_ERRORS: count.default(10),
  MAX_LIST: count.default(100),
  MAX_COST: count.default(5000),
  RATE_RESTORE: count.default(1000),
  RATE_BURST: count.default(20_000),
  MAX_SUBSCRIPTIONS_PER_SOCKET: count.default(50),
  MAX_SOCKETS_PER_CALLER: count.default(20),
  MAX_SOCKETS: count.default(10_000),
  CONNECTION_INIT_TIMEOUT_MS: count.default(5000),
  REQUEST_TIMEOUT_MS: count.default(10_000),
  STATEMENT_TIMEOUT_MS: count.default(5000),
  SIGN_IN_ATTEMPTS_PER_MINUTE: count.default(10),

  TRANSLATION_URL: httpUrl.optional(),
  TRANSLATION_ENGINE: z.enum(['libretranslate', 'apertium', 'deepl', 'openai']).optional(),
  TRANSLATION_KEY: z.string().min(1).optional(),
  AI_MODEL_URL: httpUrl.optional(),
  AI_MODEL: z.string().min(1).optional(),
  AI_MODEL_KEY: z.string().min(1).optional(),
});

/** Settings of parts that Parley does not have yet: checked like all, and worth a warning rather than silence. */
const settingsWithoutEffect = z.object({
  DATABASE_REPLICA_URL: postgresUrl.optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  METRICS_PORT: port.optional(),
});

type Settings = z.infer<typeof settings>;

/** Who translates: one of the three engines, or the model of AI_MODEL_URL. */
export interface TranslationSettings {
  engine: NonNullable<Settings['TRANSLATION_ENGINE']>;
  url: string;
  key?: string | undefined;
  model?: string | undefined;
}

export interface Config extends Settings {
  production: boolean;
  graphiql: boolean;
  translation: TranslationSettings | null;
  /** Settings that were given and have no effect in this version. */
  withoutEffect: string[];
}

/** Reads and checks the environment, once. Throws a ConfigError of one line at the first setting that is wrong. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = settings.extend(settingsWithoutEffect.shape).safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ConfigError(`${issue?.path[0]?.toString()}: ${issue?.message}`);
  }
  const config = result.data;
  const production = config.NODE_ENV === 'production';
  if (production) {
    for (const name of ['DATABASE_URL', 'AUTH_SECRET'] as const) {
      if (config[name] === undefined) throw new ConfigError(`${name}: required when NODE_ENV is production`);
    }
  }
  if (config.AUTH_JWKS_URL && !(config.AUTH_ISSUER && config.AUTH_AUDIENCE)) {
    throw new ConfigError('AUTH_ISSUER, AUTH_AUDIENCE: required with AUTH_JWKS_URL');
  }
  if (config.SMTP_URL && !config.MAIL_FROM) throw new ConfigError('MAIL_FROM: required with SMTP_URL');
  const vapid = [config.VAPID_PUBLIC_KEY, config.VAPID_PRIVATE_KEY, config.VAPID_SUBJECT];
  if (new Set(vapid.map((value) => value === undefined)).size > 1) {
    throw new ConfigError('VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, VAPID_SUBJECT: all three or none');
  }
  const usesModel = config.TRANSLATION_ENGINE === 'openai';
  const unused = [
    ...Object.keys(settingsWithoutEffect.shape),
    ...(usesModel ? [] : ['AI_MODEL_URL', 'AI_MODEL', 'AI_MODEL_KEY']),
  ];
  return {
    ...config,
    production,
    graphiql: config.GRAPHIQL ?? !production,
    translation: translationOf(config),
    withoutEffect: unused.filter((name) => given[name] !== undefined),
  };
}

function translationOf(config: Settings): TranslationSettings | null {
  const { TRANSLATION_ENGINE: engine, TRANSLATION_URL, TRANSLATION_KEY, AI_MODEL_URL, AI_MODEL, AI_MODEL_KEY } = config;
  if (engine === undefined) {
    if (TRANSLATION_URL) throw new ConfigError('TRANSLATION_ENGINE: required with TRANSLATION_URL');
    return null;
  }
  if (engine === 'openai') {
    if (!(AI_MODEL_URL && AI_MODEL))
      throw new ConfigError('AI_MODEL_URL, AI_MODEL: required when TRANSLATION_ENGINE is openai');
    return { engine, url: AI_MODEL_URL, key: AI_MODEL_KEY, model: AI_MODEL };
  }
  if (!TRANSLATION_URL) throw new ConfigError('TRANSLATION_URL: required with TRANSLATION_ENGINE');
  if (engine === 'deepl' && !TRANSLATION_KEY)
    throw new ConfigError('TRANSLATION_KEY: required when TRANSLATION_ENGINE is deepl');
  return { engine, url: TRANSLATION_URL, key: TRANSLATION_KEY };
}
