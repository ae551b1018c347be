// The receiving end of sd_notify(3): a datagram Unix socket, which Node can't open, so python3 does.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Arrivals } from './arrivals.js';

const RECEIVER = `
import array, json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    data, ancillary, _, _ = s.recvmsg(65536, socket.CMSG_SPACE(64))
    # BARRIER=1 brings a descriptor; the sender waits until it is closed.
    for level, kind, payload in ancillary:
        if kind == socket.SCM_RIGHTS:
            fds = array.array("i"); fds.frombytes(payload[:len(payload) - len(payload) % fds.itemsize])
            for fd in fds: os.close(fd)
    print(json.dumps(data.decode()), flush=True)
`;

/** null: everything is there to receive sd_notify; else what is missing. */
export function notifyMissing(): string | null {
  for (const [program, option] of [
    ['python3', '--version'],
    ['systemd-notify', '--version'],
  ] as const) {
    if (spawnSync(program, [option]).status !== 0) return program;
  }
  return null;
}

export class NotifySocket {
  /** One datagram each, lines as they came: "READY=1"; without the barriers of systemd-notify itself. */
  readonly messages = new Arrivals<string>();
  readonly path: string;
  readonly #child: ChildProcess;

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    this.#child = child;
  }

  static async open(path: string): Promise<NotifySocket> {
    const child = spawn('python3', ['-c', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const socket = new NotifySocket(path, child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const text = (JSON.parse(line) as string).trimEnd();
      if (text !== 'BARRIER=1') socket.messages.add(text);
    });
    await socket.messages.first('the receiver', (line) => line === 'bound');
    return socket;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}
