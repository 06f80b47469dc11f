import { appNameField, userIdField } from '../contract/fields.ts';
import type { Agent } from '../domain/agent-service.ts';
import { mcpErrors } from './errors.ts';

/** The two names that every MCP address holds, already decoded. */
export interface AddressParams {
  client: string;
  user: string;
}

/**
 * Who calls, by the address alone.
 * @throws NAME_INVALID when a name is empty, too long or holds control characters.
 */
export const agentOf = ({ client, user }: AddressParams): Agent => {
  if (!appNameField.safeParse(client).success) throw mcpErrors.NAME_INVALID({ place: 'client name' });
  if (!userIdField.safeParse(user).success) throw mcpErrors.NAME_INVALID({ place: 'user name' });
  return { userId: user, app: client };
};
