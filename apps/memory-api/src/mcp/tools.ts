import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import {
  addInput,
  addOutput,
  deleteAllInput,
  deleteAllOutput,
  deleteInput,
  deleteOutput,
  listInput,
  listOutput,
  SEARCH_LIMIT,
  searchInput,
  searchOutput,
  toAddAnswer,
  toDeleteAnswer,
  toListAnswer,
  toMcpSearchAnswer,
} from '../contract/mcp.ts';
import type { Agent, AgentService } from '../domain/agent-service.ts';
import type { CallGuard } from './call-guard.ts';
import { mcpErrors } from './errors.ts';

/** Text for those who read text, the same with names for those who read structure. */
const answer = (text: unknown, structuredContent: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: typeof text === 'string' ? text : JSON.stringify(text) }],
  structuredContent,
});

const count = (memories: number): string => `${memories} ${memories === 1 ? 'memory' : 'memories'}`;

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const ADDS = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const DELETES = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false };

/** The five tools of OpenMemory, for one agent. The texts have its shapes; structure stands beside them. */
export const registerTools = (
  server: McpServer,
  agents: AgentService,
  agent: Agent,
  guarded: CallGuard,
): void => {
  server.registerTool(
    'add_memories',
    {
      title: 'Add a memory',
      description:
        'Remembers a fact, preference or decision of the user for later conversations. Use it whenever the user tells something lasting, or asks you to remember.',
      inputSchema: addInput,
      outputSchema: addOutput,
      annotations: ADDS,
    },
    guarded(async ({ text }: { text: string }, signal) => {
      const added = toAddAnswer(await agents.add(agent, text, signal));
      return answer(added, added);
    }),
  );

  server.registerTool(
    'search_memory',
    {
      title: 'Search memories',
      description: `Finds what is remembered about a subject, best first, at most ${SEARCH_LIMIT}. Use it before you answer anything that may depend on the user.`,
      inputSchema: searchInput,
      outputSchema: searchOutput,
      annotations: READS,
    },
    guarded(async ({ query }: { query: string }, signal) => {
      const found = toMcpSearchAnswer(await agents.search(agent, query, SEARCH_LIMIT, signal));
      // A model that reads only the text must not take "could not look everywhere" for "nothing there".
      return answer(found.degraded ? found : { results: found.results }, found);
    }),
  );

  server.registerTool(
    'list_memories',
    {
      title: 'List all memories',
      description:
        'Gives every memory of the user, newest first. To find something, search_memory is cheaper.',
      inputSchema: listInput,
      outputSchema: listOutput,
      annotations: READS,
    },
    guarded(async () => {
      const listed = toListAnswer(await agents.list(agent), agent.userId);
      return answer(listed.results, listed);
    }),
  );

  server.registerTool(
    'delete_memories',
    {
      title: 'Delete memories',
      description: 'Deletes the memories with these ids. Ask the user first unless they told you to.',
      inputSchema: deleteInput,
      outputSchema: deleteOutput,
      annotations: DELETES,
    },
    guarded(async ({ memory_ids: asked }: { memory_ids: string[] }) => {
      const outcome = toDeleteAnswer(await agents.remove(agent, asked), asked);
      if (outcome.deleted.length === 0) throw mcpErrors.MEMORIES_NOT_FOUND();
      const missed = outcome.not_found.length === 0 ? '' : ` Not found: ${count(outcome.not_found.length)}.`;
      return answer(`Deleted ${count(outcome.deleted.length)}.${missed}`, outcome);
    }),
  );

  server.registerTool(
    'delete_all_memories',
    {
      title: 'Delete all memories',
      description:
        'Deletes every memory of the user that this client can see. Only when the user clearly asks for it.',
      inputSchema: deleteAllInput,
      outputSchema: deleteAllOutput,
      annotations: DELETES,
    },
    guarded(async () => {
      const { length } = await agents.removeAll(agent);
      return answer(length === 0 ? 'There was nothing to delete.' : `Deleted all memories: ${length}.`, {
        deleted: length,
      });
    }),
  );
};
