/** A form in which a secret may stand in a text. */
export interface Encoding {
  readonly name: 'plain' | 'json' | 'uri' | 'base64' | 'hex';
  /** Any of these in a text is the secret. */
  readonly parts: readonly string[];
  readonly anyCase: boolean;
}

/** The characters that only the secret decides, whatever stands before and behind it: one text for each offset. */
const base64Parts = (bytes: Buffer): string[] =>
  [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const from = Math.ceil((offset * 8) / 6);
    const part = padded.toString('base64').slice(from, Math.floor((padded.length * 8) / 6));
    return [part, part.replaceAll('+', '-').replaceAll('/', '_')];
  });

const percent = (bytes: Buffer): string => bytes.toString('hex').replace(/../g, '%$&');

const json = (text: string): string => JSON.stringify(text).slice(1, -1);

const escaped = (text: string): string =>
  [...Array(text.length).keys()]
    .map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');

/** Every form that is looked for, the plain one first. */
export const encodingsOf = (secret: string): Encoding[] => {
  const bytes = Buffer.from(secret);
  const wellFormed = secret.toWellFormed();
  const uri = encodeURIComponent(wellFormed);
  return [
    { name: 'plain', parts: [secret], anyCase: false },
    { name: 'json', parts: [json(secret), json(json(secret)), json(json(json(secret)))], anyCase: false },
    { name: 'json', parts: [escaped(secret)], anyCase: true },
    {
      name: 'uri',
      parts: [uri, encodeURIComponent(uri), uri.replaceAll('%20', '+'), percent(bytes)],
      anyCase: true,
    },
    { name: 'base64', parts: base64Parts(bytes), anyCase: false },
    { name: 'hex', parts: [bytes.toString('hex')], anyCase: true },
  ];
};
