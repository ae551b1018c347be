/**
 * How the demo looks: headings, prose wrapped to the terminal, commands as a person would type them. Plain
 * text; on a terminal headings and commands are bold, never with NO_COLOR and never in a pipe.
 */

const WIDEST = 80;
const NARROWEST = 40;

export class Stage {
  readonly #out: NodeJS.WriteStream;
  readonly #bold: boolean;
  #steps = 0;

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#bold = out.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  }

  title(text: string): void {
    this.#write(`${this.#strong(text)}\n${'='.repeat(text.length)}\n`);
  }

  step(text: string): void {
    this.#steps += 1;
    this.#write(`\n${this.#strong(wrap(`${this.#steps}. ${text}`, this.#width))}\n`);
  }

  prose(text: string): void {
    this.#write(`\n${wrap(text, this.#width)}\n`);
  }

  /** Lines that are shown as they are: a config file, a list of folders, things to type. */
  verbatim(lines: readonly string[]): void {
    this.#write(`\n${lines.map((line) => `  ${line}\n`).join('')}`);
  }

  command(line: string): void {
    this.#write(`\n${this.#strong(`$ ${line}`)}\n`);
  }

  /** As the command printed it; on a terminal that is too narrow, broken at spaces instead of anywhere. */
  output(text: string): void {
    const { columns } = this.#out;
    if (columns === undefined) this.#write(text);
    else
      this.#write(
        text
          .split('\n')
          .map((line) => wrap(line, columns))
          .join('\n'),
      );
  }

  get #width(): number {
    return Math.max(NARROWEST, Math.min(WIDEST, this.#out.columns ?? WIDEST));
  }

  #strong(text: string): string {
    return this.#bold ? `\u001b[1m${text}\u001b[22m` : text;
  }

  #write(text: string): void {
    this.#out.write(text);
  }
}

/** Breaks at spaces so that no line is wider than `width` columns, if no single word is; keeps the indent. */
export function wrap(text: string, width: number): string {
  const indent = /^ */.exec(text)![0];
  const lines: string[] = [];
  let line: string | null = null;
  for (const word of text.slice(indent.length).split(' ')) {
    if (line === null) line = indent + word;
    else if (columnsOf(line) + 1 + columnsOf(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line ?? ''].join('\n');
}

/** East Asian characters take two columns. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += character.codePointAt(0)! >= 0x1100 ? 2 : 1;
  return columns;
}
