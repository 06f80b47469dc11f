import Transport from 'winston-transport';

/** A transport that writes down what it gets. */
export class Recorder extends Transport {
  readonly #seen: string[];
  readonly infos: Array<Record<string | symbol, unknown>> = [];
  readonly name: string;

  constructor(seen: string[], name: string, options: Transport.TransportStreamOptions = {}) {
    super(options);
    this.#seen = seen;
    this.name = name;
  }

  override log(info: Record<string | symbol, unknown>, next: () => void): void {
    this.#seen.push(`${this.name} ${String(info.message)}`);
    this.infos.push(info);
    next();
  }
}
