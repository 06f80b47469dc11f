/** A destination of @agent4/logging that keeps what it is given, a parsed record per line. */
export class CapturedLog {
  readonly records: Record<string, unknown>[] = [];

  write(text: string): void {
    for (const line of text.split('\n'))
      if (line !== '') this.records.push(JSON.parse(line) as Record<string, unknown>);
  }
}
