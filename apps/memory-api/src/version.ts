import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Of this server; shown in the API's description and to MCP clients. */
export const VERSION: string = manifest.version;
