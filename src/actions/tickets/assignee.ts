import { Actor } from '../../entities/Actor.js';
import { isIdOf } from '../../ids.js';
import type { Scene } from '../Scene.js';
import { foundAt } from '../texts.js';

/** Whom the door must lock for it. */
export const agentsNamed = (assigneeId: string | null): string[] =>
  assigneeId !== null && isIdOf(assigneeId, 'agent') ? [assigneeId] : [];

/** The active agent of the workspace who is to answer for a ticket; anybody else: NOT_FOUND. */
export async function findAssignee({ em, conversation }: Scene, assigneeId: string | null): Promise<Actor | null> {
  if (assigneeId === null) return null;
  const [id] = agentsNamed(assigneeId);
  const { workspaceId } = conversation;
  return foundAt(id ? await em.findOne(Actor, { id, workspaceId, kind: 'AGENT', active: true }) : null, 'assigneeId');
}
