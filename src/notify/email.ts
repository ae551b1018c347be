/**
 * Sends an alert as a mail, over SMTP with nodemailer. The password is asked for at each mail, so a changed
 * one counts at once. STARTTLS is demanded, never given up; without TLS only what the config allows.
 */
import { createTransport } from 'nodemailer';
import type SMTPTransport from 'nodemailer/lib/smtp-transport/index.js';
import { alertText, alertTitle } from '../core/daemon/alert-text.js';
import { type AlertNotifier, DeliveryError } from './notifier.js';

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM of an extra authority. */
  readonly ca: string | null;
  readonly user: string | null;
  /** null where there is no user. */
  readonly password: ((signal: AbortSignal) => Promise<string>) | null;
  readonly from: string;
  readonly to: readonly string[];
}

const TIMEOUT_MS = 20_000;

/** `host` is this machine's name, for the text. */
export function email(settings: EmailSettings, host: string): AlertNotifier {
  return {
    name: `email ${settings.to.join(', ')}`,
    send: async (alert, signal) => {
      const transport = createTransport(await transportOptions(settings, signal));
      const stop = () => transport.close();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const sent = await transport.sendMail({
          from: settings.from,
          to: [...settings.to],
          subject: alertTitle(alert),
          text: alertText(alert, host),
          // No holiday answers, please (RFC 3834).
          headers: { 'auto-submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        if (sent.rejected.length > 0)
          throw new DeliveryError(`not every recipient was accepted by ${settings.host}`, {
            permanent: true,
          });
      } catch (error) {
        throw asDeliveryError(error, settings);
      } finally {
        signal.removeEventListener('abort', stop);
        transport.close();
      }
    },
  };
}

async function transportOptions(
  settings: EmailSettings,
  signal: AbortSignal,
): Promise<SMTPTransport.Options> {
  const { host, port, tls, ca, user, password } = settings;
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null || password === null ? {} : { auth: { user, pass: await password(signal) } }),
    tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  };
}

/** Says the step that failed and the server's code; what the server said could repeat what it was sent. */
function asDeliveryError(error: unknown, settings: EmailSettings): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const where = `${settings.host}:${settings.port}`;
  const words: Readonly<Record<string, string>> = {
    EAUTH: `${where} refused the sign-in`,
    ETLS: `no TLS with ${where}`,
    EENVELOPE: `${where} refused the sender or a recipient`,
    EMESSAGE: `${where} refused the mail`,
    EDNS: `${settings.host} has no address`,
    ETIMEDOUT: `${where} did not answer in time`,
    ECONNECTION: `no connection to ${where}`,
    ESOCKET: `no connection to ${where}`,
  };
  const said = typeof code === 'string' ? words[code] : undefined;
  const reply = typeof responseCode === 'number' ? ` (SMTP ${responseCode})` : '';
  // A credential that can't be had has words of its own, and no secret in them.
  const other =
    error instanceof Error && error.name === 'CredentialsError' ? error.message : `no mail through ${where}`;
  return new DeliveryError(`${said ?? other}${reply}${certificateProblem(error)}`, {
    permanent: typeof responseCode === 'number' && responseCode >= 500,
    cause: error,
  });
}

function certificateProblem(error: unknown): string {
  const text = error instanceof Error ? error.message : '';
  return /certificate|altnames|self.signed/i.test(text) ? ': its certificate is not trusted' : '';
}
