import { Agent } from './actors.js';
import { connectionType, edgeType } from './connections.js';

export const AgentEdge = edgeType('Agent', () => Agent, 'the active agents of the workspace');
export const AgentConnection = connectionType('Agent', AgentEdge, 'the active agents of the workspace');
