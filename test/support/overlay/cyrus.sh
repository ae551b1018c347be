#!/bin/bash
# Cyrus 3.6 on 127.0.0.1, in its classic shape: prefix "INBOX.", separator ".". usage: cyrus.sh PORT USER...
set -euo pipefail
port=$1
shift
mkdir -p /srv/{conf/{socket,proc,lock},spool}
cat >/srv/imapd.conf <<END
configdirectory: /srv/conf
proc_path: /srv/conf/proc
mboxname_lockpath: /srv/conf/lock
defaultpartition: default
partition-default: /srv/spool
admins: cyrus
servername: mailkeep
altnamespace: no
unixhierarchysep: no
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /srv/sasldb2
sasl_mech_list: PLAIN LOGIN
autocreate_quota: 0
autocreate_post: 1
END
cat >/srv/cyrus.conf <<END
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /srv/imapd.conf -r"
}
SERVICES {
  imap cmd="/usr/lib/cyrus/bin/imapd -C /srv/imapd.conf -U 30" listen="127.0.0.1:$port" prefork=1
}
EVENTS {
  checkpoint cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /srv/imapd.conf -c" period=30
}
END
for user in "$@"; do
  # sasldb looks a user up in the realm that servername names.
  echo pass | saslpasswd2 -p -c -f /srv/sasldb2 -u mailkeep "$user"
done
chown -R cyrus:mail /srv
exec /usr/lib/cyrus/bin/master -C /srv/imapd.conf -M /srv/cyrus.conf -p /srv/master.pid -D
