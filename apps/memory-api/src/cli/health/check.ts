import { failureOf, notReachable, printable } from '../server/connection.ts';

export interface HealthLine {
  /** One line, whatever the server says. */
  line: string;
  /** 0 up or degraded, 1 down, 2 nobody to ask. */
  exitCode: 0 | 1 | 2;
}

interface Check {
  status: string;
  message?: unknown;
  latencyMs?: unknown;
}

/** A check of the server may itself take a second; more than this is no answer. */
const TIMEOUT_MS = 5_000;
const MAX_LINE_CHARACTERS = 2_000;

/** Asks `/health/ready` and says on one line how the server and each of its parts are. */
export const checkHealth = async (options: {
  /** Without a trailing slash. */
  url: string;
  /** Default: the platform's. */
  fetch?: typeof fetch | undefined;
}): Promise<HealthLine> => {
  const { url } = options;
  let status: number;
  let text: string;
  try {
    const response = await (options.fetch ?? fetch)(`${url}/health/ready`, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return { line: `not reachable: ${notReachable(url, failureOf(error))}`, exitCode: 2 };
  }
  const report = reportOf(text);
  if (report === undefined)
    return {
      line: `not reachable: ${url}/health/ready answered ${status} without a health report; is this the memory API?`,
      exitCode: 2,
    };
  const parts = Object.entries(report.checks).map(([name, check]) => partOf(name, check));
  return {
    line: printable([`ready: ${report.status}`, ...parts].join(' | '), MAX_LINE_CHARACTERS),
    exitCode: report.status === 'down' ? 1 : 0,
  };
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isCheck = (value: unknown): value is Check => isObject(value) && typeof value.status === 'string';

const reportOf = (text: string): { status: string; checks: Record<string, Check> } | undefined => {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(report) || typeof report.status !== 'string' || !isObject(report.checks)) return undefined;
  const checks = Object.entries(report.checks).filter((entry): entry is [string, Check] => isCheck(entry[1]));
  return { status: report.status, checks: Object.fromEntries(checks) };
};

const partOf = (name: string, { status, latencyMs, message }: Check): string => {
  const ms = typeof latencyMs === 'number' ? Math.round(latencyMs) : 0;
  const words = [name, status, ...(ms > 0 ? [`${ms} ms`] : [])];
  if (typeof message === 'string' && message !== '') words.push(`(${message})`);
  return words.join(' ');
};
