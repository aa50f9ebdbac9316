import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { setAvailability } from '../actions/setAvailability.js';
import { SetAvailabilityPayload } from '../schema/payloads.js';
import { SetAvailabilityInput } from '../schema/profile.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { settle } from './settle.js';

@Resolver()
export class PresenceResolver {
  @Mutation(() => SetAvailabilityPayload, {
    description:
      'What the viewer is to their colleagues from now on. It stays chosen: whoever was gone and comes back is that again. ' +
      'Agents.',
  })
  setAvailability(
    @Arg('input', inputDescription) input: SetAvailabilityInput,
    @Ctx() context: Context,
  ): Promise<object> {
    const action = () => setAvailability(context.parts.world, context.caller, input);
    return settle(context, action, () => ({
      get profile() {
        return context.loaders.profile;
      },
    }));
  }
}
