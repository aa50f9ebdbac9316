import { defineEntity, p } from '@mikro-orm/core';

export const replyPolicies = ['PARTICIPANTS', 'ASSIGNEE_ONLY'] as const;
export type ReplyPolicy = (typeof replyPolicies)[number];

export const usualMaxUploadBytes = 25 * 1024 * 1024;

export const WorkspaceSchema = defineEntity({
  name: 'Workspace',
  tableName: 'workspaces',
  properties: {
    id: p.text().primary(),
    name: p.text(),
    defaultAiAgentId: p.text().strictNullable(),
    replyPolicy: p.text().$type<ReplyPolicy>(),
    transferTimeoutSeconds: p.integer(),
    maxUploadBytes: p.integer(),
    autoResolveAfterSeconds: p.integer().strictNullable(),
    autoFinalizeAfterSeconds: p.integer().strictNullable(),
    translateWhispers: p.boolean().strictNullable(),
    createdAt: p.datetime(),
  },
});

/** The tenant. Every row belongs to one; nothing crosses it. */
export class Workspace extends WorkspaceSchema.class {}
WorkspaceSchema.setClass(Workspace);
