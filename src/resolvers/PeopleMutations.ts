import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { createAgent } from '../actions/createAgent.js';
import { deactivateAgent } from '../actions/deactivateAgent.js';
import { setPassword } from '../actions/setPassword.js';
import { signIn } from '../actions/signIn.js';
import { updateAgent } from '../actions/updateAgent.js';
import { updateProfile } from '../actions/updateProfile.js';
import { updateWorkspace } from '../actions/updateWorkspace.js';
import { Refusal } from '../errors.js';
import {
  CreateAgentPayload,
  DeactivateAgentPayload,
  SetPasswordPayload,
  SignInPayload,
  UpdateAgentPayload,
  UpdateProfilePayload,
  UpdateWorkspacePayload,
} from '../schema/payloads.js';
import {
  CreateAgentInput,
  DeactivateAgentInput,
  SetPasswordInput,
  SignInInput,
  UpdateAgentInput,
  UpdateProfileInput,
} from '../schema/peopleInputs.js';
import { UpdateWorkspaceInput } from '../schema/workspace.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { errorsOf, settle } from './settle.js';

@Resolver()
export class PeopleMutations {
  @Mutation(() => SignInPayload, {
    description: 'A token for an agent, by e-mail and password. Needs no token. 10 attempts a minute for an e-mail.',
  })
  async signIn(@Arg('input', inputDescription) input: SignInInput, @Ctx() context: Context): Promise<object> {
    const { parts } = context;
    // One spelling for both: PostgreSQL takes letters for an `i` that JavaScript does not, and each would count by itself.
    const email = input.email.trim().toLowerCase();
    await parts.countSignIn(email);
    try {
      const { agentId, token, expiresAt } = await signIn(parts.world, parts.tokens, { ...input, email });
      context.becomes((await parts.principals.authenticate(token))!);
      return { token, expiresAt, viewer: { actorId: agentId }, errors: [] };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { errors: errorsOf(error) };
    }
  }

  @Mutation(() => CreateAgentPayload, {
    description: 'Adds a colleague, with a one-time password that is shown once. Admins.',
  })
  createAgent(@Arg('input', inputDescription) input: CreateAgentInput, @Ctx() context: Context): Promise<object> {
    const action = () => createAgent(context.parts.world, context.caller, input);
    return settle(context, action, ({ subjectId }, done) => ({
      oneTimePassword: 'password' in done ? done.password : null,
      get agent() {
        return context.loaders.actor.load(subjectId!);
      },
    }));
  }

  @Mutation(() => UpdateAgentPayload, {
    description: "Changes a colleague's name or role; the role counts at once. Admins.",
  })
  updateAgent(@Arg('input', inputDescription) input: UpdateAgentInput, @Ctx() context: Context): Promise<object> {
    const action = () => updateAgent(context.parts.world, context.caller, input);
    return settle(context, action, ({ subjectId }) => ({
      get agent() {
        return context.loaders.actor.load(subjectId!);
      },
    }));
  }

  @Mutation(() => DeactivateAgentPayload, {
    description:
      'Ends a colleague’s access at once, open streams too. Their offers are cancelled; conversations that they answered ' +
      'for become UNATTENDED, and admins are told. Admins.',
  })
  deactivateAgent(
    @Arg('input', inputDescription) input: DeactivateAgentInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => deactivateAgent(context.parts.world, context.caller, input),
      ({ subjectId }) => ({
        get agent() {
          return context.loaders.actor.load(subjectId!);
        },
      }),
    );
  }

  @Mutation(() => SetPasswordPayload, {
    description: "Sets one's own password, with the present one; an admin sets anybody's of the workspace. Agents.",
  })
  setPassword(@Arg('input', inputDescription) input: SetPasswordInput, @Ctx() context: Context): Promise<object> {
    return settle(
      context,
      () => setPassword(context.parts.world, context.caller, input),
      () => ({}),
    );
  }

  @Mutation(() => UpdateProfilePayload, {
    description:
      "Changes the viewer's own name, picture and languages; they count at once, on open streams too. Agents.",
  })
  updateProfile(@Arg('input', inputDescription) input: UpdateProfileInput, @Ctx() context: Context): Promise<object> {
    const { parts, caller } = context;
    return settle(
      context,
      () => updateProfile(parts.world, caller, input),
      () => ({
        get profile() {
          return context.loaders.profile;
        },
      }),
    );
  }

  @Mutation(() => UpdateWorkspacePayload, { description: "Changes the workspace's settings. Admins." })
  updateWorkspace(
    @Arg('input', inputDescription) input: UpdateWorkspaceInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => updateWorkspace(context.parts.world, context.caller, input),
      () => ({
        get workspace() {
          return context.loaders.workspace;
        },
      }),
    );
  }
}
