import { McpServer } from '@modelcontextprotocol/server';
import type { Agent, AgentService } from '../domain/agent-service.ts';
import type { CallGuard } from './call-guard.ts';
import { registerTools } from './tools.ts';

/** Makes the server of one exchange or stream; two must never share one. */
export type BuildServer = (agent: Agent) => McpServer;

const INSTRUCTIONS = `This server keeps what is known about the user between conversations.
Search it (search_memory) at the start of a task and whenever an answer may depend on the user's preferences, projects or past decisions.
Add to it (add_memories) when the user states something lasting or asks you to remember: one self-contained statement each.
Delete only what the user wants forgotten. A search that says "degraded" could not look everywhere: try again before you say that nothing is known.`;

export const createServerBuilder =
  (options: { agents: AgentService; version: string; guarded: CallGuard }): BuildServer =>
  (agent) => {
    const server = new McpServer(
      { name: 'agent4-memory', title: 'Agent4 memory', version: options.version },
      { instructions: INSTRUCTIONS, capabilities: { tools: { listChanged: false } } },
    );
    registerTools(server, options.agents, agent, options.guarded);
    return server;
  };
