import { isIP } from 'node:net';
import { describe } from '../describe.ts';
import { publishFailure } from '../events.ts';

/** Is the host at this address, so many steps from us (0 is who holds the socket), a proxy of ours? */
export type TrustProxy = (address: string, hop: number) => boolean;

const mostHops = 64;

/** @throws TypeError unless it is undefined, a function, or an integer from 0 to 64. */
export const trustOf = (value: unknown): TrustProxy => {
  if (value === undefined) return () => false;
  if (typeof value === 'function')
    return (address, hop) => {
      try {
        return Reflect.apply(value, undefined, [address, hop]) === true;
      } catch (error) {
        publishFailure({ source: 'trustProxy', error });
        return false;
      }
    };
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > mostHops)
    throw new TypeError(
      `trustProxy must be a function or an integer from 0 to ${mostHops}, got ${describe(value)}`,
    );
  return (_address, hop) => hop < (value as number);
};

/** `1.2.3.4:80`, `[::1]:80`, `::ffff:1.2.3.4` as the bare address; undefined for what is none. */
const addressOf = (text: string): string | undefined => {
  const trimmed = text.trim();
  const bare =
    /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? trimmed.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  const plain = bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  return isIP(plain) === 0 ? undefined : plain;
};

/**
 * The address of the client: from the socket outwards past every proxy that is trusted. What stands to the left of the first
 * stranger is his own word and is not read.
 */
export const clientAddress = (
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trusts: TrustProxy,
): string | undefined => {
  let address = socketAddress === undefined ? undefined : addressOf(socketAddress);
  const before = (forwardedFor ?? '').split(',').reverse();
  for (let hop = 0; hop < mostHops && address !== undefined && trusts(address, hop); hop++) {
    const next = addressOf(before[hop] ?? '');
    if (next === undefined) return address;
    address = next;
  }
  return address;
};
