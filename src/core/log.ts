/** Where remarks of the daemon go. Facts are plain data; what comes from a server is escaped by the writer. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Log = Readonly<
  Record<LogLevel, (message: string, facts?: Readonly<Record<string, unknown>>) => void>
>;
