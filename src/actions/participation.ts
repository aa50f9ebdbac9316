import type { Participant } from '../entities/Participant.js';
import type { Scene } from './Scene.js';

/** Makes the agent a participant, with a `JOINED` for the team unless they were one. */
export async function join(scene: Scene): Promise<Participant> {
  const participant = await scene.participant(scene.viewer.id);
  if (participant.joinedAt === null) {
    participant.joinedAt = scene.now;
    scene.event('JOINED', { agentId: scene.viewer.id });
  }
  return participant;
}
