// A link to a server that can be taken away.

import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

export class Network {
  readonly #proxy: TcpProxy;
  #up = true;

  private constructor(proxy: TcpProxy) {
    this.#proxy = proxy;
  }

  static async start(port: number): Promise<Network> {
    const network: { value: Network | null } = { value: null };
    const proxy = await startTcpProxy({ port }, ({ client, server: far }) => {
      if (network.value?.isUp === false) {
        client.resetAndDestroy();
        far.destroy();
        return;
      }
      client.pipe(far);
      far.pipe(client);
      client.on('close', () => far.destroy());
      far.on('close', () => client.destroy());
    });
    network.value = new Network(proxy);
    return network.value;
  }

  get port(): number {
    return this.#proxy.port;
  }

  get isUp(): boolean {
    return this.#up;
  }

  down(): void {
    this.#up = false;
    this.#proxy.cutAll();
  }

  up(): void {
    this.#up = true;
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}
