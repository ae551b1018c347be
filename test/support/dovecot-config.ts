// The configuration text of a private Dovecot 2.3. Everything it names lives in one temporary folder and it listens
// on 127.0.0.1 only; it works for root (mail belongs to an unprivileged uid) and for an ordinary user.

import { userInfo } from 'node:os';

/** What the server announces: Dovecot's own list, CONDSTORE without QRESYNC, or next to nothing. */
export type Tier = 'qresync' | 'condstore' | 'plain';

export interface DovecotOptions {
  readonly tier?: Tier;
  /** Replaces the tier's announced capabilities. */
  readonly capability?: string;
  /** Storage quota of each user in KiB; APPEND above it gets NO [OVERQUOTA]. */
  readonly quotaKib?: number;
  /** Serves POP3 as well. */
  readonly pop3?: boolean;
  /** Connections allowed per user and address; default 1000. */
  readonly maxConnections?: number;
  /** Appended to the configuration as it is. */
  readonly extra?: string;
}

export interface DovecotPlace {
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  /** POP3: cleartext with STLS on offer, and implicit TLS. */
  readonly popPort: number;
  readonly popTlsPort: number;
  readonly certFile: string;
  readonly keyFile: string;
}

export const PASSWORD = 'pass';

/** Hides announcements only: the server still obeys a command it does not announce. */
const CAPABILITY: Record<Tier, string> = {
  qresync: '',
  condstore:
    'IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ NAMESPACE UIDPLUS CONDSTORE ESEARCH LIST-STATUS LIST-EXTENDED SPECIAL-USE CHILDREN',
  plain: 'IMAP4rev1 UIDPLUS',
};

/** The uid and gid that own the mail: Dovecot refuses to serve mail as root. */
export const MAIL_OWNER = process.getuid?.() === 0 ? { uid: 1500, gid: 1500 } : userInfo();

export function dovecotConfig(place: DovecotPlace, options: DovecotOptions): string {
  const { folder } = place;
  const capability = options.capability ?? CAPABILITY[options.tier ?? 'qresync'];
  const quota =
    options.quotaKib === undefined ? { user: '', imap: '' } : { user: ' quota', imap: ' imap_quota' };
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
protocols = imap${options.pop3 === true ? ' pop3' : ''}
listen = 127.0.0.1
${process.getuid?.() === 0 ? '' : ownUser(userInfo().username)}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <${place.certFile}
ssl_key = <${place.keyFile}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:${folder}/mail/%u:LAYOUT=fs
mail_plugins = zlib${quota.user}
mail_fsync = never
${capability === '' ? '' : `imap_capability = ${capability}`}
protocol imap {
  mail_plugins = zlib imap_zlib${quota.user}${quota.imap}
  mail_max_userip_connections = ${options.maxConnections ?? 1000}
}
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=${MAIL_OWNER.uid} gid=${MAIL_OWNER.gid} home=${folder}/home/%u
}
service imap-login {
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {
    port = ${place.port}
  }
  inet_listener imaps {
    port = ${place.tlsPort}
    ssl = yes
  }
}
${options.pop3 === true ? pop3Login(place) : ''}
service anvil {
  chroot =
  unix_listener anvil {
    mode = 0666
  }
  # No growing delay after a refused password.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
  unix_listener stats-writer {
    mode = 0666
  }
}
namespace inbox {
  inbox = yes
  separator = /
${['Sent', 'Drafts', 'Junk', 'Trash'].map(specialUse).join('\n')}
}
${options.quotaKib === undefined ? '' : quotaRule(options.quotaKib)}
${options.extra ?? ''}
`;
}

function ownUser(name: string): string {
  return `default_internal_user = ${name}\ndefault_internal_group = #${userInfo().gid}\ndefault_login_user = ${name}`;
}

function specialUse(name: string): string {
  return `  mailbox ${name} {\n    special_use = \\${name}\n  }`;
}

function pop3Login({ popPort, popTlsPort }: DovecotPlace): string {
  return `
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = ${popPort}
  }
  inet_listener pop3s {
    port = ${popTlsPort}
    ssl = yes
  }
}`;
}

function quotaRule(kib: number): string {
  return `plugin {\n  quota = count:User quota\n  quota_vsizes = yes\n  quota_rule = *:storage=${kib}K\n}`;
}
