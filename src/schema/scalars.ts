import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLLocale, GraphQLURL, GraphQLUUID } from 'graphql-scalars';

const named = (scalar: GraphQLScalarType, name: string, description: string) =>
  new GraphQLScalarType({ ...scalar.toConfig(), name, description });

export const DateTime = named(
  GraphQLDateTimeISO,
  'DateTime',
  'A moment in UTC with milliseconds, as RFC 3339 writes it: "2026-11-22T16:00:00.000Z".',
);
export const LanguageCode = named(GraphQLLocale, 'LanguageCode', 'A language as BCP 47 names it: "en", "pt-BR".');
export const UrlScalar = named(GraphQLURL, 'URL', 'An absolute URL.');
export const UUID = named(
  GraphQLUUID,
  'UUID',
  'A UUID of any version, made by the client: "6f0e5a0e-8f5f-4c55-9d0a-0a4b1f6f3d11".',
);
