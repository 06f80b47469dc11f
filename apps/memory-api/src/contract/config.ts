import { z } from 'zod';

const text = z.string().max(10_000).nullish();

const llmConfig = z.object({
  model: text,
  temperature: z.number().nullish(),
  max_tokens: z.number().nullish(),
  api_key: text,
  ollama_base_url: text,
});
const embedderConfig = z.object({ model: text, api_key: text, ollama_base_url: text });

export const llmPart = z.object({ provider: text, config: llmConfig.nullish() });
export const embedderPart = z.object({ provider: text, config: embedderConfig.nullish() });
export const vectorStorePart = z
  .object({ provider: text, config: z.record(z.string(), z.unknown()).nullish() })
  .nullable();
export const openmemoryPart = z.object({ custom_instructions: text });
const mem0Part = z.object({
  llm: llmPart.nullish(),
  embedder: embedderPart.nullish(),
  vector_store: vectorStorePart.nullish(),
});

/** The whole of it, as OpenMemory's settings page knows it. The page breaks on a missing part. */
export const configDocument = z.object({ openmemory: openmemoryPart.nullish(), mem0: mem0Part.nullish() });

export type ConfigDocument = z.output<typeof configDocument>;

/** What this server runs with, in that shape. There is no language model, and no key is ever shown. */
export const toConfigDocument = (embedder: { provider: string; model: string }): ConfigDocument => ({
  openmemory: { custom_instructions: null },
  mem0: {
    llm: {
      provider: 'none',
      config: { model: 'none', temperature: 0, max_tokens: 0, api_key: null, ollama_base_url: null },
    },
    embedder: {
      provider: embedder.provider,
      config: { model: embedder.model, api_key: null, ollama_base_url: null },
    },
    vector_store: null,
  },
});

const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === '';

/** Whether `asked` wants anything other than `present`; what it leaves out, it does not want changed. */
export const asksForChange = (asked: unknown, present: unknown): boolean => {
  if (isEmpty(asked)) return false;
  if (typeof asked !== 'object' || asked === null) return asked !== present;
  if (typeof present !== 'object' || present === null)
    return Object.values(asked).some((value) => !isEmpty(value));
  return Object.entries(asked).some(([key, value]) =>
    asksForChange(value, (present as Record<string, unknown>)[key]),
  );
};
