/** The way to an autoconfig page: one GET with the system's trust, bounded in size; the signal bounds the time. */
import { type RequestOptions, request } from 'node:https';
import { type Https, type HttpsAnswer, PAGE_OCTETS } from './autoconfig.js';

/** `options` as node:https has them, for a way of its own to the same names. */
export function httpsClient(options: RequestOptions = {}): Https {
  return (url, signal) =>
    new Promise<HttpsAnswer>((resolve, reject) => {
      const headers = { accept: 'text/xml, application/xml', 'user-agent': 'mailkeep' };
      const asked = request(url, { ...options, agent: false, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        let octets = 0;
        response.on('data', (chunk: Buffer) => {
          octets += chunk.length;
          if (octets > PAGE_OCTETS) asked.destroy(new Error('the page is too long'));
          else chunks.push(chunk);
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location ?? null,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      asked.once('error', reject);
      asked.end();
    });
}
